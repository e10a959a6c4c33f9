"""The figures of the campaign report."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.reports.rules import Generation, Spread, Step, funnel, spread

counts = st.integers(0, 10**9)


def test_k_leaves_the_seeds_apart() -> None:
    generations = [Generation(0, 2, 1000), Generation(1, 1000, 100), Generation(2, 100, 10)]
    assert spread(generations) == Spread(referees_of_non_seeds=110, non_seeds=1100)
    assert spread(generations).naive_k == 0.1
    assert generations[0].naive_k == 500


@pytest.mark.parametrize("generations", [[], [Generation(0, 5, 0)]])
def test_k_of_nobody_is_unknown(generations: list[Generation]) -> None:
    assert spread(generations).naive_k is None
    assert Generation(3, 0, 0).naive_k is None


def test_a_funnel() -> None:
    steps = funnel([("shared", 4), ("opened", 10), ("joined", 0), ("bought", 0)])
    assert steps == (
        Step("shared", 4, None),
        Step("opened", 10, 2.5),
        Step("joined", 0, 0.0),
        Step("bought", 0, None),
    )
    assert funnel([]) == ()


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=8))
def test_the_rates_telescope(values: list[int]) -> None:
    steps = funnel([(str(number), value) for number, value in enumerate(values)])
    product = math.prod(step.rate for step in steps if step.rate is not None)
    assert math.isclose(product, values[-1] / values[0], rel_tol=1e-9)


@given(st.lists(st.builds(Generation, st.integers(0, 5), counts, counts)))
def test_the_order_of_generations_does_not_matter(generations: list[Generation]) -> None:
    assert spread(generations) == spread(generations[::-1])
