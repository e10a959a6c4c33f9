"""A small HTTP load generator: keep-alive connections, each with one request under way.

wrk is lighter, but cannot send a fresh body and key with each request and stop when they are used
up. Every answer is waited for, so answers can be compared with rows.
"""

import itertools
import json
import multiprocessing
import queue
import selectors
import signal
import socket
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.errors import EngineFailed

NAME = "benchmarks.load"
# A phone's, because links opened by scripts are told apart and count nowhere.
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.60"
)
ANSWER_SECONDS = 30.0
START_SECONDS = 60.0


@dataclass(frozen=True)
class Load:
    """`repeat`: send the requests over and over; else each once, in order."""

    address: tuple[str, int]
    connections: int
    seconds: float
    repeat: bool = False
    processes: int = 1


def post(address: tuple[str, int], path: str, token: str, body: dict[str, Any]) -> bytes:
    """A request to the API, to be sent once: it has an Idempotency-Key of its own."""
    host, port = address
    text = json.dumps(body) if body else ""
    head = (
        f"POST {path} HTTP/1.1",
        f"Host: {host}:{port}",
        f"User-Agent: {PHONE}",
        f"Authorization: Bearer {token}",
        f"Idempotency-Key: {uuid.uuid4()}",
        "Content-Type: application/json",
        f"Content-Length: {len(text)}",
    )
    return ("\r\n".join(head) + "\r\n\r\n" + text).encode()


@dataclass
class Tally:
    """What was answered: how often which status, from `began` to `ended` on the monotonic clock."""

    began: float
    ended: float
    statuses: Counter[int] = field(default_factory=Counter)
    refusal: str = ""

    @property
    def seconds(self) -> float:
        return self.ended - self.began

    @property
    def answers(self) -> int:
        return self.statuses.total()


def run(load: Load, requests: Sequence[bytes]) -> Tally:
    """Send requests for `load.seconds`, then wait for the last answers.

    Raises EngineFailed when a connection breaks or an answer is no success.
    """
    context = multiprocessing.get_context("spawn")
    gate, told = context.Barrier(load.processes), context.Queue()
    lanes = [
        context.Process(
            target=_lane, args=(load, requests[n :: load.processes], gate, told), daemon=True
        )
        for n in range(load.processes)
    ]
    for lane in lanes:
        lane.start()
    patience = START_SECONDS + load.seconds + ANSWER_SECONDS
    try:
        tallies = [told.get(timeout=patience) for _ in lanes]
    except queue.Empty:
        raise EngineFailed("the load generator died") from None
    for lane in lanes:
        lane.join()
    for tally in tallies:
        if tally.refusal:
            raise EngineFailed(tally.refusal)
    return Tally(
        min(tally.began for tally in tallies),
        max(tally.ended for tally in tallies),
        sum((tally.statuses for tally in tallies), Counter()),
    )


def _lane(load: Load, requests: Sequence[bytes], gate: Any, told: Any) -> None:
    """One process: its share of the connections. Tells a tally, whatever happens."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # our parent ends us
    tally = Tally(0.0, 0.0)
    try:
        connections = [_Connection(load.address) for _ in range(load.connections // load.processes)]
        gate.wait(START_SECONDS)
        turns = itertools.cycle(requests) if load.repeat else iter(requests)
        _drive(connections, turns, load.seconds, tally)
    except Exception as error:
        gate.abort()
        tally.refusal = f"load: {error!r}"
    told.put(tally)


def _drive(
    connections: list["_Connection"], turns: Iterator[bytes], seconds: float, tally: Tally
) -> None:
    selector = selectors.DefaultSelector()
    tally.began = time.monotonic()
    for connection, request in zip(connections, turns, strict=False):
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.socket.sendall(request)
    while selector.get_map():
        ready = selector.select(ANSWER_SECONDS)
        if not ready:
            raise TimeoutError(f"no answer for {ANSWER_SECONDS:.0f} s")
        for key, _ in ready:
            if (status := key.data.receive()) is None:
                continue
            tally.ended = time.monotonic()
            tally.statuses[status] += 1
            request = next(turns, None) if tally.ended - tally.began < seconds else None
            if request is None:
                selector.unregister(key.fileobj)
            else:
                key.data.socket.sendall(request)


class _Connection:
    """A keep-alive connection and what has arrived of an answer."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, ANSWER_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._arrived = b""

    def receive(self) -> int | None:
        """The answer's status once it is complete, else None. Raises when it is no success."""
        chunk = self.socket.recv(65536)
        if not chunk:
            raise ConnectionError("the engine closed a connection")
        self._arrived += chunk
        head, blank, body = self._arrived.partition(b"\r\n\r\n")
        if not blank or len(body) < _content_length(head):
            return None
        self._arrived = b""
        status = int(head[9:12])
        if not 200 <= status < 400:
            raise ValueError(f"{status}: {body[:300].decode(errors='replace')}")
        return status


def _content_length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"content-length:")
    if not found:
        raise ValueError("an answer without Content-Length")
    return int(rest.partition(b"\r\n")[0])
