"""Look at servers that are not ours: reachable, and new enough. Never prints a password."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import psycopg
import redis
from psycopg.conninfo import conninfo_to_dict
from redis.backoff import NoBackoff
from redis.retry import Retry

from referral_engine.stack.errors import StackError

OLDEST_POSTGRES = 15
CONNECT_SECONDS = 5
AT_ONCE = Retry(NoBackoff(), 0)  # redis-py waits seconds between its own tries


def probe_postgres(url: str) -> None:
    """Connect once. Raises StackError, naming DATABASE_URL, when that fails or it is too old."""
    secret = _understood_secret(url, "DATABASE_URL", ("postgres", "postgresql"))
    try:
        parameters = conninfo_to_dict(url)
        if secret and parameters.get("password") != secret:
            raise psycopg.ProgrammingError
    except psycopg.ProgrammingError:
        raise StackError(_not_understood("DATABASE_URL")) from None
    parameters.setdefault("connect_timeout", CONNECT_SECONDS)
    secrets = [str(value) for name, value in parameters.items() if "password" in name]
    try:
        with psycopg.connect(**parameters) as connection:  # type: ignore[arg-type]
            version = connection.info.server_version // 10_000
    except psycopg.Error as error:
        raise StackError(_wrong("DATABASE_URL", error, secrets)) from None
    if version < OLDEST_POSTGRES:
        raise StackError(
            f"DATABASE_URL: this is PostgreSQL {version}; {OLDEST_POSTGRES} or newer is needed"
        )


def probe_redis(url: str) -> None:
    """Ping once. Raises StackError, naming REDIS_URL, when that fails."""
    secret = _understood_secret(url, "REDIS_URL", ("redis", "rediss", "unix"))
    try:
        client = redis.Redis.from_url(url, socket_connect_timeout=CONNECT_SECONDS, retry=AT_ONCE)
    except (ValueError, TypeError):
        raise StackError(_not_understood("REDIS_URL")) from None
    secrets = [secret, str(client.get_connection_kwargs().get("password") or "")]
    try:
        client.ping()
    except (redis.RedisError, OSError, TypeError) as error:
        raise StackError(_wrong("REDIS_URL", error, secrets)) from None
    finally:
        client.close()


def _understood_secret(url: str, variable: str, schemes: tuple[str, ...]) -> str:
    """The password in the URL, or "". Raises StackError, repeating nothing, for another scheme.

    A password with a raw `/`, `#` or `?` cuts the URL short; an error about the rest would show it.
    """
    try:
        parts = urlsplit(url)
        whole = "@" not in parts.path + parts.query + parts.fragment
        secret = unquote(parts.password or "")
        _ = parts.port
    except ValueError:
        whole = parts.scheme == "postgresql" and "," in parts.netloc  # several hosts
        secret = ""
    if parts.scheme not in schemes or not whole:
        raise StackError(_not_understood(variable))
    return secret


def _not_understood(variable: str) -> str:
    kind = "postgresql://user:password@host:5432/name"
    if variable == "REDIS_URL":
        kind = "redis://:password@host:6379/0"
    return (
        f"{variable} cannot be understood; it should look like {kind}, "
        "with special characters in it percent-encoded"
    )


def _wrong(variable: str, error: Exception, secrets: list[str]) -> str:
    said = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    for secret in secrets:
        said = said.replace(secret, "***") if secret else said
    return f"{variable} does not work: {said or type(error).__name__}"
