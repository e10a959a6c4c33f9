"""Requests that wait together, so that what they bring is made durable in one statement."""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, Protocol, TypeVar

# More than that, and the first would wait for the last.
MOST = 200


class _Named(Protocol):
    @property
    def click_id(self) -> str: ...


Brought = TypeVar("Brought", bound=_Named)
Outcome = TypeVar("Outcome")


class _Place(Generic[Brought, Outcome]):
    """One who waits: for the outcome, or to lead the next batch."""

    __slots__ = ("brought", "error", "leads", "outcome", "turn")

    def __init__(self, brought: Brought) -> None:
        self.brought = brought
        self.turn = threading.Lock()
        self.turn.acquire()
        self.leads = False
        self.outcome: Outcome | None = None
        self.error: Exception | None = None


class Gathering(Generic[Brought, Outcome]):
    """Whoever comes first keeps what is there; who comes meanwhile is kept together, by the next.

    Nobody waits for others to come: alone, one is kept at once. `keep` is never called twice at a
    time, so it may use one connection.
    """

    def __init__(self, keep: Callable[[Sequence[Brought]], Mapping[str, Outcome]]) -> None:
        self._keep = keep
        self._door = threading.Lock()
        self._waiting: list[_Place[Brought, Outcome]] = []
        self._is_led = False

    def bring(self, brought: Brought) -> Outcome | None:
        """Keep it, with what others bring; its outcome, None when it was not kept.

        Raises what `keep` raised, to everybody of the batch.
        """
        place: _Place[Brought, Outcome] = _Place(brought)
        with self._door:
            self._waiting.append(place)
            leads, self._is_led = not self._is_led, True
        if not leads:
            place.turn.acquire()
        if leads or place.leads:
            self._lead()
        if place.error is not None:
            raise place.error
        return place.outcome

    def _lead(self) -> None:
        """Keep what waits, the first of which is ours, and let the next one lead."""
        with self._door:
            batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        outcomes: Mapping[str, Outcome] = {}
        error: Exception | None = None
        try:
            outcomes = self._keep([place.brought for place in batch])
        except Exception as raised:
            error = raised
        self._pass_on()
        for place in batch:
            place.outcome, place.error = outcomes.get(place.brought.click_id), error
            place.turn.release()

    def _pass_on(self) -> None:
        with self._door:
            self._is_led = bool(self._waiting)
            heir = self._waiting[0] if self._waiting else None
        if heir is not None:
            heir.leads = True
            heir.turn.release()
