"""Pictures over days: how a campaign grew and how it may go on."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from apps.reports.pictures.canvas import HEIGHT, Inks
from apps.reports.viral.forecast import Band


@dataclass(frozen=True)
class Growth:
    """Participants at the end of each day, those of them who are seeds, and the forecast's fan from
    the last of these days on."""

    title: str
    alt: str
    days: tuple[dt.date, ...]
    everybody: tuple[int, ...]
    seeds: tuple[int, ...]
    fan: tuple[Band, ...]

    height = HEIGHT + 20

    def draw(self, axes: Any, inks: Inks) -> None:
        from apps.reports.pictures.shares import legend

        axes.fill_between(
            self.days, self.seeds, self.everybody, color=inks.accent, alpha=0.22, linewidth=0
        )
        axes.plot(self.days, self.everybody, color=inks.accent, linewidth=2, label="everybody")
        axes.plot(self.days, self.seeds, color=inks.second, linewidth=1.6, label="seeds")
        top = float(max(self.everybody, default=0))
        if self.fan and self.days:
            today, now = self.days[-1], self.everybody[-1]
            ahead = [today, *self._ahead()]
            low = [now, *(band.low for band in self.fan)]
            high = [now, *(band.high for band in self.fan)]
            # A forecast without an upper end must not press what happened flat.
            ceiling = max(4.0 * top, 2.0 * self.fan[-1].median if self.fan[-1].median < 1e6 else 0)
            axes.fill_between(ahead, low, high, color=inks.ink, alpha=0.12, linewidth=0)
            median = [now, *(band.median for band in self.fan)]
            axes.plot(
                ahead,
                median,
                color=inks.ink,
                linewidth=1.4,
                linestyle=(0, (4, 3)),
                label="forecast",
            )
            axes.axvline(today, color=inks.soft, linewidth=0.8)
            top = max(top, min(max(high), ceiling))
        axes.set_ylim(0, (top or 1) * 1.06)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        legend(axes, inks)
        date_axis(axes, [*self.days, *self._ahead()])

    def _ahead(self) -> list[dt.date]:
        last = self.days[-1:]
        return [day + dt.timedelta(days=band.day) for day in last for band in self.fan]


def date_axis(axes: Any, days: Sequence[dt.date]) -> None:
    """Days below, few enough to be read on a phone: the first, the last, and up to two between."""
    if days:
        steps = min(3, len(days) - 1)
        shown = sorted(
            {days[round(step * (len(days) - 1) / max(steps, 1))] for step in range(steps + 1)}
        )
        axes.set_xticks(shown, [f"{day.day} {day:%b}" for day in shown])
    axes.margins(x=0.03)
