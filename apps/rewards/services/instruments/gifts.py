"""Custom awards: a gift the shop fulfils and confirms; lost when it was sent."""

import contextlib
import datetime as dt

from apps.obligations.services import (
    FulfilmentResolved,
    fulfilment_promise,
    fulfilment_release,
    fulfilment_withdraw,
)
from apps.points.services import Purse
from apps.rewards.models import Grant
from apps.rewards.services.instruments.base import Taken


class Gifts:
    def promise(self, grant: Grant, at: dt.datetime, purse: Purse | None) -> None:
        fulfilment_promise(
            member_id=grant.member_id,
            gift=grant.what,
            quantity=grant.amount,
            key=_key(grant),
            reference=grant.public_id,
            now=at,
        )

    def settle(self, grant: Grant, at: dt.datetime) -> None:
        with contextlib.suppress(FulfilmentResolved):  # the shop has cancelled it already
            fulfilment_release(key=_key(grant), now=at)

    def take_back(
        self, grant: Grant, amount: int, cause: str, at: dt.datetime, purse: Purse | None
    ) -> Taken:
        return Taken() if fulfilment_withdraw(key=_key(grant), now=at) else Taken(lost=amount)


def _key(grant: Grant) -> str:
    return f"grant:{grant.public_id}"
