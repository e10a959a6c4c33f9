"""The embedded Valkey: cache and broker, append-only in `var/valkey`, Unix socket only."""

from __future__ import annotations

import signal
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from referral_engine.stack import addresses, server
from referral_engine.stack.binaries import valkey_binary

NAME = "Valkey"
AT_ONCE = Retry(NoBackoff(), 0)  # redis-py waits seconds between its own tries
STOP_SIGNALS = ((signal.SIGTERM, 10.0),)


def data_dir(var_dir: Path) -> Path:
    """Where the append-only files are kept."""
    return (var_dir / "valkey").resolve()


def start(var_dir: Path, *, durable: bool) -> server.Server:
    """Start Valkey. Returns before it is ready.

    The caller holds the lock of `var_dir` and has swept orphans: two servers must never write one
    append-only folder. `durable=False` leaves the moment of writing to the kernel.
    """
    data_dir(var_dir).mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = {
        "port": "0",
        "unixsocket": str(addresses.valkey_socket(var_dir)),
        "unixsocketperm": "700",
        "dir": str(data_dir(var_dir)),
        "appendonly": "yes",
        "appendfsync": "everysec" if durable else "no",
        "save": "",
        "daemonize": "no",
    }
    command = [str(valkey_binary())]
    for name, value in settings.items():
        command += [f"--{name}", value]
    return server.spawn(NAME, command, var_dir / "logs" / "valkey.log", STOP_SIGNALS)


def ready(var_dir: Path) -> bool:
    """Whether it answers and has read its append-only files."""
    client = redis.Redis.from_url(addresses.valkey_url(var_dir), socket_timeout=2, retry=AT_ONCE)
    try:
        client.ping()
    except redis.RedisError:
        return False
    finally:
        client.close()
    return True
