"""Payables: money the shop owes the member; owed back when it was paid out."""

import datetime as dt

from apps.obligations.services import payable_pend, payable_settle, payable_take_back
from apps.points.services import Purse
from apps.rewards.models import Grant
from apps.rewards.services.instruments.base import Taken


class Payables:
    def promise(self, grant: Grant, at: dt.datetime, purse: Purse | None) -> None:
        payable_pend(
            member_id=grant.member_id,
            amount_minor=grant.amount,
            currency=grant.campaign.currency,
            key=_key(grant),
            reference=grant.public_id,
            now=at,
        )

    def settle(self, grant: Grant, at: dt.datetime) -> None:
        payable_settle(key=_key(grant), now=at)

    def take_back(
        self, grant: Grant, amount: int, cause: str, at: dt.datetime, purse: Purse | None
    ) -> Taken:
        taken = payable_take_back(key=_key(grant), amount_minor=amount, cause=cause, now=at)
        return Taken(owed=taken.owed_minor)


def _key(grant: Grant) -> str:
    return f"grant:{grant.public_id}"
