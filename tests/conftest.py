"""Fixtures on real servers: a PostgreSQL database per worker, and the engine served by granian.

`db` rolls back after the test. `committed` really commits, for threads, processes and HTTP, and
wipes the tables afterwards. `python -m referral_engine.stack run --ephemeral` brings the servers.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import httpx
import hypothesis
import pytest
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import setup_databases, teardown_databases

from apps.core import lanes, services, sweepers

# Time says nothing about a law on a busy machine, and examples are not kept between runs.
hypothesis.settings.register_profile(
    "engine",
    deadline=None,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("engine")

# All tests ask from one address: together they try more codes that nobody has than a stranger may.
settings.GUESSES_PER_ADDRESS = settings.GUESSES_PER_MEMBER = 1_000_000


class QuickHasher(PBKDF2PasswordHasher):
    """Django's hasher without its slowness; what it hashes, Django's own can check."""

    iterations = 1


settings.PASSWORD_HASHERS = [f"{__name__}.QuickHasher"]

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data"

# What migrations put there, Django keeps for itself, or served processes know for the day.
_KEPT = ("django_migrations", "django_content_type", "auth_permission", "invites_salt")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever is slow comes first, so that no worker is left alone with it in the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None,
    django_db_blocker: pytest.FixtureRequest,
    django_db_modify_db_settings: None,
) -> Iterator[None]:
    """A test database whenever a test asks for one.

    pytest-django's own makes none unless some test has its mark or `db`: with only `committed` and
    `served` collected, tests would write to the database of the settings.
    """
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        made = setup_databases(verbosity=0, interactive=False)
    yield
    lanes.close()  # of tasks that were run here
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        teardown_databases(made, verbosity=0)


def wipe() -> None:
    """Empty every table that has rows, in one round trip; system accounts stay.

    DELETE without triggers and foreign keys costs a millisecond; a flush by TRUNCATE a hundred.
    """
    assert connection.settings_dict["NAME"].startswith("test_"), "this is somebody's database"
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = [name for (name,) in cursor.fetchall() if name not in _KEPT]
        emptying = [
            f'DELETE FROM "{name}"' + (" WHERE member_id IS NOT NULL" * (name == "points_account"))
            for name in tables
        ]
        cursor.execute(
            "SET session_replication_role = replica; "
            + "; ".join(emptying)
            + "; SET session_replication_role = DEFAULT"
        )


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[None]:
    """Committed transactions on the real database; everything is gone after the test."""
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        yield
        wipe()


@pytest.fixture
def move_clock(committed: None) -> Iterator[Callable[[float], None]]:
    """Set `engine_now()` so many seconds off the wall clock, for every process of the database."""

    def move(seconds: float) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE OR REPLACE FUNCTION engine_now() RETURNS timestamptz LANGUAGE sql STABLE "
                f"PARALLEL SAFE AS 'SELECT clock_timestamp() + interval ''{seconds} seconds'''"
            )

    with connection.cursor() as cursor:
        cursor.execute("SELECT day, value FROM invites_salt")
        salts = cursor.fetchall()
    yield move
    move(0)
    # What was forgotten meanwhile, servers that live longer than this test still hash with.
    with connection.cursor() as cursor:
        cursor.executemany(
            """INSERT INTO invites_salt (day, value) VALUES (%s, %s)
               ON CONFLICT (day) DO UPDATE SET value = excluded.value""",
            salts,
        )


@pytest.fixture
def drain() -> Callable[[], None]:
    """Do all that is due now: sweepers and events, until nothing is left."""

    def drain_now() -> None:
        while sum(sweepers.run_due().values()) + services.events_process():
            pass

    return drain_now


def database_url() -> str:
    """The address of this worker's test database, for other processes."""
    at = settings.DATABASES["default"]
    host, port = at["HOST"] or at.get("OPTIONS", {}).get("host", ""), at["PORT"] or "5432"
    login = quote(at["USER"], safe="") + (
        f":{quote(at['PASSWORD'], safe='')}" * bool(at["PASSWORD"])
    )
    name = connection.settings_dict["NAME"]
    if str(host).startswith("/"):
        return f"postgresql://{login}@/{name}?host={quote(str(host), safe='')}&port={port}"
    return f"postgresql://{login}@{host}:{port}/{name}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def streams_port() -> int:
    """Where the streams beside `served` are, once `streamed` has started them."""
    return free_port()


@pytest.fixture(scope="session")
def served(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory, streams_port: int
) -> Iterator[str]:
    """The engine behind granian on this worker's database; its base address."""
    options = ["--interface", "wsgi", "--blocking-threads", "8"]
    more = {"STREAMS_PORT": str(streams_port)}
    log = tmp_path_factory.mktemp("granian") / "log.txt"
    with granian(free_port(), log, *options, "referral_engine.wsgi:application", **more) as url:
        yield url


@pytest.fixture(scope="session")
def streamed(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory, streams_port: int
) -> Iterator[str]:
    """The streams of rooms behind granian, on the same database; their base address."""
    options = ["--interface", "asgi", "--workers-kill-timeout", "2", "--backpressure", "8192"]
    log = tmp_path_factory.mktemp("streams") / "log.txt"
    with granian(streams_port, log, *options, "referral_engine.asgi:application") as url:
        yield url


@pytest.fixture(scope="session")
def fronted(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The front door behind granian, on the same database; its base address."""
    options = ["--interface", "rsgi", "referral_engine.rsgi:application"]
    with granian(free_port(), tmp_path_factory.mktemp("front") / "log.txt", *options) as url:
        yield url


@contextmanager
def granian(port: int, log: Path, *words: str, **more: str) -> Iterator[str]:
    """Run granian with these words on this worker's database; its base address."""
    ours = {"DATABASE_URL": database_url(), "SECRET_KEY": settings.SECRET_KEY}
    # All tests come from one address.
    ours |= {"GUESSES_PER_ADDRESS": "1000000", "GUESSES_PER_MEMBER": "1000000"}
    command = [sys.executable, "-m", "granian", "--host", "127.0.0.1", "--port", str(port), *words]
    with log.open("w") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | ours | more, stdout=out, stderr=out
        )
    try:
        _wait_until_ready(f"http://127.0.0.1:{port}/livez", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_until_ready(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        if process.poll() is not None:
            break
        try:
            if httpx.get(url, timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(f"granian did not come up:\n{log.read_text()}")


@pytest.fixture
def invariants_hold() -> Callable[[], None]:
    """Fails with the offending rows when a promise of the engine is broken."""
    from apps.core import invariants

    def check() -> None:
        assert invariants.breaches() == []

    return check


@pytest.fixture
def olga(admin_client: Client) -> Client:
    """The operator, who may do everything in the admin."""
    return admin_client


@pytest.fixture
def otto(client: Client, db: None) -> Client:
    """Otto may look, and nothing else."""
    user = User.objects.create_user("otto", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(user)
    return client
