"""Pictures of shares: the funnel, how soon friends come, who carries the spread, who brought how many."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from apps.reports.pictures.canvas import HEIGHT, Inks, words
from apps.reports.viral.concentration import CurvePoint
from apps.reports.viral.offspring import Bar

HOURS_BELOW = 2.0  # a cycle shorter than this many days is drawn in hours


@dataclass(frozen=True)
class Funnel:
    """Steps from top to bottom: (name, count, the rate per the step before in words, or "")."""

    title: str
    alt: str
    steps: tuple[tuple[str, int, str], ...]

    @property
    def height(self) -> int:
        return 24 + 42 * len(self.steps)

    def draw(self, axes: Any, inks: Inks) -> None:
        axes.set_axis_off()
        top = max((count for _, count, _ in self.steps), default=0) or 1
        for row, (name, count, rate) in enumerate(self.steps):
            axes.barh(row + 0.32, 1, height=0.34, color=inks.grid, alpha=0.55)
            axes.barh(row + 0.32, count / top, height=0.34, color=inks.accent)
            words(axes, 0, row, name, inks.ink, va="center", size=10.5)
            words(axes, 1, row, f"{count:,}", inks.ink, va="center", ha="right", size=10.5)
            if rate:
                words(axes, 0.8, row, rate, inks.soft, va="center", ha="right", size=10)
        axes.set(xlim=(0, 1), ylim=(max(len(self.steps), 1) - 0.35, -0.35))


@dataclass(frozen=True)
class Cycle:
    """The share of friends who have come by each delay in days, with 95 % bounds where known."""

    title: str
    alt: str
    at: tuple[float, ...]
    share: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    marks: tuple[tuple[float, str], ...]  # a share, and what to write where it is reached

    height = HEIGHT

    def draw(self, axes: Any, inks: Inks) -> None:
        from matplotlib.ticker import PercentFormatter

        scale, unit = (24, "hours") if self.at and self.at[-1] < HOURS_BELOW else (1, "days")
        x = [0.0, *(delay * scale for delay in self.at)]
        if self.low:
            band = [0.0, *self.low], [0.0, *self.high]
            axes.fill_between(x, *band, step="post", color=inks.accent, alpha=0.16, linewidth=0)
        axes.step(x, [0.0, *self.share], where="post", color=inks.accent, linewidth=2)
        for share, text in self.marks:
            reached = next(
                (d * scale for d, f in zip(self.at, self.share, strict=True) if f >= share - 1e-12),
                None,
            )
            if reached is not None:
                axes.plot([reached], [share], "o", color=inks.accent, markersize=6)
                words(
                    axes,
                    reached,
                    share,
                    text,
                    inks.ink,
                    xytext=(8, -11),
                    textcoords="offset points",
                )
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
        axes.set(ylim=(0, 1.04), xlim=(0, (x[-1] or 1) * 1.02))
        axes.set_xlabel(f"{unit} after they joined themselves", color=inks.soft, fontsize=10)


@dataclass(frozen=True)
class Concentration:
    """The busiest share of people against the share of friends they brought, beside everybody alike."""

    title: str
    alt: str
    points: tuple[CurvePoint, ...]
    most: float
    share: float

    height = HEIGHT

    def draw(self, axes: Any, inks: Inks) -> None:
        from matplotlib.ticker import PercentFormatter

        x, y = [at.participants for at in self.points], [at.referees for at in self.points]
        axes.plot([0, 1], [0, 1], color=inks.soft, linewidth=1, linestyle=(0, (4, 3)))
        words(axes, 0.66, 0.55, "if all were alike", inks.soft, size=10)
        axes.fill_between(x, x, y, color=inks.accent, alpha=0.16, linewidth=0)
        axes.plot(x, y, color=inks.accent, linewidth=2)
        axes.plot([self.share], [self.most], "o", color=inks.accent, markersize=6)
        label = f"{self.share:.1%} brought {self.most:.0%}".replace("%", " %")
        words(
            axes,
            self.share,
            self.most,
            label,
            inks.ink,
            xytext=(9, -12),
            textcoords="offset points",
        )
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
        axes.set(xlim=(0, 1), ylim=(0, 1.03))
        axes.set_xlabel("of the people, the busiest first", color=inks.soft, fontsize=10)


@dataclass(frozen=True)
class Bars:
    """How many people brought 0, 1, 2, … friends, beside what two models would have."""

    title: str
    alt: str
    bars: tuple[Bar, ...]

    height = HEIGHT

    def draw(self, axes: Any, inks: Inks) -> None:
        from matplotlib.ticker import MaxNLocator

        x = [bar.referees for bar in self.bars]
        axes.bar(x, [bar.participants for bar in self.bars], color=inks.accent, width=0.7)
        self._line(axes, x, [bar.negative_binomial for bar in self.bars], "uneven", inks.ink, "o")
        self._line(axes, x, [bar.poisson for bar in self.bars], "all alike", inks.second, "s")
        axes.set_yscale("symlog", linthresh=1)
        axes.set_ylim(0, 1.6 * max([1, *(bar.participants for bar in self.bars)]))
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
        if x:
            legend(axes, inks)
        axes.set_xlabel("friends brought", color=inks.soft, fontsize=10)

    @staticmethod
    def _line(
        axes: Any, x: Sequence[int], y: Sequence[float | None], label: str, colour: str, mark: str
    ) -> None:
        if None not in y:
            axes.plot(
                x, y, marker=mark, markersize=4, linewidth=1.2, color=colour, label=label, alpha=0.9
            )


def legend(axes: Any, inks: Inks, **more: Any) -> None:
    """What the lines are, above them."""
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=3,
        frameon=False,
        fontsize=10,
        labelcolor=inks.soft,
        borderaxespad=0.1,
        handlelength=1.4,
        columnspacing=1.2,
        **more,
    )
