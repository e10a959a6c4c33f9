"""Eight processes on a stock of thirty sell thirty. The shop it is shown beside is `make bench`'s."""

from collections.abc import Callable

import pytest

from benchmarks import oversell
from tests.conftest import database_url


@pytest.mark.slow
def test_eight_processes_sell_exactly_the_stock(
    committed: None, invariants_hold: Callable[[], None]
) -> None:
    sold = oversell.ours(3, database_url(), lambda: None)
    assert sold.sold == [oversell.STOCK] * 3
    invariants_hold()
