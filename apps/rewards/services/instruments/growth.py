"""Growth value: counts for the member's tier once the hold is over."""

import datetime as dt

from apps.points.services import Purse
from apps.rewards.models import Grant
from apps.rewards.services.instruments.base import Taken
from apps.tiers.services import growth_add, growth_take_back


class Growth:
    def promise(self, grant: Grant, at: dt.datetime, purse: Purse | None) -> None:
        """Nothing: growth on hold is the grant alone."""

    def settle(self, grant: Grant, at: dt.datetime) -> None:
        growth_add(
            member_id=grant.member_id,
            amount=grant.left,
            key=f"grant:{grant.public_id}",
            reference=grant.public_id,
            now=at,
        )

    def take_back(
        self, grant: Grant, amount: int, cause: str, at: dt.datetime, purse: Purse | None
    ) -> Taken:
        if grant.status == Grant.Status.SETTLED:
            growth_take_back(
                member_id=grant.member_id,
                amount=amount,
                key=f"take-back:{grant.public_id}:{grant.taken_back + amount}",
                reference=grant.public_id,
                now=at,
            )
        return Taken()
