"""What becomes of an order's points when it is paid, cancelled or refunded."""

import datetime as dt

from django.db.models import F

from apps.core.transactions import in_transaction
from apps.points import rules
from apps.points.models import Reservation
from apps.points.services.expiring import lots_expire
from apps.points.services.ledger import Effects, Instruction, Kind, Leg, move, open_takings
from apps.points.services.purses import Purpose, Purse, purses_lock
from apps.points.services.reserving import capture, release


@in_transaction
def points_capture_order(*, order_id: str, member_id: int, is_test: bool, now: dt.datetime) -> int:
    """Spend all that the member reserved for this order; how many points this call spent.

    Also what is past its time but still reserved. What was released is not taken again. Locks the
    member's accounts.
    """
    rows = Reservation.objects.reserved().of_order(order_id, is_test=is_test)
    found = list(rows.filter(member_id=member_id).order_by("pk"))
    if not found:
        return 0
    purse = purses_lock(member_ids=(member_id,))[member_id]
    return sum(row.amount for row in found if capture(row, purse, now))


@in_transaction
def points_release_order(*, order_id: str, is_test: bool, now: dt.datetime) -> int:
    """Give back all that is reserved for this order; how many points this call gave.

    Locks the accounts of whoever reserved.
    """
    rows = Reservation.objects.reserved().of_order(order_id, is_test=is_test)
    found = list(rows.select_related("transfer").order_by("pk"))
    if not found:
        return 0
    purses = purses_lock(member_ids={row.member_id for row in found})
    released = (
        row.amount
        for row in found
        if release(row, purses[row.member_id], Reservation.Cause.ORDER, now)
    )
    return sum(released)


@in_transaction
def points_return_order(
    *, order_id: str, is_test: bool, refunded_minor: int, paid_minor: int, now: dt.datetime
) -> int:
    """Give back the refunded part of the points that paid an order; how many this call gave.

    In all the order then has back floor(captured × refunded / paid), all of it once the refund is
    full, so parts end like the whole and a repeat gives nothing. They keep their old expiry; what
    expired meanwhile expires again at once. Locks the accounts of whoever paid.
    """
    captured = Reservation.objects.captured().of_order(order_id, is_test=is_test)
    payers = set(captured.values_list("member_id", flat=True))
    if not payers:
        return 0
    purses = purses_lock(member_ids=payers)
    rows = list(captured.order_by("pk"))
    due = rules.points_to_return(
        captured=sum(row.amount for row in rows),
        returned=sum(row.returned for row in rows),
        refunded_minor=refunded_minor,
        paid_minor=paid_minor,
    )
    given = 0
    for row in rows:
        part = min(due - given, row.amount - row.returned)
        if part > 0:
            _give_back(row, purses[row.member_id], part, now)
            given += part
    return given


def _give_back(row: Reservation, purse: Purse, points: int, now: dt.datetime) -> None:
    """Put points of a captured reservation into their old lots. Needs the purse's lock."""
    back = rules.give_back(open_takings([row.transfer_id]), points)
    key = f"return:{row.public_id}:{row.returned + points}"
    leg = Leg(Kind.RETURN, Purpose.SPENT, purse.available, points)
    asked = Instruction(key, points, row.order_id, now)
    move(asked, purse, leg, effects=Effects(back=back))
    Reservation.objects.filter(pk=row.pk).update(returned=F("returned") + points)
    lots_expire(purse, now)
