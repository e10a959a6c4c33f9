"""Cards that others put on the report, above its questions: a template, and what it is told.

To add one, write a function that makes it of the report (None: not for this campaign) and name it in
`CARDS`. The template is included with `card`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from apps.reports.selectors import WholeReport


@dataclass(frozen=True)
class Card:
    template: str
    told: Any
    is_money: bool = True


def _pay(report: WholeReport) -> Card:
    return Card("admin/report/pay.html", report.pay)


CARDS: tuple[Callable[[WholeReport], Card | None], ...] = (_pay,)


def cards_of(report: WholeReport, *, money: bool) -> list[Card]:
    """The cards of this report; those about money only where it may be seen."""
    made = (card(report) for card in CARDS)
    return [card for card in made if card is not None and (money or not card.is_money)]
