"""Binding an edge of the chain: a newcomer joins, brought by the visit they made.

A bare insert of the same rows is sent by the same client as what stands beside it, so that only the
binding differs. By pgbench, beside the statement by which somebody joins (`bind-1`, …): what binding
asks of PostgreSQL. By Python, through psycopg, in as many processes and lanes, beside the whole
service (`bind-service-1`, …): what the look, the rules and the statement take together. `bind` alone
has unlike clients: the service in Python, and beside it a bare insert by pgbench, which is C.
"""

import datetime as dt
import json
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone
from psycopg.types.json import Jsonb

from apps.core.replies import Asked
from apps.invites.models import Participant, Visit
from apps.invites.selectors import Brought, visit_token
from apps.invites.services import campaign_join_and_reply
from benchmarks import pgbench, stage, workers
from benchmarks.arena import Arena
from benchmarks.database import Database
from benchmarks.errors import BenchmarkError, RanOut
from benchmarks.rounds import Case, Sample
from benchmarks.workers import Workers

TABLE = "invites_participant"
# Those whose links bring people stand side by side, at the end of one line.
LINKS = 100
DEPTH = 100
DEPTHS = (1, 100, 10_000)
ENDS = (1, 10_000)

FILL_LINE = pgbench.text("bind_fill")
FILL_GUESTS = pgbench.text("bind_guests")
TURN = pgbench.text("bind_turn")
BARE = pgbench.text("bind")

_NAMED = "('par_' || left(md5(:member::text), 22))"
# What differs from one newcomer to the next, said in SQL for both sides, for pgbench knows only numbers.
OF_EACH = {
    "member_id": ":member::bigint",
    "touch_link": ":link::bigint",
    "by_link": ":link::bigint",
    "touch_visit": ":visit::bigint",
    "referrer": ":referrer::bigint",
    "asked_lock": ":member::bigint",
    "participant": _NAMED,
    "asked_credential": "('mem_' || left(md5(:member::text), 22))",
    "asked_key": _NAMED,
    "told": f"jsonb_build_object('participant', {_NAMED}, 'campaign', :campaign_name::text)",
    "body": f"(:body::jsonb || jsonb_build_object('id', {_NAMED}))",
    "candidates": """jsonb_build_array(jsonb_build_object('touch', 0, 'source', 'visit',
      'referrer', :referrer::bigint, 'touched_at', :touched_at::text, 'verdict', 'won'))""",
}
_PLACE = re.compile(r"%\((\w+)\)s")


def make_case(arena: Arena) -> Case:
    """The service, as processes call it that do nothing else."""
    line = Line(arena.database, DEPTH)
    joining = workers.start(arena.stack, "joinings", workers.PROCESSES)
    return Case(
        name="bind",
        title=f"newcomers who join by a visit, at depth {DEPTH}, by {workers.PROCESSES} processes that "
        "call the service: the look, the rules, the write; unlike clients, as pgbench sends the ceiling",
        table=TABLE,
        engine=ServedJoinings(joining, line),
        ceiling=Statement(line, BARE, arena.connections),
        processes=joining.pids,
    )


def make_service_case(depth: int) -> Callable[[Arena], Case]:
    """The service beside a bare insert, both in Python."""

    def make(arena: Arena) -> Case:
        line = Line(arena.database, depth)
        joining, inserting = (
            workers.start(arena.stack, work, workers.PROCESSES) for work in ("joinings", "inserts")
        )
        return Case(
            name=f"bind-service-{depth}",
            title=f"the service that lets somebody join at depth {depth:,}, beside a bare insert of the "
            f"same rows that is given all its values: both by {workers.PROCESSES} processes of Python",
            table=TABLE,
            engine=ServedJoinings(joining, line),
            ceiling=SentInserts(inserting, line),
            processes=joining.pids,
        )

    return make


def make_statement_case(depth: int) -> Callable[[Arena], Case]:
    """The engine's own statement, sent as the ceiling is: what binding costs PostgreSQL."""

    def make(arena: Arena) -> Case:
        line = Line(arena.database, depth)
        return Case(
            name=f"bind-{depth}",
            title=f"the statement by which somebody joins at depth {depth:,}, sent by pgbench, beside a "
            "bare insert of the same rows: whether an edge is bound at 70 % of that",
            table=TABLE,
            engine=Statement(line, line.sent, arena.connections),
            ceiling=Statement(line, BARE, arena.connections),
            processes=(),
        )

    return make


@dataclass(frozen=True)
class Guests:
    """New members and their visits, both numbered without a gap."""

    number: int
    first_member: int
    first_visit: int


class Line:
    """A chain of a campaign of its own, the statement that lets somebody in below its end, and guests."""

    def __init__(self, database: Database, depth: int) -> None:
        self.database = database
        self.campaign = stage.make_group_campaign(f"A chain of {depth}")
        above = {"above": depth - 1, "links": LINKS, **self._in_campaign()}
        [(referrer, link)] = database.run(FILL_LINE, above)
        self._firsts = {"first_referrer": referrer, "first_link": link, "links": LINKS}
        root = Participant.objects.get(pk=referrer).root_id or referrer
        self.sent, asked = self._one_joins()
        asked |= {"root": root, "depth": depth}
        self._typed = {name: _typed(value) for name, value in asked.items() if value is not None}
        self._always = {name: value for name, (value, _) in self._typed.items()}
        self._always["campaign_name"] = self.campaign.public_id

    def script(self, statement: str) -> str:
        """The next guest's turn, and the statement with what is to be written for them."""
        text = _PLACE.sub(lambda place: self._said(place[1]), statement)
        return f"{TURN}\\if :at < :guests\n{text};\n\\endif\n"

    def _said(self, name: str) -> str:
        if name in OF_EACH:
            return OF_EACH[name]
        return f":{name}::{self._typed[name][1]}" if name in self._typed else "NULL"

    def bare(self) -> tuple[str, dict[str, str | int]]:
        """The bare insert as Python sends it, with the values that are the same for all guests."""
        names = set(_PLACE.findall(BARE))
        text = _PLACE.sub(lambda place: f"{place[0]}::{self._typed[place[1]][1]}", BARE)
        return text, {name: value for name, (value, _) in self._typed.items() if name in names}

    def of_each(self, guests: Guests) -> list[dict[str, str | int]]:
        """What differs from one guest to the next, as `OF_EACH` says it to pgbench."""
        return [self._of(guests, nth) for nth in range(guests.number)]

    def _of(self, guests: Guests, nth: int) -> dict[str, str | int]:
        named, turn = f"par_{uuid.uuid4().hex[:22]}", nth % LINKS
        link = self._firsts["first_link"] + turn
        return {
            "member_id": guests.first_member + nth,
            "touch_visit": guests.first_visit + nth,
            "touch_link": link,
            "by_link": link,
            "referrer": self._firsts["first_referrer"] + turn,
            "participant": named,
            "asked_credential": f"mem_{named}",
            "asked_key": named,
            "told": json.dumps({"participant": named, "campaign": self.campaign.public_id}),
            "body": json.dumps({**json.loads(str(self._always["body"])), "id": named}),
        }

    def guests(self, number: int) -> Guests:
        asked = {**self._firsts, "guests": number}
        [(member, visit)] = self.database.run(FILL_GUESTS, asked)
        return Guests(number, member, visit)

    def given(self, guests: Guests, clients: int) -> dict[str, str | int]:
        """The variables of a script."""
        return {
            **self._always,
            **self._firsts,
            "n": -1,
            "clients": clients,
            "guests": guests.number,
            "first_member": guests.first_member,
            "first_visit": guests.first_visit,
        }

    def _in_campaign(self) -> dict[str, Any]:
        version = self.campaign.published_version_id
        return {"campaign_id": self.campaign.pk, "version_id": version}

    def _one_joins(self) -> tuple[str, dict[str, Any]]:
        """What the service sends last when somebody joins, and with what."""
        guest, sent = self.guests(1), []
        token = visit_token(Visit.objects.get(pk=guest.first_visit))

        def watch(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
            sent.append((sql, parameters))
            return execute(sql, parameters, many, context)

        with connection.execute_wrapper(watch):
            if join(self.campaign.pk, guest.first_member, token) is None:
                raise BenchmarkError("bind: the service goes step by step")
        return sent[-1]


def join(campaign_id: int, member_id: int, token: str) -> dict[str, Any] | None:
    """Have somebody join by a visit, as the API does; None where it cannot be done at once."""
    names = ("mem_bench", "POST", "/api/v1/campaigns/cmp_bench/join", str(uuid.uuid4()))
    return campaign_join_and_reply(
        campaign_id=campaign_id,
        member_id=member_id,
        brought=Brought(visit_token=token),
        now=timezone.now(),
        reply=Asked(names, "0" * 64),
        body=lambda joining: {"id": joining.id, "joined_at": joining.joined_at.isoformat()},
    )


def _typed(value: Any) -> tuple[str | int, str]:
    """A value as PostgreSQL reads it, and its type there: pgbench knows neither."""
    match value:
        case Jsonb():
            return json.dumps(value.obj), "jsonb"
        case dt.datetime():
            return value.isoformat(), "timestamptz"
        case bool():
            return str(value).lower(), "boolean"
        case int():
            return value, "bigint"
        case _:
            return str(value), "text"


class Statement:
    """A statement that binds one guest after the other, sent by pgbench. Each guest comes once."""

    guess = 3_000
    least_seconds = pgbench.LEAST_SECONDS

    def __init__(self, line: Line, statement: str, clients: int) -> None:
        self._line = line
        self._script = line.script(statement)
        self._clients = clients
        self._guests = Guests(0, 0, 0)

    def prepare(self, acts: int) -> None:
        # A client that is through with its own guests does nothing while others go on.
        self._guests = self._line.guests(2 * acts)

    def run(self, seconds: float) -> Sample:
        database = self._line.database
        before = database.count(TABLE)
        sample = pgbench.run_text(
            self._script,
            name="bind",
            url=database.url,
            clients=self._clients,
            seconds=seconds,
            given=self._line.given(self._guests, self._clients),
        )
        if database.count(TABLE) - before < sample.acts:
            raise RanOut
        return sample


class _Served:
    """Guests who come one after the other to processes of Python, each with a share of them."""

    guess = 500
    least_seconds = 0.0

    def __init__(self, processes: Workers, line: Line) -> None:
        self._processes = processes
        self._line = line
        self._guests: list[Any] = []

    def run(self, seconds: float) -> Sample:
        number = len(self._processes.pids)
        shares = [{**self._given(), "guests": self._guests[n::number]} for n in range(number)]
        sample = self._processes.run(seconds, shares)
        if sample.acts == len(self._guests):
            raise RanOut
        return sample

    def _given(self) -> dict[str, Any]:
        raise NotImplementedError


class ServedJoinings(_Served):
    """campaign_join_and_reply, for one guest after the other."""

    def prepare(self, acts: int) -> None:
        made = self._line.guests(acts)
        visits = Visit.objects.filter(pk__gte=made.first_visit).order_by("pk")[:acts]
        self._guests = [
            (made.first_member + nth, visit_token(visit)) for nth, visit in enumerate(visits)
        ]

    def _given(self) -> dict[str, Any]:
        return {"campaign_id": self._line.campaign.pk}


class SentInserts(_Served):
    """The bare insert, for one guest after the other, sent as services send their SQL."""

    def prepare(self, acts: int) -> None:
        self._guests = self._line.of_each(self._line.guests(acts))

    def _given(self) -> dict[str, Any]:
        statement, always = self._line.bare()
        return {"statement": statement, "always": always}
