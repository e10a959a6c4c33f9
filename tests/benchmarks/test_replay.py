"""A small slice of the real groups by eight clients at once: everything comes out as it was."""

from collections.abc import Callable

import pytest

from apps.demo.history import Group
from benchmarks import replay
from tests.conftest import database_url

GROUPS = 240

needs_groups = pytest.mark.skipif(
    not replay.DATA.exists(), reason=f"the shared data is not here: {replay.DATA}"
)


@needs_groups
@pytest.mark.slow
def test_eight_clients_replay_real_groups(
    committed: None, invariants_hold: Callable[[], None]
) -> None:
    groups = replay.chosen(replay.DATA, GROUPS)
    replayed = replay.replay(groups, database_url())
    assert replayed.figures == replay.wanted(groups)
    assert 0 < replayed.figures.failed < replayed.figures.completed
    assert replayed.breaches == []
    invariants_hold()


INVENTED = (
    Group(1, 1, 10, 5, True, (11, 12)),
    Group(2, 2, 11, 5, True, (10,)),
    Group(3, 3, 10, 5, False, ()),
    Group(4, 4, 13, 6, False, ()),
)


def test_invented_groups(committed: None, invariants_hold: Callable[[], None]) -> None:
    """The same where the real ones are not: members who host, join and host again."""
    replayed = replay.replay(INVENTED, database_url())
    assert replayed.figures == replay.wanted(INVENTED)
    assert replayed.breaches == []
    invariants_hold()


class OneOffer:
    def of(self, _group: Group) -> str:
        return "off"


def test_nobody_acts_twice_at_a_time_or_before_the_room_is_open() -> None:
    members = {one: one for one in (10, 11, 12, 13)}
    schedule = replay.Schedule(INVENTED, members, OneOffer())
    assert [act["number"] for act in schedule.ready()] == [0, 6]
    first = schedule.done(0, "room_a")
    assert [(act["number"], act["room"]) for act in first] == [(1, "room_a"), (2, "room_a")]
    assert [act["number"] for act in schedule.done(1, "room_a")] == [3]
    assert schedule.done(2, "room_a") == []
    assert [act["number"] for act in schedule.done(3, "room_b")] == [4]
    assert [act["number"] for act in schedule.done(4, "room_b")] == [5]
