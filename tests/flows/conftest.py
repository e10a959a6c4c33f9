"""The shop and the shoppers, on a served engine; every story ends with all promises kept."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.flows.client import Phone, Shop
from tests.makers import make_key


@pytest.fixture(scope="session")
def http(served: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served, verify=False, timeout=30, trust_env=False) as client:
        yield client


@pytest.fixture
def shop(
    committed: None, http: httpx.Client, invariants_hold: Callable[[], None]
) -> Iterator[Shop]:
    yield Shop(http, make_key())
    invariants_hold()


@pytest.fixture
def ann(shop: Shop) -> Phone:
    """Ann shares."""
    return shop.phone("ann")


@pytest.fixture
def bob(shop: Shop) -> Phone:
    """Bob is brought."""
    return shop.phone("bob")


@pytest.fixture
def cleo(shop: Shop) -> Phone:
    """Cleo is a stranger."""
    return shop.phone("cleo")
