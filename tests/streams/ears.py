"""Listening to a stream as an app does, and as a crowd does."""

import asyncio
import json
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx


@dataclass(frozen=True)
class Heard:
    """An event as `EventSource` would hand it over."""

    name: str
    data: str
    id: str

    def json(self) -> Any:
        return json.loads(self.data)


class Ear:
    """One open stream."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.iter_lines()

    def next(self, *names: str) -> Heard:
        """The next event, or the next of these names."""
        while True:
            heard = self._event()
            if not names or heard.name in names:
                return heard

    def rest(self) -> list[str]:
        """The names of what still comes until the stream ends."""
        names = []
        try:
            while True:
                names.append(self._event().name)
        except StopIteration:
            return names

    def _event(self) -> Heard:
        fields: dict[str, list[str]] = {}
        while True:
            line = next(self._lines)
            if line and not line.startswith(":"):
                name, _, value = line.partition(": ")
                fields.setdefault(name, []).append(value)
            elif not line and "event" in fields:
                data = "\n".join(fields.get("data", []))
                return Heard(fields["event"][0], data, fields.get("id", [""])[0])
            elif not line:
                fields.clear()


@contextmanager
def ear(url: str, room: str, query: str = "", last: str = "") -> Iterator[Ear]:
    """Listen to a room as long as the block lasts."""
    headers = {"Last-Event-ID": last} if last else {}
    with httpx.Client(timeout=40, trust_env=False) as client:
        path = f"{url}/api/v1/rooms/{room}/stream{query}"
        with client.stream("GET", path, headers=headers) as response:
            yield Ear(response)


class Crowd:
    """Many listeners on bare sockets, in an event loop of their own beside the test."""

    def __init__(self, url: str, room: str) -> None:
        self._at = urlsplit(url)
        self._room = room
        self._readers: list[asyncio.StreamReader] = []
        self._writers: list[asyncio.StreamWriter] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def gather(self, many: int) -> None:
        """Connect, and return when each has heard what the room looks like."""
        self._run(self._connect_all(many))
        self.hear("event: room")

    def hear(self, words: str, seconds: float = 60) -> None:
        """Return when each has heard these words. Raises TimeoutError."""
        self._run(asyncio.wait_for(self._hear(words.encode()), seconds))

    def scatter(self) -> None:
        """Leave without a word."""
        self._run(self._abort())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, doing: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(doing, self._loop).result(120)

    async def _connect_all(self, many: int) -> None:
        for _ in range(0, many, 50):  # a backlog has its limits
            await asyncio.gather(*(self._connect() for _ in range(50)))

    async def _connect(self) -> None:
        reader, writer = await asyncio.open_connection(self._at.hostname, self._at.port)
        request = (
            f"GET /api/v1/rooms/{self._room}/stream HTTP/1.1\r\nHost: {self._at.netloc}\r\n\r\n"
        )
        writer.write(request.encode())
        self._readers.append(reader)
        self._writers.append(writer)

    async def _hear(self, words: bytes) -> None:
        await asyncio.gather(*(reader.readuntil(words) for reader in self._readers))

    async def _abort(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0.1)  # until each connection has noticed
