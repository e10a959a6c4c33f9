"""When statements are made and what they come to. Money in minor units, whole numbers."""

import datetime as dt
import enum
import zoneinfo
from collections.abc import Iterable


class Schedule(enum.StrEnum):
    MONTHLY = "monthly"
    DAILY = "daily"
    BY_HAND = "by_hand"


def statement_total(
    due_minor: Iterable[int], owed_minor: Iterable[int], *, minimum_minor: int
) -> int | None:
    """What a statement of these dues, less these deductions, asks the shop to pay.

    None when it would be below the minimum, or nothing: then dues and deductions wait together for
    the next one. So a statement is never negative, and no deduction is ever split.
    """
    total = sum(due_minor) - sum(owed_minor)
    return total if total >= max(1, minimum_minor) else None


def next_close(
    schedule: Schedule, *, day: int, time_zone: str, after: dt.datetime
) -> dt.datetime | None:
    """The next moment after `after` at which statements are made; None when only by hand.

    Midnight in `time_zone`: of every day, or of the `day` (1 to 28) of every month.
    """
    if schedule is Schedule.BY_HAND:
        return None
    zone = zoneinfo.ZoneInfo(time_zone)
    local = after.astimezone(zone).date()
    date = local if schedule is Schedule.DAILY else local.replace(day=day)
    while (moment := _midnight(date, zone)) <= after:
        date = date + dt.timedelta(days=1) if schedule is Schedule.DAILY else _next_month(date)
    return moment


def _midnight(date: dt.date, zone: zoneinfo.ZoneInfo) -> dt.datetime:
    return dt.datetime.combine(date, dt.time(), zone).astimezone(dt.UTC)


def _next_month(date: dt.date) -> dt.date:
    return date.replace(year=date.year + date.month // 12, month=date.month % 12 + 1)
