"""One look a second (STREAMS_SECONDS) for all listeners of a process, however many there are.

Looking is a plain SELECT in autocommit: it survives PgBouncer in transaction mode, a failover and a
read replica, and costs those who take seats nothing (docs/adr).
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from apps.groupbuy.streams.hub import Hub
from apps.groupbuy.streams.looking import Found, Wanted

log = logging.getLogger(__name__)

# A look that takes longer than this is as good as none: listeners are told.
LATE_SECONDS = 4.0

Look = Callable[[Wanted], Found]


class Watcher:
    """Asks `look` about the rooms that have listeners and tells the hub what changed.

    `look` runs in one thread of its own, so that it may use the ORM and keeps one connection.
    """

    def __init__(self, hub: Hub, look: Look, *, seconds: float) -> None:
        self._hub = hub
        self._look = look
        self._seconds = seconds
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="watcher")

    async def run(self) -> None:
        """Look for ever, or until cancelled."""
        try:
            while True:
                await self._pause()
                await self._once()
        finally:
            self._thread.shutdown(wait=False, cancel_futures=True)

    async def _pause(self) -> None:
        """Until the next look; less when somebody has asked for a room that nobody had listened to."""
        hurry = asyncio.create_task(self._hub.asked.wait())
        await asyncio.wait({hurry}, timeout=self._seconds)
        hurry.cancel()
        if self._hub.asked.is_set():
            await asyncio.sleep(0.02)  # a crowd that comes at once is one look
        self._hub.asked.clear()

    async def _once(self) -> None:
        wanted = self._hub.wanted()
        if not wanted:
            return
        looking = asyncio.get_running_loop().run_in_executor(self._thread, self._look, wanted)
        done, _ = await asyncio.wait({looking}, timeout=LATE_SECONDS)
        if not done:
            self._away("no answer yet")
        try:
            found = await looking
        except Exception as error:
            self._away(str(error))
            return
        self._hub.show(found.now, found.changed, found.unknown)

    def _away(self, why: str) -> None:
        if not self._hub.is_away:  # once, not every second
            log.error("the database does not answer the streams: %s", why)
        self._hub.away()


async def stopped(task: "asyncio.Task[None]") -> None:
    """Cancel a task and wait until it has ended."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
