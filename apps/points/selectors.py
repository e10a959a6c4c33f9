"""Reading the ledger."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Case, F, Q, QuerySet, Sum, When
from django.db.models.functions import Coalesce

from apps.core.clock import EngineNow
from apps.core.errors import Invalid
from apps.points import rules
from apps.points.models import Account, Lot, Programme, Transfer
from apps.points.rules import Usable

# What one statement lists at most; its sums are of all.
STATEMENT_LINES = 1000
# How many of the lots that end next a wallet names.
LOTS_SHOWN = 20


class MonthInvalid(Invalid):
    code = "month_invalid"
    message = "A month looks like 2026-05."


@dataclass(frozen=True)
class Wallet:
    """A member's points. `debt` is 0 or negative: later earnings repay it first."""

    available: int = 0
    pending: int = 0
    debt: int = 0
    reserved: int = 0


@dataclass(frozen=True)
class ExpiringLot:
    """Points that end together."""

    points: int
    expires_at: dt.datetime


@dataclass(frozen=True)
class WalletInFull:
    """A wallet, what it is worth, and what ends next."""

    wallet: Wallet
    worth_minor: int
    currency: str
    expiring: list[ExpiringLot]


@dataclass(frozen=True)
class StatementLine:
    """One transfer as the member sees it: what it did to the points they can spend."""

    id: str
    kind: str
    words: str
    points: int
    reference: str
    occurred_at: dt.datetime
    booked_at: dt.datetime


@dataclass(frozen=True)
class Statement:
    """A month of the points a member could spend: opening + what came + what went = closing."""

    month: str
    opening: int
    came: int
    went: int
    closing: int
    lines: list[StatementLine]
    shortened: bool


def programme_of(*, is_test: bool) -> Programme:
    """The terms of this mode's points; the defaults, not saved, where nobody changed them."""
    return Programme.objects.filter(is_test=is_test).first() or Programme(is_test=is_test)


def wallet(member_id: int) -> Wallet:
    """What a member has; all 0 for one who never had points."""
    rows = Account.objects.filter(member_id=member_id)
    return Wallet(**dict(rows.values_list("purpose", "balance")))


def wallet_in_full(member_id: int, *, is_test: bool) -> WalletInFull:
    """What a member has, what their points would pay, and which lots end within the notice."""
    has = wallet(member_id)
    terms = programme_of(is_test=is_test)
    soon = (
        Lot.objects.live()
        .filter(
            account__member_id=member_id,
            expires_at__lte=EngineNow() + dt.timedelta(days=terms.notice_days),
        )
        .values("expires_at")
        .annotate(points=Sum("remaining"))
        .order_by("expires_at")[:LOTS_SHOWN]
    )
    worth = rules.worth_minor(has.available, worth_of_100_minor=terms.worth_of_100_points_minor)
    lots = [ExpiringLot(row["points"], row["expires_at"]) for row in soon if row["expires_at"]]
    return WalletInFull(has, worth, terms.currency, lots)


def points_usable(*, member_id: int, order_minor: int, currency: str, is_test: bool) -> Usable:
    """How many of a member's points may pay how much of an order, by rate and largest share."""
    terms = programme_of(is_test=is_test)
    if currency != terms.currency:
        return Usable(reason="currency_mismatch")
    live = Lot.objects.live().filter(
        account__member_id=member_id, account__purpose=Account.Purpose.AVAILABLE
    )
    available = live.aggregate(points=Sum("remaining"))["points"] or 0
    pay = rules.PayTerms(terms.worth_of_100_points_minor, terms.max_share_bps)
    return rules.usable(pay, available=available, order_minor=order_minor)


def transfers_of(member_id: int) -> QuerySet[Transfer]:
    """A member's transfers with their accounts, in no order."""
    # The ids first: two plain index scans instead of a join that reads every transfer.
    accounts = list(Account.objects.filter(member_id=member_id).values_list("pk", flat=True))
    theirs = Q(debit_id__in=accounts) | Q(credit_id__in=accounts)
    return Transfer.objects.filter(theirs).select_related("debit", "credit")


def statement(member_id: int, month: str) -> Statement:
    """A month of a member's spendable points, by when the engine booked them, in UTC.

    Raises MonthInvalid.
    """
    start, end = _month(month)
    account = Account.objects.filter(
        member_id=member_id, purpose=Account.Purpose.AVAILABLE
    ).values_list("pk", flat=True)
    moved = _moves(account.first() or 0)
    opening = moved.filter(created_at__lt=start).aggregate(total=_sum())["total"]
    inside = moved.filter(created_at__gte=start, created_at__lt=end)
    sums = inside.aggregate(came=_sum(Q(points__gt=0)), went=_sum(Q(points__lt=0)))
    rows = list(inside.order_by("pk")[: STATEMENT_LINES + 1])
    return Statement(
        month=month,
        opening=opening,
        came=sums["came"],
        went=sums["went"],
        closing=opening + sums["came"] + sums["went"],
        lines=[_line(row) for row in rows[:STATEMENT_LINES]],
        shortened=len(rows) > STATEMENT_LINES,
    )


def _month(month: str) -> tuple[dt.datetime, dt.datetime]:
    """The first moment of a month and of the next. Raises MonthInvalid."""
    try:
        if len(month) != len("2026-05") or not month.isascii():
            raise MonthInvalid(pointer="/month")
        start = dt.datetime.strptime(month, "%Y-%m").replace(tzinfo=dt.UTC)
        end = (start + dt.timedelta(days=31)).replace(day=1)
    except (ValueError, OverflowError):
        raise MonthInvalid(pointer="/month") from None
    return start, end


def _moves(account_id: int) -> QuerySet[Transfer]:
    """The transfers of one account, each with its signed `points`."""
    rows = Transfer.objects.filter(Q(debit_id=account_id) | Q(credit_id=account_id))
    signed = Case(When(credit_id=account_id, then=F("amount")), default=-F("amount"))
    return rows.annotate(points=signed)


def _sum(condition: Q | None = None) -> Coalesce:
    return Coalesce(Sum("points", filter=condition), 0)


def _line(row: Transfer) -> StatementLine:
    return StatementLine(
        id=row.public_id,
        kind=row.kind,
        words=row.get_kind_display(),
        points=row.points,  # type: ignore[attr-defined]
        reference=row.reference,
        occurred_at=row.occurred_at,
        booked_at=row.created_at,
    )
