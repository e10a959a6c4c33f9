"""Every race ends with all promises kept; a control says itself which one it breaks."""

from collections.abc import Callable, Iterator

import pytest


@pytest.fixture
def promised(committed: None, invariants_hold: Callable[[], None]) -> Iterator[None]:
    yield
    invariants_hold()
