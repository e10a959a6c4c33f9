"""The picture of a budget running down."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from apps.reports.pictures.canvas import HEIGHT, Inks, words
from apps.reports.pictures.growth import date_axis
from apps.reports.pictures.shares import legend


@dataclass(frozen=True)
class Burn:
    """What had been promised and what had been settled by the end of each day, in units of money,
    under the budget (None: there is none)."""

    title: str
    alt: str
    days: tuple[dt.date, ...]
    promised: tuple[float, ...]
    settled: tuple[float, ...]
    budget: float | None

    height = HEIGHT

    def draw(self, axes: Any, inks: Inks) -> None:
        axes.fill_between(self.days, 0, self.promised, color=inks.accent, alpha=0.22, linewidth=0)
        axes.plot(self.days, self.promised, color=inks.accent, linewidth=2, label="promised")
        axes.plot(self.days, self.settled, color=inks.ink, linewidth=1.4, label="settled")
        top = max(self.promised, default=0.0)
        if self.budget is not None:
            axes.axhline(self.budget, color=inks.warn, linewidth=1.2, linestyle=(0, (4, 3)))
            words(
                axes,
                0.01,
                self.budget,
                "budget",
                inks.warn,
                xycoords=("axes fraction", "data"),
                xytext=(0, -11),
                textcoords="offset points",
                size=10,
            )
            top = max(top, self.budget)
        axes.set_ylim(0, (top or 1) * 1.06)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        legend(axes, inks)
        date_axis(axes, self.days)
