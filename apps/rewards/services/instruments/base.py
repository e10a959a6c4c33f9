"""What rewards asks of every instrument: to promise, to settle, to take back."""

import datetime as dt
from dataclasses import dataclass
from typing import Protocol

from apps.points.services import Purse
from apps.rewards.models import Grant


class Exhausted(Exception):
    """The instrument has nothing left for this member; nothing was promised."""


@dataclass(frozen=True)
class Taken:
    """What taking back came to beyond what simply came back: `owed` became debt, `lost` was used up."""

    owed: int = 0
    lost: int = 0


class Instrument(Protocol):
    """How one kind of award is carried out. Each call is made once per grant (or part of it).

    `purse` is the member's, where the caller has locked it already: only points look at it.
    """

    def promise(self, grant: Grant, at: dt.datetime, purse: Purse | None) -> None:
        """Put the award on hold. Raises Exhausted. `grant` is saved."""

    def settle(self, grant: Grant, at: dt.datetime) -> None:
        """End the hold: what is left of the grant is the member's."""

    def take_back(
        self, grant: Grant, amount: int, cause: str, at: dt.datetime, purse: Purse | None
    ) -> Taken:
        """Take `amount` of what is left back; the grant still has the status and figures of before."""
