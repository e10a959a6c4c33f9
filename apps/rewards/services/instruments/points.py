"""Points: pending in the ledger, then available; debt when they were spent."""

import datetime as dt

from apps.points.services import (
    Purse,
    points_claw_back,
    points_pend,
    points_settle,
    points_void,
)
from apps.rewards.models import Grant
from apps.rewards.services.instruments.base import Taken


class Points:
    def promise(self, grant: Grant, at: dt.datetime, purse: Purse | None) -> None:
        points_pend(
            member_id=grant.member_id,
            amount=grant.amount,
            key=f"grant:{grant.public_id}",
            reference=grant.public_id,
            now=at,
            purse=purse,
        )

    def settle(self, grant: Grant, at: dt.datetime) -> None:
        points_settle(
            member_id=grant.member_id,
            amount=grant.left,
            key=f"settle:{grant.public_id}",
            reference=grant.public_id,
            now=at,
        )

    def take_back(
        self, grant: Grant, amount: int, cause: str, at: dt.datetime, purse: Purse | None
    ) -> Taken:
        key = f"take-back:{grant.public_id}:{grant.taken_back + amount}"
        if grant.status == Grant.Status.PENDING:
            points_void(
                member_id=grant.member_id,
                amount=amount,
                key=key,
                reference=grant.public_id,
                now=at,
                purse=purse,
            )
            return Taken()
        taken = points_claw_back(
            member_id=grant.member_id,
            amount=amount,
            key=key,
            reference=grant.public_id,
            now=at,
            purse=purse,
        )
        return Taken(owed=taken.owed)
