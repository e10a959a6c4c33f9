"""What a held seat and a payment through the API are made of.

In this process, without a web server: where its processor time goes, sampled, beside that of the
PostgreSQL process it talks to; and the statements, in their order, with what each waits for.
"""

import io
import json
import re
import signal
import sys
import time
import uuid
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from types import FrameType
from typing import Any

import psutil
from django.db import connection
from django.utils import timezone

from benchmarks import stage
from benchmarks.errors import EngineFailed

WARM_UP, ACTS, WATCHED = 20, 300, 80
ALL = WARM_UP + ACTS + WATCHED
SIZE = 20
SAMPLE_SECONDS = 0.001

Call = Callable[[], Any]

# Where a sample belongs: by the innermost frame that is one of these.
_PARTS = (
    ("/psycopg", "psycopg"),
    ("/django/db/models/", "ORM: models and queries, built and compiled"),
    ("/django/db/", "Django's connection and transactions"),
    ("/rest_framework/", "DRF"),
    ("/django/", "Django's request and response"),
    ("/apps/", "the engine's own code"),
)
POSTGRES = "PostgreSQL"


@dataclass(frozen=True)
class Statement:
    """One that is sent: its verb and tables, and the median of what it was waited for."""

    text: str
    milliseconds: float


@dataclass(frozen=True)
class Anatomy:
    """Of one kind of act: processor time of an act by part, and its statements."""

    name: str
    milliseconds: dict[str, float]
    statements: tuple[Statement, ...]

    def lines(self) -> list[str]:
        total = sum(self.milliseconds.values())
        parts = sorted(self.milliseconds.items(), key=lambda part: -part[1])
        shares = ", ".join(f"{name} {part / total:.0%}" for name, part in parts)
        sent = [
            f"  {place:>2} {one.milliseconds:5.2f} ms  {one.text}"
            for place, one in enumerate(self.statements, 1)
        ]
        return [
            f"{self.name}: {total:.1f} ms of processor time: {shares}",
            f"{self.name}: {len(self.statements)} statements besides BEGIN and COMMIT:",
            *sent,
        ]

    def told(self) -> dict[str, Any]:
        return {
            "processor_milliseconds": {k: round(v, 2) for k, v in self.milliseconds.items()},
            "statements": [[one.text, round(one.milliseconds, 3)] for one in self.statements],
        }


def dissect(on_act: Call = lambda: None) -> tuple[Anatomy, Anatomy]:
    """That of a hold, by somebody new whom a link brought, and that of the payment of such a seat."""
    ready = visitors(ALL)
    coming, seated, key = iter(ready), iter(ready), stage.make_key()
    seats: deque[dict[str, Any]] = deque()
    held = _anatomy("hold", lambda: seats.append(hold(next(coming))), on_act)
    paid = _anatomy("payment", lambda: pay(next(seated), seats.popleft(), key), on_act)
    return held, paid


def _anatomy(name: str, act: Call, on_act: Call) -> Anatomy:
    for _ in range(WARM_UP):
        act()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = psutil.Process(cursor.fetchone()[0])
    samples: Counter[str] = Counter()
    before, began = backend.cpu_times(), time.process_time()
    with _sampling(samples):
        for _ in range(ACTS):
            act()
            on_act()
    ours, after = time.process_time() - began, backend.cpu_times()
    theirs = after.user + after.system - before.user - before.system
    times = {part: ours * n / samples.total() for part, n in samples.items()} | {POSTGRES: theirs}
    statements = _statements(act, on_act)
    return Anatomy(name, {part: t / ACTS * 1000 for part, t in times.items()}, statements)


@contextmanager
def _sampling(samples: Counter[str]) -> Iterator[None]:
    """Ask every so often of this process's processor time where it is."""

    def look(_number: int, frame: FrameType | None) -> None:
        samples[_part(frame)] += 1

    former = signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, SAMPLE_SECONDS, SAMPLE_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, former)


def _part(frame: FrameType | None) -> str:
    while frame is not None:
        name = frame.f_code.co_filename
        for mark, part in _PARTS:
            if mark in name:
                return part
        frame = frame.f_back
    return "other"


def _statements(act: Call, on_act: Call) -> tuple[Statement, ...]:
    """The statements of an act, which sends the same ones each time, in their order."""
    waits: dict[tuple[int, str], list[float]] = defaultdict(list)
    for _ in range(WATCHED):
        with watched() as sent:
            act()
        on_act()
        for place, (text, seconds) in enumerate(sent):
            waits[place, text].append(seconds)
    usual = [key for key, times in waits.items() if len(times) > WATCHED // 2]
    return tuple(Statement(key[1], median(waits[key]) * 1000) for key in sorted(usual))


@contextmanager
def watched() -> Iterator[list[tuple[str, float]]]:
    """What is sent while the block lasts: (a short text, seconds) of each statement."""
    sent: list[tuple[str, float]] = []

    def watch(execute: Callable[..., Any], sql: Any, *how: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(sql, *how)
        finally:
            sent.append((shortened(str(sql)), time.perf_counter() - began))

    with connection.execute_wrapper(watch):
        yield sent


_TABLE = re.compile(r'\b(?:FROM|INTO|UPDATE|JOIN)\s+"?([a-z_]+)"?')


def shortened(sql: str) -> str:
    """A statement's verb, its tables, and how it locks."""
    text = " ".join(sql.split())
    if "SAVEPOINT" in text:
        return text.rpartition(" ")[0]  # without its name, which is another each time
    verb, tables = text.partition(" ")[0], list(dict.fromkeys(_TABLE.findall(text)))
    lock = " FOR NO KEY UPDATE" if "FOR NO KEY UPDATE" in text else ""
    lock = lock or (" FOR KEY SHARE" if "FOR KEY SHARE" in text else "")
    return f"{verb} {', '.join(tables) or text.partition(' ')[2][:60]}{lock}"


@dataclass(frozen=True)
class Visitor:
    """Somebody the shop knows who has opened a room's link."""

    name: str
    room: str
    guest: stage.Guest


def visitors(number: int) -> list[Visitor]:
    """Members in front of open rooms of one offer, which their visits will fill but for a last seat."""
    offer = stage.make_offer(stage.make_group_campaign("Dissected"), size=SIZE)
    found: list[Visitor] = []
    while len(found) < number:
        opened = stage.make_room(offer)
        for _ in range(SIZE - 2):
            shopper = stage.make_shopper()
            guest = stage.make_guest(opened.link, shopper.member)
            found.append(Visitor(shopper.external_id, opened.room.public_id, guest))
    return found


def hold(visitor: Visitor) -> dict[str, Any]:
    """Hold a seat in the room whose link was opened; the reply."""
    body = {"visit_token": visitor.guest.visit_token, "sku": stage.TEA.sku}
    return call(f"/api/v1/rooms/{visitor.room}/seats", visitor.guest.token, body)


def pay(visitor: Visitor, seat: dict[str, Any], key: str) -> None:
    """Report the order of that seat with a server key."""
    line = {"line_id": "1", "sku": seat["sku"], "quantity": 1, "seat": seat["id"]}
    body = {
        "order_id": f"dissected-{visitor.name}",
        "member": visitor.name,
        "currency": seat["currency"],
        "paid_minor": seat["price_minor"],
        "lines": [line | {"amount_minor": seat["price_minor"]}],
        "occurred_at": timezone.now().isoformat(),
    }
    call("/api/v1/orders", key, body)


def call(path: str, token: str, body: dict[str, Any]) -> dict[str, Any]:
    """POST to the engine's WSGI application, here; the reply. Raises EngineFailed for a refusal."""
    from referral_engine.wsgi import application

    content, statuses = json.dumps(body).encode(), []
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(content)),
        "HTTP_HOST": "127.0.0.1",
        "HTTP_AUTHORIZATION": f"Bearer {token}",
        "HTTP_IDEMPOTENCY_KEY": str(uuid.uuid4()),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(content),
        "wsgi.errors": sys.stderr,
    }
    answer: Any = application(environ, lambda status, _headers, *_more: statuses.append(status))
    try:
        text = b"".join(answer)
    finally:
        getattr(answer, "close", lambda: None)()
    if not statuses[0].startswith("2"):
        raise EngineFailed(f"{path}: {statuses[0]}: {text[:300]!r}")
    return dict(json.loads(text))
