"""The keys of facts that the engine names itself."""

import datetime as dt

from apps.facts.rules import RESERVED, check_in_key


def test_a_day_is_one_in_utc() -> None:
    shanghai = dt.timezone(dt.timedelta(hours=8))
    late = dt.datetime(2026, 5, 4, 23, 59, tzinfo=dt.UTC)
    same = dt.datetime(2026, 5, 5, 7, 59, tzinfo=shanghai)
    next_day = dt.datetime(2026, 5, 5, 8, 0, tzinfo=shanghai)
    assert check_in_key("mem_1", late) == check_in_key("mem_1", same)
    assert check_in_key("mem_1", late) != check_in_key("mem_1", next_day)
    assert check_in_key("mem_1", late) != check_in_key("mem_2", late)
    assert check_in_key("mem_1", late).startswith(RESERVED)
