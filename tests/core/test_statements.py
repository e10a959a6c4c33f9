"""Statements sent together: one transaction, one round trip, no lock before its time or after it."""

import contextlib
import subprocess
import sys
import threading
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import override_settings

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


def test_a_statement_is_asked_again_with_values_of_other_types() -> None:
    told = "SELECT %(n)s::bigint, %(what)s::text, %(many)s::bigint[]"
    for given in ((1, "a", [1, 2]), (None, None, None), (2**40, "ä", []), (-3, "", [5])):
        asked = dict(zip(("n", "what", "many"), given, strict=True))
        assert statements.run(told, asked) == [given]


def test_of_many_statements_each_has_its_own_rows() -> None:
    for turn in range(2):
        for n in range(statements._MOST_CURSORS + 5):
            assert statements.run(f"SELECT {n}, %(turn)s::int", {"turn": turn}) == [(n, turn)]


def test_rows_keep_nothing_of_the_ones_before() -> None:
    up_to = "SELECT n FROM generate_series(1, %(most)s::int) n"
    assert len(statements.run(up_to, {"most": 1000})) == 1000
    assert statements.run(up_to, {"most": 0}) == []
    assert all(cursor.pgresult is None for cursor in cursors_of(connection.connection).values())


def cursors_of(raw: Any) -> dict[bytes, Any]:
    kept: dict[bytes, Any] = raw.__dict__["_cursors_of_statements"]
    return kept


def test_binary_rows_are_the_same_values() -> None:
    told = """
    SELECT timestamptz '2026-11-26 08:00:00.5+08', NULL::timestamptz, 2::bigint, 3::smallint, 'ä'::text,
      ''::varchar, true, interval '90 minutes 3 days', ARRAY['a', NULL, 'c']::text[], 12.50::numeric
    """
    assert statements.run(told, [], binary=True) == statements.run(told, [])


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

    def look_before_the_second(raw: Any, statement: str, given: Any, **how: Any) -> Any:
        if statement == TELL:
            seen.append(is_locked(asked["id"]))
        return send(raw, statement, given, **how)

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


def plans_for_one_turn(mode: str) -> int:
    """How many plans were made for one turn's values only, of a statement that was run eight times."""
    with override_settings(DB_PLAN_CACHE_MODE=mode):
        connection.close()
        for n in range(8):
            statements.run("SELECT id FROM members_member WHERE id = %(n)s::bigint", {"n": n})
        made = "SELECT custom_plans FROM pg_prepared_statements WHERE statement LIKE %s"
        [(custom,)] = statements.run(made, ["SELECT id FROM members_member%"])
    connection.close()
    return int(custom)


def test_a_statement_is_planned_once_for_all_values() -> None:
    assert plans_for_one_turn("force_generic_plan") == 0


def test_control_postgresql_itself_plans_for_each_value_first() -> None:
    assert plans_for_one_turn("auto") > 0


def test_the_web_server_has_its_statements_planned_once() -> None:
    show = """
import referral_engine.wsgi
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SHOW plan_cache_mode")
    print(cursor.fetchone()[0])
"""
    told = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "force_generic_plan"
