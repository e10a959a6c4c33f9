"""The door of the streams: `GET /api/v1/rooms/{id}/stream`, and nothing else.

Bare ASGI: what Django does around a view would cost more than the stream, and there is no request
here to authenticate. A stream shows what anybody may see who knows the room's id.
"""

import asyncio
import json
import random
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings

from apps.core.problems import CONTENT_TYPE, problem
from apps.groupbuy.streams import frames
from apps.groupbuy.streams.hub import Form, Hub, Listener, StreamsFull
from apps.groupbuy.streams.looking import look
from apps.groupbuy.streams.watcher import Watcher, stopped

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

HEARTBEAT_SECONDS = 15.0
# Who does not read this long has gone, or would only pile up what nobody reads.
SLOW_SECONDS = 10.0
# A stream ends now and then and is opened anew: a dead phone is never kept for long.
LIFE_SECONDS = 900.0  # give or take a fifth, so that a crowd does not come back as one
FIRST_LOOK_SECONDS = 5.0

_PATH = re.compile(r"/api/v1/rooms/(?P<room>[A-Za-z0-9_]{1,32})/stream")
_CORS = (b"access-control-allow-origin", b"*")


class Streams:
    """The ASGI application: one hub and one watcher per process."""

    def __init__(self, *, limit: int, seconds: float) -> None:
        self._limit = limit
        self._seconds = seconds
        self._hub: Hub
        self._watching: asyncio.Task[None]

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._hub = Hub(self._limit)
        watcher = Watcher(self._hub, look, seconds=self._seconds)
        self._watching = asyncio.create_task(watcher.run())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._hub.close()
        await stopped(self._watching)
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["path"] == "/livez":
            return await _plain(send, 200, self._health(), "application/json")
        found = _PATH.fullmatch(scope["path"])
        if found is None:
            return await _refuse(send, 404, "not_found", "There is no such door.")
        if scope["method"] != "GET":
            return await _refuse(send, 405, "method_not_allowed", "A stream is opened by GET.")
        form: Form = "page" if _asked_for(scope, "as") == "page" else "json"
        try:
            listener = self._hub.join(found["room"], form)
        except StreamsFull:
            return await _refuse(
                send, 503, "streams_full", "Too many people listen just now: poll the room instead."
            )
        try:
            await _Stream(self._hub, listener, send, _last_seen(scope)).run(receive)
        finally:
            self._hub.leave(listener)

    def _health(self) -> dict[str, Any]:
        return {"status": "ok", "listeners": len(self._hub), "looks": not self._hub.is_away}


class _Stream:
    """One listener's stream, from its headers to its end."""

    def __init__(self, hub: Hub, listener: Listener, send: Send, last_seen: str) -> None:
        self._hub = hub
        self._listener = listener
        self._send = send
        self._told = last_seen
        self._was_away = False

    async def run(self, receive: Receive) -> None:
        """Say what there is to say until it is over, the listener has gone, or its time is up."""
        gone = asyncio.ensure_future(_disconnected(receive))
        try:
            if await self._open():
                await self._tell(gone, asyncio.get_running_loop().time() + _life())
                await self._bytes(b"", more=False)
        except TimeoutError:
            return  # it does not read: the connection is closed
        finally:
            gone.cancel()

    async def _open(self) -> bool:
        """Send the headers, or an answer that needs no stream; whether there is one."""
        await self._wait(FIRST_LOOK_SECONDS)
        if self._hub.is_unknown(self._listener):
            await _refuse(self._send, 404, "room_unknown", "There is no such room.")
            return False
        shown = self._hub.shown(self._listener)
        if shown is not None and shown.is_over and shown.mark == self._told:
            # Nothing will ever change: 204 tells an EventSource not to come again.
            await self._send({"type": "http.response.start", "status": 204, "headers": [_CORS]})
            await self._bytes(b"", more=False)
            return False
        await self._send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        await self._bytes(frames.opening())
        return True

    async def _wait(self, seconds: float) -> None:
        if self._hub.shown(self._listener) is None and not self._hub.is_away:
            try:
                await asyncio.wait_for(self._listener.wake.wait(), seconds)
            except TimeoutError:
                return

    async def _tell(self, gone: "asyncio.Future[Any]", until: float) -> None:
        loop = asyncio.get_running_loop()
        while not self._hub.is_closed and not gone.done() and loop.time() < until:
            self._listener.wake.clear()
            if await self._news():
                return
            wake: asyncio.Future[Any] = asyncio.ensure_future(self._listener.wake.wait())
            await asyncio.wait(
                [wake, gone], timeout=HEARTBEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            if wake.cancel() and not gone.done():
                await self._bytes(frames.event("tick", {"now": self._hub.now()}))

    async def _news(self) -> bool:
        """Say what has changed since the last time; whether the room has ended with that."""
        if self._hub.is_unknown(self._listener):
            await self._bytes(frames.event("end", {"status": "gone"}))
            return True
        if self._hub.is_away != self._was_away:
            self._was_away = self._hub.is_away
            await self._bytes(frames.event("away" if self._was_away else "back", {}))
        shown = self._hub.shown(self._listener)
        if shown is None or self._hub.is_away:
            return False
        if shown.mark != self._told:
            self._told = shown.mark
            text = shown.forms[self._listener.form]
            await self._bytes(frames.event("room", text, mark=shown.mark))
        if shown.is_over:
            await self._bytes(frames.event("end", {"status": "over"}, mark=shown.mark))
        return shown.is_over

    async def _bytes(self, body: bytes, *, more: bool = True) -> None:
        """Raises TimeoutError when the listener does not read."""
        message = {"type": "http.response.body", "body": body, "more_body": more}
        await asyncio.wait_for(self._send(message), SLOW_SECONDS)


def _life() -> float:
    return LIFE_SECONDS * random.uniform(0.8, 1.2)


_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would collect the events otherwise
    (b"x-content-type-options", b"nosniff"),
    _CORS,
]


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _asked_for(scope: Message, name: str) -> str:
    query = parse_qs(scope["query_string"].decode("latin-1"))
    return query.get(name, [""])[0]


def _last_seen(scope: Message) -> str:
    headers = dict(scope["headers"])
    return str(headers.get(b"last-event-id", b"").decode("latin-1"))


async def _refuse(send: Send, status: int, code: str, detail: str) -> None:
    await _plain(send, status, problem(status, code, detail), CONTENT_TYPE)


async def _plain(send: Send, status: int, body: dict[str, Any], content_type: str) -> None:
    headers = [(b"content-type", content_type.encode()), (b"cache-control", b"no-store"), _CORS]
    headers += [(b"retry-after", b"5")] if status == 503 else []
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


def application() -> Streams:
    """The application as the settings want it."""
    return Streams(limit=settings.STREAMS_LISTENERS, seconds=settings.STREAMS_SECONDS)
