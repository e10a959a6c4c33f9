"""The embedded PostgreSQL: a cluster in `var/postgres`, reached by a Unix socket only."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg

from referral_engine.stack import accounts, addresses, server
from referral_engine.stack.binaries import POSTGRES_MAJOR, postgres_binary
from referral_engine.stack.errors import StackError

NAME = "PostgreSQL"
# Fast shutdown, then immediate shutdown; a plain kill comes last.
STOP_SIGNALS = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 5.0))
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "300",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # A row stays locked after its client was killed until the server looks.
    "client_connection_check_interval": "1s",
}
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
ROLE_SETTINGS = {
    "statement_timeout": "30s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "30s",
}


def data_dir(var_dir: Path) -> Path:
    """Where the cluster is kept."""
    return (var_dir / "postgres").resolve()


def start(var_dir: Path, *, durable: bool) -> server.Server:
    """Start PostgreSQL, making the cluster if there is none. Returns before it is ready.

    The caller holds the lock of `var_dir`, has swept orphans and has made the socket folder.
    `durable=False` gives up fsync, for data nobody will miss. Raises StackError.
    """
    account = accounts.postgres_account(data_dir(var_dir))
    _make_cluster(var_dir, account, durable=durable)
    _check_version(data_dir(var_dir))
    _write_access_rules(data_dir(var_dir), account)
    _forget_former_pids(var_dir)
    sockets = addresses.socket_dir(var_dir)
    if account is not None:
        os.chown(sockets, -1, account.gid)
        sockets.chmod(0o770)
    settings = SETTINGS | {
        "unix_socket_directories": str(sockets),
        "cluster_name": addresses.stack_name(var_dir),
    }
    settings |= {} if durable else NOT_DURABLE
    program = postgres_binary("postgres")
    command = [str(program), "-D", str(data_dir(var_dir))]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    reaches = [program, data_dir(var_dir)]
    return server.spawn(
        NAME,
        accounts.command_as(account, command, reaches),
        var_dir / "logs" / "postgres.log",
        STOP_SIGNALS,
    )


def ready(var_dir: Path) -> bool:
    """Whether it answers."""
    try:
        psycopg.connect(addresses.postgres_url(var_dir, "postgres"), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def prepare(var_dir: Path) -> None:
    """Make the database `engine` and set the limits of the role `engine`, when they are not there.

    Limits belong to the role and not to connections: PgBouncer in transaction mode would lose them.
    """
    url = addresses.postgres_url(var_dir, "postgres")
    with psycopg.connect(url, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'engine'").fetchone():
            connection.execute("CREATE DATABASE engine OWNER engine")
        for name, value in ROLE_SETTINGS.items():
            connection.execute(f"ALTER ROLE engine SET {name} = '{value}'")


def _make_cluster(var_dir: Path, account: accounts.Account | None, *, durable: bool) -> None:
    """initdb into a folder aside, then rename: a kill in the middle leaves no half cluster."""
    if data_dir(var_dir).exists():
        return
    draft = data_dir(var_dir).with_name("postgres.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700, parents=True)
    accounts.give(draft, account)
    program = postgres_binary("initdb")
    command = [str(program), "--pgdata", str(draft), "--username", "engine", "--auth", "trust"]
    command += ["--encoding", "UTF8", "--locale", "C", "--locale-provider", "builtin"]
    command += ["--builtin-locale", "C.UTF-8", *([] if durable else ["--no-sync"])]
    done = subprocess.run(
        accounts.command_as(account, command, [program, draft]),
        env=server.plain_environment(),
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        words = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        said = next((line for line in words if "error" in line or "FATAL" in line), words[-1])
        raise StackError(f"PostgreSQL cannot make its data folder: {said}")
    draft.rename(data_dir(var_dir))


def _check_version(cluster: Path) -> None:
    made_by = (cluster / "PG_VERSION").read_text().strip()
    if made_by != str(POSTGRES_MAJOR):
        raise StackError(
            f"{cluster} was made by PostgreSQL {made_by} and this is {POSTGRES_MAJOR}: "
            "dump it with the old one, move the folder away, start, and restore"
        )


def _write_access_rules(cluster: Path, account: accounts.Account | None) -> None:
    """Only this user may log in: by a private socket folder, and by name where root shares it."""
    rule = "local all all trust" if account is None else "local all all peer map=owner"
    for name, text in (("pg_hba.conf", rule), ("pg_ident.conf", "owner root all")):
        path = cluster / name
        path.write_text(text + "\n")
        path.chmod(0o600)
        accounts.give(path, account)


def _forget_former_pids(var_dir: Path) -> None:
    """Remove the lock files of a killed server.

    PostgreSQL would refuse to start while they name a living process, also one that only inherited
    the number, or a zombie nobody reaps. We hold our own lock and have swept, so nobody is there.
    """
    (data_dir(var_dir) / "postmaster.pid").unlink(missing_ok=True)
    sockets = addresses.socket_dir(var_dir)
    for name in (".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
        (sockets / name).unlink(missing_ok=True)
