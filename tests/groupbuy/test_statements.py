"""How many statements a held seat and its payment take: a number that may fall, and never creeps."""

from collections.abc import Callable

import pytest

from benchmarks import anatomy, stage

HOLD, PAYMENT = 3, 41


@pytest.fixture
def bob(committed: None) -> anatomy.Visitor:
    """Bob has opened the link of an open room. Somebody was there before, so all is warm."""
    cleo, bob, *_ = anatomy.visitors(2)
    anatomy.pay(cleo, anatomy.hold(cleo), stage.make_key())
    return bob


def test_the_statements_of_a_hold_and_of_its_payment(
    bob: anatomy.Visitor, invariants_hold: Callable[[], None]
) -> None:
    key = stage.make_key()
    with anatomy.watched() as holding:
        seat = anatomy.hold(bob)
    with anatomy.watched() as paying:
        anatomy.pay(bob, seat, key)
    # When it fell, lower the number here, and the list in docs/benchmarks.md.
    assert len(holding) == HOLD, "\n".join(text for text, _ in holding)
    assert len(paying) == PAYMENT, "\n".join(text for text, _ in paying)
    invariants_hold()
