"""Several transactions at a time in one process of a worker.

A transaction of ours waits for the disk about as long as it works. While one lane waits for its
commit to be durable, another works, and PostgreSQL writes what several wait for at once.
"""

import contextvars
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.conf import settings
from django.db import close_old_connections, connections

T = TypeVar("T")

# How many lanes the work of this context may use. Only a worker opens more than one.
_open: contextvars.ContextVar[int] = contextvars.ContextVar("lanes", default=1)
_pool: ThreadPoolExecutor | None = None


def in_lanes(work: Callable[[], T]) -> T:
    """Run `work`; what it hands to `each` and `together` uses all lanes of this process."""
    token = _open.set(settings.WORKER_LANES)
    try:
        return work()
    finally:
        _open.reset(token)


def each(step: Callable[[T], int], things: Iterable[T]) -> int:
    """Do `step` for each thing, several at a time where lanes are open; the sum of what it returns.

    A step that raises ends it, once those under way are done.
    """
    if _open.get() == 1:
        return sum(map(step, things))
    return sum(_lanes().map(_mending(step), things))


def together(work: Callable[[], int]) -> int:
    """Have every open lane do `work`, which shares what there is with its like; the sum."""
    if _open.get() == 1:
        return work()
    return each(lambda _lane: work(), range(_open.get()))


def _lanes() -> ThreadPoolExecutor:
    """This process's threads. They live on, and so do their connections."""
    global _pool
    if _pool is None:
        _pool = ThreadPoolExecutor(settings.WORKER_LANES, thread_name_prefix="lane")
    return _pool


def close() -> None:
    """End the lanes of this process, with their connections, once none is at work."""
    global _pool
    if _pool is None:
        return
    meet = threading.Barrier(settings.WORKER_LANES)

    def leave(_lane: int) -> None:
        meet.wait()  # so that each lane comes once
        connections.close_all()

    list(_pool.map(leave, range(settings.WORKER_LANES)))
    _pool.shutdown()
    _pool = None


def _mending(step: Callable[[T], int]) -> Callable[[T], int]:
    """`step`, which leaves its lane a connection that works, or none."""

    def one(thing: T) -> int:
        try:
            return step(thing)
        except Exception:
            close_old_connections()
            raise

    return one
