"""Pictures of figures with their intervals: side by side, and over time."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from apps.reports.pictures.canvas import HEIGHT, Inks, words
from apps.reports.pictures.growth import date_axis
from apps.reports.viral.figures import Figure


@dataclass(frozen=True)
class Mark:
    """One figure, and what it is of."""

    label: str
    figure: Figure


@dataclass(frozen=True)
class Intervals:
    """Figures side by side as points with whiskers; a line at `threshold` says what that means."""

    title: str
    alt: str
    marks: tuple[Mark, ...]
    threshold: float = 1.0
    meaning: str = "1: keeps going by itself"

    height = HEIGHT

    def draw(self, axes: Any, inks: Inks) -> None:
        tops = [end for mark in self.marks for end in (mark.figure.value, mark.figure.high) if end]
        top = max([self.threshold, *tops]) * 1.16
        axes.axhline(self.threshold, color=inks.second, linewidth=1, linestyle=(0, (4, 3)))
        last = max(len(self.marks) - 1, 0)
        words(
            axes,
            last + 0.5,
            self.threshold,
            self.meaning,
            inks.second,
            ha="right",
            size=10,
            xytext=(0, 4),
            textcoords="offset points",
        )
        for place, mark in enumerate(self.marks):
            _whisker(axes, place, mark.figure, top, inks)
        axes.set_xticks(range(len(self.marks)), [mark.label for mark in self.marks])
        axes.set(xlim=(-0.5, last + 0.5), ylim=(0, top))


def _whisker(axes: Any, place: int, figure: Figure, top: float, inks: Inks) -> None:
    """A point with its interval; without an upper end the whisker runs out of the picture; without
    a value the reason stands there."""
    low, high = figure.low, figure.high
    if low is not None or high is not None:
        ends = (low or 0.0, top if high is None else high)
        axes.plot([place, place], ends, color=inks.accent, linewidth=5, alpha=0.3)
    if figure.value is not None:
        axes.plot([place], [figure.value], "o", color=inks.accent, markersize=8)
        words(
            axes,
            place,
            figure.value,
            f"{figure.value:.2f}",
            inks.ink,
            va="center",
            xytext=(9, 0),
            textcoords="offset points",
        )
    elif figure.high is not None:
        words(
            axes,
            place,
            figure.high,
            f"at most {figure.high:.2f}",
            inks.soft,
            ha="center",
            size=10,
            xytext=(0, 4),
            textcoords="offset points",
        )
    else:
        words(axes, place, top * 0.03, str(figure.reason), inks.soft, ha="center", size=10)


@dataclass(frozen=True)
class OverTime:
    """A figure day by day with its interval; a line at `threshold`."""

    title: str
    alt: str
    days: tuple[dt.date, ...]
    figures: tuple[Figure, ...]
    threshold: float = 1.0

    height = HEIGHT

    def draw(self, axes: Any, inks: Inks) -> None:
        axes.axhline(self.threshold, color=inks.second, linewidth=1, linestyle=(0, (4, 3)))
        known = [
            (day, figure.value, figure.low, figure.high)
            for day, figure in zip(self.days, self.figures, strict=True)
            if figure.value is not None
        ]
        if known:
            days = [day for day, *_ in known]
            values = [value for _, value, _, _ in known]
            low = [value if end is None else end for _, value, end, _ in known]
            high = [value if end is None else end for _, value, _, end in known]
            axes.fill_between(days, low, high, color=inks.accent, alpha=0.16, linewidth=0)
            axes.plot(days, values, color=inks.accent, linewidth=2, marker="o", markersize=3)
            # An early interval that reaches far must not press the rest flat.
            top = min(max([self.threshold, *high]), 4 * max(self.threshold, *values))
            axes.set_ylim(0, top * 1.08)
        date_axis(axes, self.days)
