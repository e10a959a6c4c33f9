"""Running one of our scripts by pgbench, PostgreSQL's own load generator."""

import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import LiteralString, cast

from psycopg import pq

from benchmarks.errors import BenchmarkError
from benchmarks.rounds import Sample
from referral_engine.stack.binaries import postgres_binary

SQL = Path(__file__).resolve().parent / "sql"
PATIENCE_SECONDS = 60.0
LEAST_SECONDS = 1.0

_DONE = re.compile(r"number of transactions actually processed: (\d+)")
_FAILED = re.compile(r"number of failed transactions: (\d+)")
_RATE = re.compile(r"tps = ([\d.]+) \(without initial connection time\)")


def run(
    script: str, *, url: str, clients: int, seconds: float, given: Mapping[str, str | int]
) -> Sample:
    """Run `sql/<script>.sql`, one transaction, over and over, for whole seconds.

    `given` are the script's variables. Raises BenchmarkError when a single transaction failed.
    """
    file = SQL / f"{script}.sql"
    return _run(file, name=script, url=url, clients=clients, seconds=seconds, given=given)


def run_text(
    script: str,
    *,
    name: str,
    url: str,
    clients: int,
    seconds: float,
    given: Mapping[str, str | int],
) -> Sample:
    """As `run`, of a script that is no file."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{name}.sql"
        file.write_text(script)
        return _run(file, name=name, url=url, clients=clients, seconds=seconds, given=given)


def _run(
    file: Path,
    *,
    name: str,
    url: str,
    clients: int,
    seconds: float,
    given: Mapping[str, str | int],
) -> Sample:
    command = [str(postgres_binary("pgbench")), "--no-vacuum", "--protocol=prepared"]
    command += [f"--client={clients}", "--jobs=2", f"--time={round(max(seconds, LEAST_SECONDS))}"]
    command += [f"--file={file}"]
    command += [
        word for given_name, value in given.items() for word in ("-D", f"{given_name}={value}")
    ]
    done = subprocess.run(
        command,
        env=_environment(url),
        capture_output=True,
        text=True,
        timeout=seconds + PATIENCE_SECONDS,
        check=False,
    )
    if done.returncode != 0 or int(_found(_FAILED, done.stdout)):
        said = [line for line in done.stderr.splitlines() if "error" in line.lower()]
        raise BenchmarkError(f"pgbench {name}: {said[0] if said else done.stderr}")
    acts = int(_found(_DONE, done.stdout))
    return Sample(acts, acts / float(_found(_RATE, done.stdout)))


def text(name: str) -> LiteralString:
    """A file of `sql/` that is run outside pgbench."""
    return cast(LiteralString, (SQL / f"{name}.sql").read_text())


def _found(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match.group(1) if match else "0"


def _environment(url: str) -> dict[str, str]:
    """Where the server is, in libpq's variables: a password in argv is public."""
    environ = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
    for parameter in pq.Conninfo.parse(url.encode()):
        if parameter.val is not None and parameter.envvar is not None:
            environ[parameter.envvar.decode()] = parameter.val.decode()
    return environ
