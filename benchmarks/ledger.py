"""Booking transfers, and the ceiling of everything that books one."""

from django.db import transaction

from apps.members.models import Member
from apps.points.services import purses_lock
from benchmarks import pgbench, workers
from benchmarks.arena import Arena
from benchmarks.database import Database
from benchmarks.rounds import Case, Sample
from benchmarks.workers import Workers

TABLE = "points_transfer"
MEMBERS = 500
ACCOUNTS = 10_000

FILL_ACCOUNTS = pgbench.text("ledger_fill")


def make_case(arena: Arena) -> Case:
    """Points earned on hold, settled, spent, by the services; each is one transfer."""
    booking = workers.start(arena.stack, "transfers", workers.PROCESSES)
    return Case(
        name="ledger",
        title=f"transfers by {workers.PROCESSES} processes that call the ledger's services: points "
        "pended, settled, spent, each in a transaction of its own",
        table=TABLE,
        engine=ServedTransfers(booking),
        ceiling=InsertedTransfers(arena.database, arena.connections),
        processes=booking.pids,
    )


class ServedTransfers:
    """points_pend, points_settle, points_spend, for one member after the other."""

    guess = 500
    least_seconds = 0.0

    def __init__(self, booking: Workers) -> None:
        self._booking = booking
        members = Member.objects.bulk_create(Member() for _ in range(MEMBERS))
        with transaction.atomic():
            purses_lock(member_ids=[member.pk for member in members])
        number = len(booking.pids)
        self._shares = [
            {"members": [member.pk for member in members[n::number]]} for n in range(number)
        ]

    def prepare(self, acts: int) -> None:
        """Members can earn and spend any number of times."""

    def run(self, seconds: float) -> Sample:
        return self._booking.run(seconds, self._shares)


class InsertedTransfers:
    """One statement: lock two of many accounts, write the transfer, carry both balances."""

    guess = 3_000
    least_seconds = pgbench.LEAST_SECONDS

    def __init__(self, database: Database, clients: int) -> None:
        self._url = database.url
        self._clients = clients
        [(first, last)] = database.run(FILL_ACCOUNTS, {"accounts": ACCOUNTS})
        assert last - first + 1 == ACCOUNTS
        self._given = {"first": first, "accounts": ACCOUNTS}

    def prepare(self, acts: int) -> None:
        """Transfers can be booked any number of times."""

    def run(self, seconds: float) -> Sample:
        return pgbench.run(
            "ledger", url=self._url, clients=self._clients, seconds=seconds, given=self._given
        )
