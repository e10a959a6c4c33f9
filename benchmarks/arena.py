"""Where cases are measured."""

from contextlib import ExitStack
from dataclasses import dataclass

from benchmarks.database import Database
from benchmarks.engine import Address


@dataclass(frozen=True)
class Arena:
    """The database, the engine served on it, and how many connections each side gets.

    What a case starts it hands to `stack`, which ends it after the case. `server` is the process id
    of the web server's parent.
    """

    database: Database
    address: Address
    server: int
    connections: int
    stack: ExitStack
