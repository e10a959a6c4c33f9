"""Kill PostgreSQL under statements that let their locks go before the disk has them.

Who was answered is kept; the control answers without waiting for the disk.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil
import psycopg

from referral_engine.stack import orphans, postgres
from referral_engine.stack.supervisor import environment, servers
from tests.demo.own_var import ROOT, environ, own_var

ANSWERED = 40
# Otherwise it has nearly all within a fifth of a second, whoever waits for it.
LAZY = "ALTER SYSTEM SET wal_writer_delay = '10s'"
MAKE = "CREATE TABLE kept (n int PRIMARY KEY)"
ACTS = """
import itertools, django
django.setup()
from apps.core import statements
{control}
for n in itertools.count():
    statements.run_in_turn(
        ("SELECT 1", ()), ("INSERT INTO kept VALUES (%s::int)", [n])
    )
    print(n, flush=True)
"""
NOT_WAITING = "statements._UNTIL_DURABLE = 'SELECT 1'"


def lost(control: str = "") -> set[int]:
    """What was answered before the kill and is not there after it."""
    with own_var() as var:
        told = environ(var)
        with servers(var, told) as found:
            with psycopg.connect(found.database_url, autocommit=True) as connection:
                connection.execute(LAZY)
                connection.execute("SELECT pg_reload_conf()")
                connection.execute(MAKE)
            with acting(environment(found, told), control) as answers:
                answered = {int(next(answers)) for _ in range(ANSWERED)}
                kill(psutil.Process(orphans.noted(var)[postgres.NAME].pid))
                answered |= {int(line) for line in answers}
        with servers(var, told) as found, psycopg.connect(found.database_url) as connection:
            kept = {n for (n,) in connection.execute("SELECT n FROM kept").fetchall()}
    return answered - kept


@contextmanager
def acting(environment: dict[str, str], control: str) -> Iterator[Iterator[str]]:
    """Acts one after the other, in a process of their own; their answers, until they fail."""
    with subprocess.Popen(
        [sys.executable, "-c", ACTS.format(control=control)],
        env=environment | {"DJANGO_SETTINGS_MODULE": "referral_engine.settings"},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout
        try:
            yield iter(process.stdout)
        finally:
            process.kill()


def kill(server: psutil.Process) -> None:
    """All of it at once, so that nobody writes anything any more."""
    family = [server, *server.children(recursive=True)]
    for process in family:
        process.suspend()
    for process in family:
        with suppress(psutil.NoSuchProcess):
            os.kill(process.pid, 9)


def test_what_was_answered_is_on_the_disk() -> None:
    assert lost() == set()


def test_control_without_waiting_for_the_disk_answers_are_lost() -> None:
    assert lost(NOT_WAITING)
