from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import free_port, granian

STREAMS = ("--interface", "asgi", "referral_engine.asgi:application")


@pytest.fixture
def hasty(django_db_setup: None, tmp_path: Path) -> Iterator[str]:
    """Streams of their own that look twenty times a second, for at most three listeners."""
    more = {"STREAMS_SECONDS": "0.05", "STREAMS_LISTENERS": "3"}
    with granian(free_port(), tmp_path / "log.txt", *STREAMS, **more) as url:
        yield url
