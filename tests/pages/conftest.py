import pytest
from django.test import Client

from tests.pages.makers import PHONE


@pytest.fixture
def phone(db: None) -> Client:
    """A shopper's browser."""
    return Client(HTTP_USER_AGENT=PHONE)
