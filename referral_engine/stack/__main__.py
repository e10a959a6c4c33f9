"""python -m referral_engine.stack run|psql|status: the servers without Django."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg

from referral_engine.stack import orphans, postgres, probes, valkey
from referral_engine.stack.addresses import Addresses, resolve, var_dir
from referral_engine.stack.binaries import postgres_binary
from referral_engine.stack.ephemeral import ephemeral_var
from referral_engine.stack.errors import StackError
from referral_engine.stack.supervisor import run_stack

BASE_DIR = Path(__file__).resolve().parents[2]
NOT_RUNNING = 3  # as `systemctl status` answers


def main(arguments: Sequence[str]) -> int:
    """Run one subcommand; returns the exit code."""
    options = _parse(arguments)
    var = var_dir(os.environ, BASE_DIR)
    try:
        if options.action == "run":
            return _run(options, var, os.environ)
        if options.action == "psql":
            return _psql(resolve(os.environ, var), options.arguments)
        return _status(resolve(os.environ, var), var)
    except StackError as error:
        print(f"stack: {error}", file=sys.stderr)
        return 1


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m referral_engine.stack", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    run = actions.add_parser("run", help="run a command with the servers, then stop them")
    run.add_argument("--ephemeral", action="store_true", help="in a folder removed afterwards")
    run.add_argument("--no-fsync", action="store_true", help="faster; loses data in a crash")
    run.add_argument("command", nargs=argparse.REMAINDER, metavar="-- CMD ARGS")
    actions.add_parser("psql", help="a SQL prompt on the running database", add_help=False)
    actions.add_parser("status", help="what runs, and where")
    if list(arguments[:1]) == ["psql"]:  # whose options are not ours to understand
        return argparse.Namespace(action="psql", arguments=arguments[1:])
    options = parser.parse_args(arguments)
    if options.action == "run":
        options.command = options.command[options.command[:1] == ["--"] :]
        if not options.command:
            parser.error("run: which command?")
    return options


def _run(options: argparse.Namespace, var: Path, environ: Mapping[str, str]) -> int:
    durable, commands = not options.no_fsync, [options.command]
    if not options.ephemeral:
        return run_stack(commands, var_dir=var, environ=environ, durable=durable)
    with ephemeral_var() as folder:
        return run_stack(commands, var_dir=folder, environ=environ, durable=durable)


def _psql(addresses: Addresses, arguments: Sequence[str]) -> int:
    """Become psql. The address goes by the environment: a password in argv is public."""
    program = str(postgres_binary("psql"))
    environ = dict(os.environ)
    try:
        parameters = psycopg.pq.Conninfo.parse(addresses.database_url.encode())
    except psycopg.Error:
        raise StackError("DATABASE_URL cannot be understood") from None
    for parameter in parameters:
        if parameter.val is not None and parameter.envvar is not None:
            environ[parameter.envvar.decode()] = parameter.val.decode()
    os.execve(program, [program, *arguments], environ)


def _status(addresses: Addresses, var: Path) -> int:
    notes = orphans.noted(var)
    complete = True
    for name, embedded in (
        (postgres.NAME, addresses.embedded_postgres),
        (valkey.NAME, addresses.embedded_valkey),
    ):
        running = _probe(name, addresses, var, embedded=embedded)
        note = notes.get(name) if embedded else None
        where = f"pid {note.pid}" if note else ("in " + str(var) if embedded else "not ours")
        print(f"{name}: {'running' if running else 'not running'} ({where})")
        complete = complete and running
    return 0 if complete else NOT_RUNNING


def _probe(name: str, addresses: Addresses, var: Path, *, embedded: bool) -> bool:
    if embedded:
        return postgres.ready(var) if name == postgres.NAME else valkey.ready(var)
    try:
        if name == postgres.NAME:
            probes.probe_postgres(addresses.database_url)
        else:
            probes.probe_redis(addresses.redis_url)
    except StackError as error:
        print(f"stack: {error}", file=sys.stderr)
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
