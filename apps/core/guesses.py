"""Codes that nobody has: whoever tries many is refused for a while, whatever they try then.

Only misses are counted, in the cache and for all processes; what is found costs nothing. A process
remembers who is over the limit, and learns it with their next miss: so somebody may miss once more in
each process, and find nothing more in any that knows. While the cache is away nobody is counted.
"""

import logging
import time
from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.utils.crypto import salted_hmac
from redis.exceptions import RedisError

from apps.core.errors import EngineError
from apps.core.proxies import client_address

log = logging.getLogger(__name__)

WINDOW_SECONDS = 60
MOST_REMEMBERED = 100_000

# Who is over, and until when on the wall clock.
_over: dict[str, float] = {}


class TooManyGuesses(EngineError):
    code = "too_many_guesses"
    status = 429
    message = "Too many codes that nobody has came from here. Try again in a minute."

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__()
        self.headers = headers


def is_over(meta: Mapping[str, Any], member_id: int | None = None) -> bool:
    """Whether this process knows that who asks has guessed too often, by address or as a member."""
    if not _over:
        return False
    now = time.time()
    return any(_over.get(who, 0.0) > now for who, _ in _limits(meta, member_id))


def demand_few(meta: Mapping[str, Any], member_id: int | None = None) -> None:
    """Raises TooManyGuesses for whoever is over the limit."""
    if is_over(meta, member_id):
        left = _left()
        told = _headers(min(most for _, most in _limits(meta, member_id)), 0, left)
        raise TooManyGuesses({**told, "Retry-After": str(left)})


def guessed(meta: Mapping[str, Any], member_id: int | None = None) -> dict[str, str]:
    """Count a miss, atomically; the `RateLimit-*` headers of the limit that is nearer."""
    left = _left()
    try:
        counts = [(most, _count(who, most, left)) for who, most in _limits(meta, member_id)]
    except RedisError as error:
        log.error("guesses are not counted: %s", error)
        return {}
    most, count = min(counts, key=lambda pair: pair[0] - pair[1])
    return _headers(most, max(most - count, 0), left)


def _count(who: str, most: int, left: int) -> int:
    key = f"guesses:{who}:{int(time.time()) // WINDOW_SECONDS}"
    cache.add(key, 0, timeout=2 * WINDOW_SECONDS)
    count = int(cache.incr(key))
    if count >= most:
        if len(_over) >= MOST_REMEMBERED:
            _over.clear()
        _over[who] = time.time() + left
    return count


def _limits(meta: Mapping[str, Any], member_id: int | None) -> Iterator[tuple[str, int]]:
    """Who it is, as nothing that could be read back, and how many misses they have in a window."""
    yield _named(f"address {client_address(meta)}"), settings.GUESSES_PER_ADDRESS
    if member_id is not None:
        yield _named(f"member {member_id}"), settings.GUESSES_PER_MEMBER


def _named(who: str) -> str:
    return salted_hmac("core.guesses", who, algorithm="sha256").hexdigest()[:32]


def _left() -> int:
    """Seconds until the window is over."""
    return WINDOW_SECONDS - int(time.time()) % WINDOW_SECONDS


def _headers(most: int, remaining: int, left: int) -> dict[str, str]:
    return {
        "RateLimit-Limit": str(most),
        "RateLimit-Remaining": str(remaining),
        "RateLimit-Reset": str(left),
    }
