"""The figures of the report."""

import math

from hypothesis import given
from hypothesis import strategies as st

from apps.reports.rules import Generation, funnel, spread


def test_k_leaves_the_seeds_out() -> None:
    rows = [Generation(0, 10, 1000), Generation(1, 1000, 300), Generation(2, 300, 0)]
    assert spread(rows).k == 300 / 1300
    assert rows[0].k == 100


def test_k_of_nobody_is_no_number() -> None:
    assert spread([Generation(0, 10, 0)]).k is None
    assert spread([]).k is None
    assert Generation(3, 0, 0).k is None


def test_a_rate_after_zero_is_no_number() -> None:
    steps = funnel([("participants", 5), ("visits", 0), ("orders", 3)])
    assert [step.rate for step in steps] == [None, 0.0, None]


@given(counts=st.lists(st.integers(1, 10**6), min_size=1, max_size=6))
def test_the_product_of_the_rates_telescopes(counts: list[int]) -> None:
    steps = funnel([(str(index), count) for index, count in enumerate(counts)])
    product = math.prod(step.rate for step in steps if step.rate is not None)
    assert math.isclose(product, counts[-1] / counts[0])
