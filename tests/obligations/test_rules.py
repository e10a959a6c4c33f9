"""When statements are made and what they come to. No database."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.obligations.rules import Schedule, next_close, statement_total

amounts = st.lists(st.integers(1, 10**12), max_size=8)


@pytest.mark.parametrize(
    ("due", "owed", "minimum", "total"),
    [
        ([100, 50], [], 1, 150),
        ([100, 50], [30], 1, 120),
        ([100], [100], 1, None),
        ([100], [130], 1, None),
        ([100], [], 101, None),
        ([130], [30], 100, 100),
        ([], [], 0, None),
    ],
    ids=["all", "less", "evens out", "owes more", "too little", "just enough", "nothing"],
)
def test_what_a_statement_comes_to(
    due: list[int], owed: list[int], minimum: int, total: int | None
) -> None:
    assert statement_total(due, owed, minimum_minor=minimum) == total


@given(amounts, amounts, st.integers(0, 10**6))
def test_no_statement_is_negative_or_below_the_minimum(due, owed, minimum) -> None:
    total = statement_total(due, owed, minimum_minor=minimum)
    assert total is None or total == sum(due) - sum(owed) >= max(1, minimum)


@pytest.mark.parametrize(
    ("schedule", "day", "zone", "after", "moment"),
    [
        ("monthly", 1, "UTC", "2026-05-04T12:00", "2026-06-01T00:00"),
        ("monthly", 1, "UTC", "2026-05-01T00:00", "2026-06-01T00:00"),
        ("monthly", 15, "UTC", "2026-12-20T00:00", "2027-01-15T00:00"),
        ("monthly", 5, "UTC", "2026-05-04T12:00", "2026-05-05T00:00"),
        ("monthly", 1, "Asia/Shanghai", "2026-05-31T15:00", "2026-05-31T16:00"),
        ("monthly", 1, "Asia/Shanghai", "2026-05-31T16:00", "2026-06-30T16:00"),
        ("daily", 1, "UTC", "2026-05-04T00:00", "2026-05-05T00:00"),
        ("daily", 1, "Europe/Berlin", "2026-03-29T10:00", "2026-03-29T22:00"),
    ],
)
def test_when_statements_are_made(schedule, day, zone, after, moment) -> None:
    made = next_close(
        Schedule(schedule),
        day=day,
        time_zone=zone,
        after=dt.datetime.fromisoformat(after).replace(tzinfo=dt.UTC),
    )
    assert made == dt.datetime.fromisoformat(moment).replace(tzinfo=dt.UTC)


def test_by_hand_is_never_by_itself() -> None:
    now = dt.datetime(2026, 5, 4, tzinfo=dt.UTC)
    assert next_close(Schedule.BY_HAND, day=1, time_zone="UTC", after=now) is None


@given(
    st.sampled_from([Schedule.MONTHLY, Schedule.DAILY]),
    st.integers(1, 28),
    st.sampled_from(["UTC", "Asia/Shanghai", "America/New_York", "Pacific/Apia"]),
    st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2030, 1, 1), timezones=st.just(dt.UTC)),
)
def test_the_next_moment_is_later_and_never_far(schedule, day, zone, after) -> None:
    moment = next_close(schedule, day=day, time_zone=zone, after=after)
    assert moment is not None
    days = 2 if schedule is Schedule.DAILY else 32
    assert after < moment <= after + dt.timedelta(days=days)
