"""The invented history: the same each time, deep, and with failures."""

import pytest

from apps.demo.simulator import Parameters, simulate
from tests.demo.recount import recount


def test_it_is_the_same_each_time_and_grows_at_its_end() -> None:
    short, long = simulate(Parameters(), 100), simulate(Parameters(), 300)
    assert long.first(100) == short
    assert simulate(Parameters(seed=21), 100).digest != short.digest


@pytest.mark.parametrize("seed", range(20, 30))
def test_it_has_four_generations_and_failures(seed: int) -> None:
    drawn = simulate(Parameters(seed=seed), 300)
    found = recount(drawn.groups)
    assert found.deepest >= 4
    assert found.failed > 50
    assert found.refunded > 5
    assert found.k is not None


def test_its_groups_are_such_as_a_file_may_hold() -> None:
    groups = simulate(Parameters(), 1000).groups
    assert [group.group_id for group in groups] == list(range(1000))
    for group in groups:
        assert bool(group.participants) == group.completed
        assert group.initiator not in group.participants
        assert len(set(group.participants)) == len(group.participants)


def test_its_parameters_can_be_said() -> None:
    assert str(Parameters()).startswith("seed=20, failing=0.3, returning=0.65")
