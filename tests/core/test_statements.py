"""Statements sent together: one transaction, one round trip, no lock before its time or after it."""

import contextlib
import threading
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from apps.core import statements
from apps.members.models import Member

pytestmark = pytest.mark.usefixtures("committed")

LOCK = "SELECT id FROM members_member WHERE id = %(id)s FOR UPDATE"
TELL = "SELECT %(id)s::bigint + 1, '100 %%'"


def a_member() -> dict[str, Any]:
    return {"id": Member.objects.create().pk}


def test_the_last_ones_rows_are_answered() -> None:
    asked = a_member()
    told = statements.run_in_turn((LOCK, asked), (TELL, asked))
    assert told == [(asked["id"] + 1, "100 %")]
    assert not connection.in_atomic_block


def test_places_may_be_named_or_in_turn() -> None:
    assert statements.run("SELECT %s::int, %s::text, '%%'", [1, "a"]) == [(1, "a", "%")]
    assert statements.run("SELECT %(b)s::int, %(a)s::text, %(b)s::int", {"a": "x", "b": 2}) == [
        (2, "x", 2)
    ]


def test_when_the_second_fails_the_first_has_not_happened() -> None:
    asked = a_member()
    change = "UPDATE members_member SET first_order_at = now() WHERE id = %(id)s"
    twin = "INSERT INTO members_member (id, public_id, is_test) VALUES (%(id)s, 'mem_twin', false)"
    with pytest.raises(IntegrityError):
        statements.run_in_turn((LOCK, asked), (change, asked), (twin, asked))
    assert Member.objects.get(pk=asked["id"]).first_order_at is None
    assert statements.run("SELECT 1", []) == [(1,)]  # the connection is well


def test_in_a_callers_transaction_they_are_part_of_it() -> None:
    asked = a_member()
    change = "UPDATE members_member SET first_order_at = now() WHERE id = %(id)s"
    with transaction.atomic():
        statements.run_in_turn((LOCK, asked), (change, asked), (TELL, asked))
        transaction.set_rollback(True)
    assert Member.objects.get(pk=asked["id"]).first_order_at is None


def is_locked(member: int) -> bool:
    """Whether another connection finds the row locked."""
    found: list[bool] = []

    def look() -> None:
        skipping = "SELECT id FROM members_member WHERE id = %s FOR UPDATE SKIP LOCKED"
        found.append(not statements.run(skipping, [member]))
        connection.close()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    return found[0]


def locked_while_the_second_is_prepared(monkeypatch: pytest.MonkeyPatch) -> bool:
    asked = a_member()
    statements.run_in_turn((LOCK, asked), (TELL, asked))  # the connection is there
    send, seen = statements._send, []

    def look_before_the_second(raw: Any, statement: str, given: Any) -> Any:
        if statement == TELL:
            seen.append(is_locked(asked["id"]))
        return send(raw, statement, given)

    monkeypatch.setattr(statements, "_send", look_before_the_second)
    statements.run_in_turn((LOCK, asked), (TELL, asked))
    return seen[0]


def test_no_lock_is_held_while_python_prepares_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not locked_while_the_second_is_prepared(monkeypatch)


def test_control_psycopgs_own_pipeline_has_the_lock_by_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(statements, "_held_back", contextlib.nullcontext)
    assert locked_while_the_second_is_prepared(monkeypatch)


def locked_while_it_waits_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> bool:
    asked = a_member()
    monkeypatch.setattr(statements, "_UNTIL_DURABLE", "SELECT pg_sleep(0.5)")
    slow = threading.Thread(
        target=lambda: (
            statements.run_in_turn((LOCK, asked), (TELL, asked)),
            connection.close(),
        )
    )
    slow.start()
    sleeping = (
        "SELECT pid FROM pg_stat_activity "
        "WHERE wait_event = 'PgSleep' AND datname = current_database()"
    )
    while not statements.run(sleeping, []):
        assert slow.is_alive(), "it never waited"
    seen = is_locked(asked["id"])
    slow.join()
    return seen


def test_no_lock_is_held_while_the_disk_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not locked_while_it_waits_for_the_disk(monkeypatch)


def test_control_one_transaction_has_the_lock_until_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("psycopg.Pipeline.sync", lambda pipeline: None)
    assert locked_while_it_waits_for_the_disk(monkeypatch)
