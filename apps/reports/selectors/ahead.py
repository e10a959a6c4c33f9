"""Reading what was counted ahead; what was not is counted by whoever reads."""

import datetime as dt
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from apps.campaigns.models import Campaign
from apps.core import statements
from apps.reports.models import Ahead

What = Ahead.What

# What is older was left by workers who are away, or whose campaign is no longer looked at.
STALE = {
    What.CHAIN: dt.timedelta(days=2),
    What.SEEDS: dt.timedelta(days=2),
    What.FORECAST: dt.timedelta(hours=1),
}

_KEPT = """
SELECT what, within, counted::text, took, counted_at FROM reports_ahead
WHERE campaign_id = %s AND counted_at <= %s
"""


@dataclass(frozen=True)
class Found:
    """Something of a campaign as JSON, as it was counted by the width `within` at a moment."""

    what: Ahead.What
    within: dt.timedelta
    counted: Any
    took: dt.timedelta
    counted_at: dt.datetime


class Kept:
    """What was counted ahead of a campaign. `new` is what nobody had counted, or too long ago, so that
    whoever read it did, as of now: it is theirs to keep (`services.report_read`)."""

    def __init__(self, now: dt.datetime, found: dict[str, Found]) -> None:
        self.new: list[Found] = []
        self._now = now
        self._found = found

    def read(self, what: Ahead.What, within: dt.timedelta, count: Callable[[], Any]) -> Found:
        """As it was counted by this window last; what `count` says now where nobody has, or long ago."""
        found = self._found.get(what)
        fits = found is not None and found.within == within
        if found is None or not fits or found.counted_at <= self._now - STALE[what]:
            found = counted(what, within, count, now=self._now)
            self._found[what] = found
            self.new.append(found)
        return found


def kept_of(campaign: Campaign, *, now: dt.datetime) -> Kept:
    """All that was counted ahead of it by now. One query."""
    rows = statements.run(_KEPT, [campaign.pk, now])
    found = (
        Found(What(what), within, json.loads(text), took, counted_at)
        for what, within, text, took, counted_at in rows
    )
    return Kept(now, {row.what: row for row in found})


def counted(
    what: Ahead.What, within: dt.timedelta, count: Callable[[], Any], *, now: dt.datetime
) -> Found:
    """Count it, and see how long that takes."""
    began = time.monotonic()
    told = count()
    return Found(what, within, told, dt.timedelta(seconds=time.monotonic() - began), now)
