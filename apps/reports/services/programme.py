"""The programme report is computed at night, or when an operator asks, and kept with its date.

A row says that one is wanted. A task looks for it and computes; whoever dies over it leaves it to
the next, an hour later. So the broker may lose any message: the sweeper asks again.
"""

import datetime as dt
import logging
import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F

from apps.core import nudges, statements
from apps.core.clock import EngineNow, engine_now
from apps.core.transactions import in_transaction
from apps.members.models import Member
from apps.reports.models import Programme
from apps.reports.programme import chain, keeping, months, worth
from apps.reports.programme.shapes import SHAPE, Chain, ProgrammeReport
from apps.reports.selectors import programme as counts
from apps.reports.selectors import programme_orders
from apps.reports.viral.figures import Figure

log = logging.getLogger(__name__)

TASK = "apps.reports.tasks.compute_programme"
NIGHT_HOUR = 3
LEASE = dt.timedelta(hours=1)
KEPT = dt.timedelta(days=400)
# Large shops take longer over it than any request may.
_STATEMENT_TIMEOUT = "20min"


_ASK = """
INSERT INTO reports_programme (asked_by_id, error) VALUES (%(asked_by)s::integer, '')
ON CONFLICT DO NOTHING RETURNING id
"""


@in_transaction
def programme_ask(*, asked_by: int | None = None) -> bool:
    """Want a programme report, and wake a worker; whether none was wanted yet.

    `asked_by` is the operator, None of the night. Takes no lock but the unique key's.
    """
    made = statements.run(_ASK, {"asked_by": asked_by})
    transaction.on_commit(lambda: nudges.nudge(TASK))
    return bool(made)


def programmes_due() -> int:
    """Want one if the night has come since the last, or an engine of before made it; wake a worker
    while one waits; how many asked."""
    rows = Programme.objects.defer("figures").annotate(at=EngineNow(), shape=F("figures__shape"))
    latest = rows.order_by("-pk").first()
    if latest is not None and latest.computed_at is None:
        if latest.started_at is None or latest.started_at < latest.at - LEASE:
            nudges.nudge(TASK)
        return 0
    if latest is not None:
        if latest.shape != SHAPE:
            return int(programme_ask())
        last, at = latest.asked_at, latest.at
    else:  # a fresh engine waits for its first night
        member = Member.objects.order_by("pk").values_list("created_at", flat=True).first()
        if member is None:
            return 0
        last, at = member, engine_now()
    return int(last < last_night(at) and programme_ask())


def last_night(at: dt.datetime) -> dt.datetime:
    """The latest three o'clock of the shop's that was not after `at`."""
    local = at.astimezone(zoneinfo.ZoneInfo(settings.SHOP_TIME_ZONE))
    three = local.replace(hour=NIGHT_HOUR, minute=0, second=0, microsecond=0)
    return three if three <= local else three - dt.timedelta(days=1)


def programme_compute(*, now: dt.datetime) -> bool:
    """Compute the report that is wanted, as of now; whether there was one to compute.

    Reads in one snapshot, fits outside of any transaction, and keeps the figures with their moment.
    An error is kept too, and the report is tried again when its lease is over.
    """
    wanted = _taken()
    if wanted is None:
        return False
    try:
        figures = keeping.kept(programme_report(now=now))
    except Exception as error:
        log.exception("the programme report failed")
        words = f"{type(error).__name__}: {error}"[:300]
        Programme.objects.filter(pk=wanted, computed_at=None).update(error=words)
        return True
    Programme.objects.filter(pk=wanted, computed_at=None).update(
        figures=figures, computed_at=EngineNow(), error=""
    )
    Programme.objects.filter(computed_at__lt=EngineNow() - KEPT).delete()
    return True


@in_transaction
def _taken() -> int | None:
    """The waiting report's primary key, for whoever is first to ask; locks its row."""
    waiting = (
        Programme.objects.select_for_update(of=("self",), skip_locked=True, no_key=True)
        .filter(computed_at=None)
        .order_by("pk")
        .first()
    )
    if waiting is None:
        return None
    at = engine_now()
    if waiting.started_at is not None and waiting.started_at >= at - LEASE:
        return None
    waiting.started_at = at
    waiting.save(update_fields=["started_at"])
    return waiting.pk


@dataclass(frozen=True)
class _Read:
    """What one snapshot of the database told."""

    money: programme_orders.Money
    margin_known: Figure
    measure: str
    members: dict[tuple[dt.date, str], int]
    everybody: Any
    brought: Any
    buyers: int
    before: int
    histories: worth.Buyers
    chain: Chain


def programme_report(*, now: dt.datetime) -> ProgrammeReport:
    """All figures as of now."""
    zone = settings.SHOP_TIME_ZONE
    today = now.astimezone(zoneinfo.ZoneInfo(zone)).date()
    calendar = months.months_until(now, zone)
    with _one_snapshot():
        read, tested = _read(now, zone, today, months.midnight(calendar[0], zone))
    cohorts = partial(months.cohorts, calendar, now=now, time_zone=zone, measure=read.measure)
    return ProgrammeReport(
        as_of=now,
        time_zone=zone,
        currency=read.money.currency,
        measure=read.measure,
        margin_known=read.margin_known,
        orders=read.money.orders,
        other_currencies=read.money.others,
        span_days=months.SPAN_DAYS,
        members=months.new_members(calendar, read.members),
        referred=months.referred_share(months.by_source(read.members)),
        cohorts=cohorts(*read.everybody),
        cohorts_brought=cohorts(*read.brought),
        bought_before=read.before,
        worth=worth.worth(
            read.histories, members=read.buyers - read.before, today=today, tested_days=tested
        ),
        segments=worth.segments(read.histories),
        chain=read.chain,
    )


def _read(now: dt.datetime, zone: str, today: dt.date, since: dt.datetime) -> tuple[_Read, int]:
    """What is told, and how many days at the end are kept to test the forecast with."""
    counts.gather(now)
    money = programme_orders.money()
    known = months.known_share(money.known_minor, money.revenue_minor)
    frame = counts.Frame(now, zone, money.currency, months.measured(known))
    buyers, before = counts.buyers_count()
    tested = worth.days_to_test((now - money.first_at).days if money.first_at else 0)
    cut = today - dt.timedelta(days=tested)
    read = _Read(
        money=money,
        margin_known=known,
        measure=frame.measure,
        members=counts.new_member_counts(frame, since),
        everybody=counts.cohort_counts(frame, since, only_brought=False),
        brought=counts.cohort_counts(frame, since, only_brought=True),
        buyers=buyers,
        before=before,
        histories=counts.histories(frame, today=today, cut=cut, buyers=buyers),
        chain=_chain(frame, today),
    )
    return read, tested


def _chain(frame: counts.Frame, today: dt.date) -> Chain:
    """Of those who could be watched longest, if there is anybody."""
    for watch in chain.WATCHES:
        first, last = chain.window(today, watch)
        found = counts.chain_counts(frame, first, last, watch)
        if found.acquired:
            break
    return chain.chain(found, first, last, watch)


@contextmanager
def _one_snapshot() -> Iterator[None]:
    """A transaction whose statements all see the database as it was at the first of them."""
    alone = not connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        if alone:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute(f"SET LOCAL statement_timeout = '{_STATEMENT_TIMEOUT}'")
        yield
