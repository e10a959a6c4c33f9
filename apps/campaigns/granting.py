"""What caps and the budget would say to awards, asked of the app that grants: it registers here.

Checkout tries an order and may not know how awards are granted.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from apps.campaigns.models import Campaign
from apps.campaigns.rules import Award, PolicyTerms, Reason


@dataclass(frozen=True)
class Supposed:
    """The awards of one decision that nobody has made, about a fact of this moment.

    `of_order`: it counts in the caps per order, and nothing is counted for that order yet.
    """

    awards: tuple[Award, ...]
    terms: Mapping[str, PolicyTerms]
    fact_at: dt.datetime
    of_order: bool


@dataclass(frozen=True)
class Kept:
    """An award that a cap or the budget would keep back."""

    award: Award
    reason: Reason


Granter = Callable[[Campaign, Sequence[Supposed]], Sequence[Sequence[Kept]]]

_granters: list[Granter] = []


def register(granter: Granter) -> None:
    """Have `granter` say what of each decision would be kept back. The last one counts."""
    _granters[:] = [granter]


def would_keep_back(campaign: Campaign, supposed: Sequence[Supposed]) -> Sequence[Sequence[Kept]]:
    """What caps and the budget, as they are now, would keep back of each decision, in their turn."""
    assert _granters, "the app that grants registers in AppConfig.ready()"
    return _granters[0](campaign, supposed)
