"""Reading what the shop owes."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import BigIntegerField, F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from apps.core.errors import NotFound
from apps.members.models import Identity
from apps.obligations.models import Deduction, Fulfilment, Payable, Payout, PayoutLine

_LEFT = F("amount_minor") - F("taken_back_minor")


class PayoutUnknown(NotFound):
    code = "payout_unknown"
    message = "There is no statement with this id."


class FulfilmentUnknown(NotFound):
    code = "fulfilment_unknown"
    message = "There is no fulfilment with this id."


def payout_by_public_id(public_id: str, *, is_test: bool) -> Payout:
    """A statement with its member. Raises PayoutUnknown."""
    payout = payouts(is_test=is_test).filter(public_id=public_id).first()
    if payout is None:
        raise PayoutUnknown()
    return payout


def payouts(*, is_test: bool) -> QuerySet[Payout]:
    """Statements with their members and the shop's id of them, in no order."""
    rows = Payout.objects.filter(member__is_test=is_test).select_related("member")
    return rows.annotate(external_id=_external_id())


def open_payout_rows(*, is_test: bool) -> Iterator[tuple[Any, ...]]:
    """What the shop has to pay now, the oldest first: one row per statement, a thousand at a time."""
    rows = (
        Payout.objects.requested()
        .filter(member__is_test=is_test)
        .annotate(external_id=_external_id())
        .order_by("pk")
        .values_list(
            "public_id",
            "member__public_id",
            "external_id",
            "currency",
            "total_minor",
            "period_until",
            "requested_at",
        )
    )
    return rows.iterator(chunk_size=1000)


def lines_of(payout: Payout) -> QuerySet[PayoutLine]:
    """A statement's lines in order, with what they name."""
    rows = payout.lines.select_related("payable", "deduction__take_back__payable")
    return rows.order_by("pk")


def fulfilment_by_public_id(public_id: str, *, is_test: bool) -> Fulfilment:
    """A gift with its member. Raises FulfilmentUnknown."""
    fulfilment = fulfilments(is_test=is_test).filter(public_id=public_id).first()
    if fulfilment is None:
        raise FulfilmentUnknown()
    return fulfilment


def fulfilments(*, is_test: bool) -> QuerySet[Fulfilment]:
    """Gifts with their members and the shop's id of them, in no order."""
    rows = Fulfilment.objects.filter(member__is_test=is_test).select_related("member")
    return rows.annotate(external_id=_external_id())


def _external_id() -> Subquery:
    known_as = Identity.objects.filter(member=OuterRef("member_id"), kind=Identity.Kind.EXTERNAL_ID)
    return Subquery(known_as.values("value")[:1])


def members_to_pay(
    *, until: dt.datetime, is_test: bool, minimum_minor: int, limit: int
) -> list[int]:
    """Members with a statement to be made in some currency: the oldest members first.

    Reads what is due and in no statement, and nothing of what was ever paid.
    """
    owed = (
        Deduction.objects.open()
        .filter(member=OuterRef("member_id"), currency=OuterRef("currency"))
        .values("member", "currency")
        .values(total=Sum("amount_minor"))
    )
    open_one = Payout.objects.requested().values("member_id", "currency")
    ready = (
        Payable.objects.unstated()
        .filter(member__is_test=is_test, due_at__lt=until)
        .values("member_id", "currency")
        .annotate(due=Sum(_LEFT))
        .annotate(owed=Coalesce(Subquery(owed, output_field=BigIntegerField()), 0))
        .annotate(
            waits=Subquery(
                open_one.filter(member=OuterRef("member_id"), currency=OuterRef("currency")).values(
                    "pk"
                )[:1]
            )
        )
        .filter(waits=None, due__gte=F("owed") + max(1, minimum_minor))
        .order_by("member_id")
        .values_list("member_id", flat=True)
    )
    return list(dict.fromkeys(ready[:limit]))


@dataclass(frozen=True)
class Balance:
    """What the shop owes a member in one currency, by how far it is.

    `owed_minor` is what the member owes back; the next statement deducts it.
    """

    currency: str
    pending_minor: int = 0
    due_minor: int = 0
    owed_minor: int = 0
    requested_minor: int = 0
    paid_minor: int = 0


def balances(member_id: int) -> list[Balance]:
    """A member's balances, one per currency they ever earned in, by its code."""
    parts: dict[str, dict[str, int]] = {}
    payables = Payable.objects.filter(member=member_id)
    sums = {
        "pending_minor": payables.filter(status=Payable.Status.PENDING).annotate(part=_LEFT),
        "due_minor": payables.unstated().annotate(part=_LEFT),
        "owed_minor": Deduction.objects.open().filter(member=member_id),
        "requested_minor": Payout.objects.requested().filter(member=member_id),
        "paid_minor": Payout.objects.confirmed().filter(member=member_id),
    }
    fields = {"owed_minor": "amount_minor", "pending_minor": "part", "due_minor": "part"}
    for currency in payables.values_list("currency", flat=True).distinct():
        parts[currency] = {}
    for name, rows in sums.items():
        total = Sum(fields.get(name, "total_minor"))
        for currency, amount in rows.values_list("currency").annotate(total):
            parts[currency][name] = amount
    return [Balance(currency, **parts[currency]) for currency in sorted(parts)]
