"""Where the servers are: taken from the environment, or derived from the var folder.

A derived address is a Unix socket in `/tmp/re-<uid>-<hash of the var folder>/`, so that two
checkouts on one machine never meet and the path stays below the 100 bytes a socket may have.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from referral_engine.stack.errors import StackError

# Not tempfile.gettempdir(): TMPDIR differs between shells, and on macOS it is too long.
SOCKET_ROOT = Path("/tmp")


@dataclass(frozen=True)
class Addresses:
    """Where PostgreSQL and Valkey are, and which of them we run ourselves."""

    database_url: str
    redis_url: str
    embedded_postgres: bool
    embedded_valkey: bool

    @property
    def broker_url(self) -> str:
        """`redis_url` in Celery's spelling, which has its own for Unix sockets."""
        parts = urlsplit(self.redis_url)
        if parts.scheme != "unix":
            return self.redis_url
        query = "&".join(
            f"virtual_host={item.removeprefix('db=')}" if item.startswith("db=") else item
            for item in parts.query.split("&")
            if item
        )
        return f"redis+socket://{parts.netloc}{parts.path}?{query}".rstrip("?")


def var_dir(environ: Mapping[str, str], base_dir: Path) -> Path:
    """The folder for everything the servers keep: `ENGINE_VAR`, or `var` in the checkout."""
    return base_dir / (environ.get("ENGINE_VAR", "").strip() or "var")


def stack_name(var_dir: Path) -> str:
    """A short name for the servers of this var folder, unique to it and to the current user."""
    digest = hashlib.sha256(os.fsencode(var_dir.resolve())).hexdigest()[:8]
    return f"re-{os.geteuid()}-{digest}"


def socket_dir(var_dir: Path) -> Path:
    """The folder of the sockets. It need not exist.

    Raises StackError when it exists and is not ours: another user of the machine could be
    listening there.
    """
    folder = SOCKET_ROOT / stack_name(var_dir)
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return folder
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise StackError(f"{folder} belongs to somebody else; remove it or set ENGINE_VAR")
    return folder


def resolve(environ: Mapping[str, str], var_dir: Path) -> Addresses:
    """The addresses to use: `DATABASE_URL` and `REDIS_URL` verbatim, else the embedded servers.

    Starts nothing and touches nothing. Raises StackError when the socket folder is not ours.
    """
    embedded_postgres = not _has(environ, "DATABASE_URL")
    embedded_valkey = not _has(environ, "REDIS_URL")
    return Addresses(
        database_url=(
            postgres_url(var_dir) if embedded_postgres else environ["DATABASE_URL"].strip()
        ),
        redis_url=valkey_url(var_dir) if embedded_valkey else environ["REDIS_URL"].strip(),
        embedded_postgres=embedded_postgres,
        embedded_valkey=embedded_valkey,
    )


def postgres_url(var_dir: Path, database: str = "engine") -> str:
    """The URL of the embedded PostgreSQL, understood by libpq and by dj_database_url."""
    host = quote(str(socket_dir(var_dir)), safe="")
    return f"postgresql://engine@{host}/{database}"


def valkey_socket(var_dir: Path) -> Path:
    """The socket of the embedded Valkey."""
    return socket_dir(var_dir) / "valkey.sock"


def valkey_url(var_dir: Path) -> str:
    """The URL of the embedded Valkey, understood by redis-py and Django's cache."""
    return f"unix://{valkey_socket(var_dir)}?db=0"


def _has(environ: Mapping[str, str], name: str) -> bool:
    return bool(environ.get(name, "").strip())
