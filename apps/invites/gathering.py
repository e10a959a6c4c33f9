"""Requests that wait together, so that what they bring is made durable in one statement."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, Protocol, TypeVar

# More than that, and the first would wait for the last.
MOST = 200


class _Named(Protocol):
    @property
    def click_id(self) -> str: ...


Brought = TypeVar("Brought", bound=_Named)
Outcome = TypeVar("Outcome")


class Gathering(Generic[Brought, Outcome]):
    """Whoever comes while a hand is free is kept at once; others wait, and are kept together.

    Nobody waits for others to come. `keep` is called in threads, `hands` at a time at the most; all
    else happens on the loop of whoever brings.
    """

    def __init__(
        self, keep: Callable[[Sequence[Brought]], Mapping[str, Outcome]], *, hands: int
    ) -> None:
        self._keep = keep
        self._idle = hands
        self._hands = ThreadPoolExecutor(hands, thread_name_prefix="hand")
        self._waiting: list[tuple[Brought, asyncio.Future[Outcome | None]]] = []

    async def bring(self, brought: Brought) -> Outcome | None:
        """Keep it, with what others bring; its outcome, None when it was not kept.

        Raises what `keep` raised, to everybody of the batch.
        """
        loop = asyncio.get_running_loop()
        told: asyncio.Future[Outcome | None] = loop.create_future()
        self._waiting.append((brought, told))
        if self._idle:
            self._begin(loop)
        return await told

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have a hand keep what waits, but for those who hung up meanwhile."""
        waiting = [one for one in self._waiting if not one[1].done()]
        batch, self._waiting = waiting[:MOST], waiting[MOST:]
        if not batch:
            return
        self._idle -= 1
        self._hands.submit(self._work, loop, batch)

    def _work(
        self,
        loop: asyncio.AbstractEventLoop,
        batch: list[tuple[Brought, "asyncio.Future[Outcome | None]"]],
    ) -> None:
        outcomes: Mapping[str, Outcome] = {}
        error: Exception | None = None
        try:
            outcomes = self._keep([brought for brought, _ in batch])
        except Exception as raised:
            error = raised
        loop.call_soon_threadsafe(self._tell, loop, batch, outcomes, error)

    def _tell(
        self,
        loop: asyncio.AbstractEventLoop,
        batch: list[tuple[Brought, "asyncio.Future[Outcome | None]"]],
        outcomes: Mapping[str, Outcome],
        error: Exception | None,
    ) -> None:
        self._idle += 1
        if self._waiting:
            self._begin(loop)
        for brought, told in batch:
            if told.done():  # they hung up
                continue
            if error is None:
                told.set_result(outcomes.get(brought.click_id))
            else:
                told.set_exception(error)
