"""What "atomic" means here: `in_transaction` for services, `retrying` for edges."""

import functools
import random
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import OperationalError, transaction
from psycopg import errors as pg

from apps.core.errors import Busy

P = ParamSpec("P")
R = TypeVar("R")

ATTEMPTS = 5
_TRANSIENT = (pg.DeadlockDetected, pg.SerializationFailure)


def in_transaction(service: Callable[P, R]) -> Callable[P, R]:
    """Run `service` inside the caller's transaction, or in one of its own.

    Without a savepoint: a service that raises takes the whole transaction with it, so nothing is
    ever half done.
    """

    @functools.wraps(service)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        with transaction.atomic(savepoint=False):
            return service(*args, **kwargs)

    return wrapper


def is_transient(error: Exception) -> bool:
    """Whether PostgreSQL chose this transaction as a victim, and it may simply run again."""
    return isinstance(error, OperationalError) and isinstance(error.__cause__, _TRANSIENT)


def retrying(work: Callable[[], R]) -> R:
    """Run `work`, a whole transaction, again from the top when PostgreSQL chose it as a victim.

    At most 5 attempts with growing, jittered pauses. Raises Busy when they are used up or when a
    lock was not had within `lock_timeout`.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return work()
        except OperationalError as error:
            if isinstance(error.__cause__, pg.LockNotAvailable):
                raise Busy() from error
            if not is_transient(error):
                raise
            if attempt == ATTEMPTS:
                raise Busy() from error
            time.sleep(random.uniform(0.005, 0.02) * 2**attempt)
    raise AssertionError("unreachable")
