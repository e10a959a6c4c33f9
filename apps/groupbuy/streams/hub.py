"""Who listens to which room. Lives in one event loop; nothing here waits for a database.

A listener owes nothing to the others: it is told the latest state of its room, and however slowly it
reads, no older ones pile up for it.
"""

import asyncio
import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

Form = Literal["json", "page"]


@dataclass(frozen=True)
class Shown:
    """A room at one moment: its mark, whether it has ended, and how each form shows it."""

    mark: str
    is_over: bool
    forms: dict[Form, str]


class StreamsFull(Exception):
    """This process has as many listeners as it may have."""


@dataclass(eq=False)
class Listener:
    """One open stream. `wake` is set whenever there may be something to say."""

    room: str
    form: Form
    wake: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class _Watched:
    listeners: set[Listener] = field(default_factory=set)
    shown: Shown | None = None
    is_unknown: bool = False


class Hub:
    """The listeners of this process, at most `limit`, and what they were last shown."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rooms: dict[str, _Watched] = defaultdict(_Watched)
        self._count = 0
        self._clock: tuple[dt.datetime, float] | None = None
        self.is_away = False
        self.is_closed = False
        self.asked = asyncio.Event()

    def __len__(self) -> int:
        return self._count

    def join(self, room: str, form: Form) -> Listener:
        """Start listening. Raises StreamsFull. Whoever joins must leave."""
        if self._count >= self._limit:
            raise StreamsFull
        listener = Listener(room, form)
        self._rooms[room].listeners.add(listener)
        self._count += 1
        if not self._has(listener):
            self.asked.set()
        return listener

    def leave(self, listener: Listener) -> None:
        """Stop listening. A room without listeners is forgotten."""
        watched = self._rooms[listener.room]
        watched.listeners.discard(listener)
        self._count -= 1
        if not watched.listeners:
            del self._rooms[listener.room]

    def shown(self, listener: Listener) -> Shown | None:
        """What is known of the listener's room, in its form; None before the first look."""
        return self._rooms[listener.room].shown if self._has(listener) else None

    def is_unknown(self, listener: Listener) -> bool:
        """Whether a look has found no such room."""
        return self._rooms[listener.room].is_unknown

    def wanted(self) -> dict[str, tuple[str, frozenset[Form]]]:
        """Each watched room with the mark it was last shown at, "" where a form is missing yet."""
        wanted = {}
        for room, watched in self._rooms.items():
            forms = frozenset(listener.form for listener in watched.listeners)
            complete = watched.shown is not None and forms <= watched.shown.forms.keys()
            mark = watched.shown.mark if watched.shown and complete else ""
            wanted[room] = (mark, forms)
        return wanted

    def show(
        self, now: dt.datetime, changed: Mapping[str, Shown], unknown: Collection[str]
    ) -> None:
        """Tell what a look has found: the rooms that changed, and those that do not exist."""
        self._clock = (now, _elapsed())
        came_back, self.is_away = self.is_away, False
        for room in self._rooms.keys() & {*changed, *unknown}:
            self._rooms[room].shown = changed.get(room)
            self._rooms[room].is_unknown = room in unknown
            self._wake(self._rooms[room])
        if came_back:
            self._wake_all()

    def now(self) -> str | None:
        """The database's clock, as far as the last look tells; None before the first."""
        if self._clock is None:
            return None
        now, at = self._clock
        return (now + dt.timedelta(seconds=_elapsed() - at)).isoformat()

    def away(self) -> None:
        """Tell everybody that the database does not answer."""
        if not self.is_away:
            self.is_away = True
            self._wake_all()

    def close(self) -> None:
        """Let every stream end; browsers come back by themselves."""
        self.is_closed = True
        self._wake_all()

    def _has(self, listener: Listener) -> bool:
        shown = self._rooms[listener.room].shown
        return shown is not None and listener.form in shown.forms

    def _wake_all(self) -> None:
        for watched in self._rooms.values():
            self._wake(watched)

    @staticmethod
    def _wake(watched: _Watched) -> None:
        for listener in watched.listeners:
            listener.wake.set()


def _elapsed() -> float:
    return asyncio.get_running_loop().time()
