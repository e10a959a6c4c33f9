"""Pictures by month: what brought new members, who buys again, and what was foretold of it."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from apps.reports.pictures.canvas import HEIGHT, Inks, words
from apps.reports.pictures.shares import legend


@dataclass(frozen=True)
class Arrivals:
    """New members of each month: those somebody's link brought, and above them the others."""

    title: str
    alt: str
    months: tuple[dt.date, ...]
    brought: tuple[int, ...]
    others: tuple[int, ...]

    height = HEIGHT

    def draw(self, axes: Any, inks: Inks) -> None:
        from matplotlib.ticker import MaxNLocator

        places = range(len(self.months))
        axes.bar(places, self.brought, color=inks.accent, width=0.7, label="brought by a link")
        axes.bar(
            places,
            self.others,
            bottom=self.brought,
            color=inks.second,
            alpha=0.55,
            width=0.7,
            label="others",
        )
        axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        step = -(-len(self.months) // 6) or 1
        shown = list(places)[::step]
        axes.set_xticks(shown, [f"{self.months[place]:%b}" for place in shown])
        legend(axes, inks)


@dataclass(frozen=True)
class Retention:
    """The share of each month's first buyers who bought again in each span; the warmer the more, and
    blank where it is too early."""

    title: str
    alt: str
    months: tuple[dt.date, ...]
    spans: tuple[str, ...]
    shares: tuple[tuple[float | None, ...], ...]

    @property
    def height(self) -> int:
        return 60 + 19 * len(self.months)

    def draw(self, axes: Any, inks: Inks) -> None:
        axes.grid(visible=False)
        for row, shares in enumerate(self.shares):
            for column, share in enumerate(shares):
                if share is not None:
                    self._cell(axes, inks, (column, row), share)
        axes.set(
            xlim=(-0.5, max(len(self.spans), 1) - 0.5), ylim=(max(len(self.months), 1) - 0.5, -0.5)
        )
        axes.set_yticks(range(len(self.months)), [f"{month:%b %y}" for month in self.months])
        step = -(-len(self.spans) // 4) or 1
        shown = range(0, len(self.spans), step)
        axes.set_xticks(shown, [self.spans[place] for place in shown])
        axes.set_xlabel("days after the first order", color=inks.soft, fontsize=10)

    @staticmethod
    def _cell(axes: Any, inks: Inks, at: tuple[int, int], share: float) -> None:
        column, row = at
        warmth = 0.06 + 0.5 * min(2 * share, 1.0)
        axes.barh(row, 1, left=column - 0.5, height=1, color=inks.accent, alpha=warmth)
        words(axes, column, row, f"{share:.0%}", inks.ink, ha="center", va="center", size=7)


@dataclass(frozen=True)
class Foretold:
    """Purchases after a cut of those with 0, 1, 2 … repeats before it: as they were and as foretold."""

    title: str
    alt: str
    repeats: tuple[int, ...]
    actual: tuple[float, ...]
    foretold: tuple[float, ...]

    height = HEIGHT

    def draw(self, axes: Any, inks: Inks) -> None:
        axes.bar(self.repeats, self.actual, color=inks.accent, width=0.7, label="as it was")
        axes.plot(
            self.repeats,
            self.foretold,
            marker="o",
            markersize=4,
            linewidth=1.2,
            color=inks.ink,
            label="foretold",
        )
        axes.set_xticks(self.repeats, [f"{n}+" if n == 7 else str(n) for n in self.repeats])
        axes.set_xlabel("had bought again so often before", color=inks.soft, fontsize=10)
        legend(axes, inks)
