"""PostgreSQL goes away while links are opened: the page says so, and recovers by itself."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from apps.invites.models import Visit
from tests.conftest import free_port, granian
from tests.faults.cluster import wait_for
from tests.invites.test_front import TOKEN
from tests.pages.makers import PHONE, make_link
from tests.streams.test_away import Cable, cable

assert cable  # the fixture

FRONT = ("--interface", "rsgi", "referral_engine.rsgi:application")
PATIENCE = 1.0
# A statement, or a new connection, which is waited for two seconds at least.
LONGEST = PATIENCE + 3.0
PHONES = 4
WEB = ("--interface", "wsgi", "--blocking-threads", "2", "referral_engine.wsgi:application")


def patience(seconds: float) -> dict[str, str]:
    return {f"{server}_PATIENCE_SECONDS": str(seconds) for server in ("FRONT", "WEB")}


@pytest.fixture(params=[FRONT, WEB], ids=["front", "web"])
def cabled(
    request: pytest.FixtureRequest, committed: None, cable: Cable, tmp_path: Path
) -> Iterator[str]:
    """The front door, or the web server, with a cable between it and PostgreSQL; its base address."""
    log = tmp_path / "log.txt"
    given = {"DATABASE_URL": f"{cable.url}&connect_timeout=2", **patience(PATIENCE)}
    with granian(free_port(), log, *request.param, **given) as url:
        yield url


def test_the_page_says_so_and_comes_back(
    cabled: str, cable: Cable, invariants_hold: Callable[[], None]
) -> None:
    address = f"{cabled}/s/{make_link('ann').code}"

    def opened() -> httpx.Response:
        return httpx.get(address, headers={"User-Agent": PHONE}, timeout=20)

    first = opened()
    assert (first.status_code, "ann invites you" in first.text) == (200, True)
    cable.cut()
    for _ in range(5):
        away = opened()
        assert (away.status_code, away.headers["Retry-After"]) == (503, "1")
        assert "Back in a moment" in away.text
        assert not TOKEN.search(away.text)
    cable.mend()
    wait_for(lambda: opened().status_code == 200, 10)
    told = [found[1] for answer in (first, opened()) if (found := TOKEN.search(answer.text))]
    assert Visit.objects.filter(click_id__in=told).count() == len(told) == 2
    invariants_hold()


def test_it_says_so_in_time_while_the_database_hangs(
    cabled: str, cable: Cable, invariants_hold: Callable[[], None]
) -> None:
    """Nothing is torn off, nothing is answered: PostgreSQL's own timeouts do not come."""
    address = f"{cabled}/s/{make_link('ann').code}"

    def opened(seconds: float = LONGEST) -> httpx.Response:
        return httpx.get(address, headers={"User-Agent": PHONE}, timeout=seconds)

    first = opened()
    assert first.status_code == 200
    cable.clog()
    with ThreadPoolExecutor(PHONES) as phones:
        hung = list(phones.map(lambda _phone: opened(3 * LONGEST), range(PHONES)))
    assert {(one.status_code, one.headers["Retry-After"]) for one in hung} == {(503, "1")}
    assert "Back in a moment" in hung[0].text
    assert min(one.elapsed.total_seconds() for one in hung) < LONGEST
    cable.unclog()
    wait_for(lambda: opened().status_code == 200, 10)
    told = [found[1] for answer in (first, opened()) if (found := TOKEN.search(answer.text))]
    assert Visit.objects.filter(click_id__in=told).count() == len(told) == 2
    invariants_hold()


def test_control_without_patience_nobody_is_told(
    committed: None, cable: Cable, tmp_path: Path
) -> None:
    given = {"DATABASE_URL": cable.url, **patience(0)}
    with granian(free_port(), tmp_path / "log.txt", *FRONT, **given) as url:
        address = f"{url}/s/{make_link('ann').code}"
        assert httpx.get(address, headers={"User-Agent": PHONE}).status_code == 200
        cable.clog()
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(address, headers={"User-Agent": PHONE}, timeout=PATIENCE + 1.5)
        cable.unclog()
