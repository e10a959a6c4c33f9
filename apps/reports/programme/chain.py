"""Acquisition, activation, retention, referral, revenue: one cohort, watched for as long each."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from apps.reports.programme.shapes import Chain, ChainStep
from apps.reports.viral.figures import ratio
from apps.reports.viral.retention import share

# The longest watch that anybody has had in full is taken.
WATCHES = (90, 30, 7)
_SOON_DAYS = 30


@dataclass(frozen=True)
class Counted:
    """Of those who appeared on some days: how many came to each step, and what they spent."""

    acquired: int
    activated: int
    retained: int
    referred: int
    bought: int
    kept_minor: int


def window(today: dt.date, watch: int) -> tuple[dt.date, dt.date]:
    """The first and last day of appearing: as many days as the watch, all watched in full."""
    last = today - dt.timedelta(days=watch + 1)
    return last - dt.timedelta(days=watch - 1), last


def activated_within(watch: int) -> int:
    """Within how many days somebody is activated who is watched for so many."""
    return min(watch, _SOON_DAYS)


def chain(found: Counted, first: dt.date, last: dt.date, watch: int) -> Chain:
    """The steps. None is a part of the one before it, so each is a share of all who appeared."""
    soon = activated_within(watch)
    steps: Sequence[tuple[str, str, int]] = (
        ("acquisition", "appeared on these days", found.acquired),
        ("activation", f"bought, or took part in a campaign, within {soon} days", found.activated),
        ("retention", f"bought on a second day within {watch} days", found.retained),
        ("referral", f"brought a friend who was confirmed within {watch} days", found.referred),
        ("revenue", f"bought something they kept within {watch} days", found.bought),
    )
    return Chain(
        first=first,
        last=last,
        watched_days=watch,
        steps=tuple(
            ChainStep(step, meaning, number, share(number, found.acquired))
            for step, meaning, number in steps
        ),
        each_minor=ratio(found.kept_minor, found.acquired, "nobody appeared on these days"),
    )
