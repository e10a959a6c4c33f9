"""Points set aside for an order: reserved, then captured or released, exactly once.

Capture, release and the end of a reservation's time all lock the member's accounts and then change
the status from `reserved` in one conditional UPDATE: whoever finds it changed came too late.
"""

import datetime as dt
from typing import Any

from apps.core import sweepers
from apps.core.clock import EngineNow, engine_now
from apps.core.errors import Conflict, Invalid, NotFound
from apps.core.ids import new_id
from apps.core.replies import Asked
from apps.core.services import event_record
from apps.core.transactions import in_transaction
from apps.points import events
from apps.points.models import Reservation, Transfer
from apps.points.rules import DEFAULT_RESERVATION_TTL, Taken
from apps.points.services import one_statement
from apps.points.services.expiring import lots_expire
from apps.points.services.ledger import (
    MOST_POINTS,
    Also,
    Effects,
    Instruction,
    Kind,
    Leg,
    NotEnoughPoints,
    TransferConflict,
    demand_amount,
    move,
    move_with,
    moved_before,
    open_takings,
    purse_for,
    take_live,
)
from apps.points.services.purses import Purpose, Purse, purse_lock

Status = Reservation.Status
Cause = Reservation.Cause

SHORTEST_TTL = dt.timedelta(seconds=1)
LONGEST_TTL = dt.timedelta(days=30)


class ReservationUnknown(NotFound):
    code = "reservation_unknown"
    message = "There is no reservation of points with this id."


class ReservationReleased(Conflict):
    code = "reservation_released"
    message = "These points were released already. Reserve them again."


class ReservationCaptured(Conflict):
    code = "reservation_captured"
    message = "These points were captured already. A refund of the order gives them back."


class ReservationTimeInvalid(Invalid):
    code = "reservation_time_invalid"
    message = "Points are reserved for a second at least and 30 days at most."


@in_transaction
def points_reserve(
    *,
    member_id: int,
    amount: int,
    order_id: str,
    is_test: bool,
    key: str,
    now: dt.datetime,
    ttl: dt.timedelta | None = None,
    purse: Purse | None = None,
) -> Reservation:
    """Set points aside for an order, for `ttl` or as long as the programme says.

    Soonest expiry first, then the oldest. The same key again returns the first reservation. Raises
    NotEnoughPoints, TransferConflict and ReservationTimeInvalid. Locks the member's accounts.
    """
    if ttl is not None and not SHORTEST_TTL <= ttl <= LONGEST_TTL:
        raise ReservationTimeInvalid()
    asked = Instruction(key, amount, order_id, now)
    demand_amount(asked)
    also = _reservation(member_id, order_id, is_test, ttl)
    if purse is None and (moved := one_statement.reserve(member_id, asked, also)):
        return _reserved(*moved)
    purse = purse_for(member_id, asked, purse)
    leg = Leg(Kind.RESERVE, purse.available, purse.reserved, amount)
    also = Also(also.insert.format(member="%(member_id)s::bigint"), also.parameters)
    try:
        effects = Effects(takes=take_live(purse, amount), remembers=True)
        moved = move_with(asked, purse, leg, also, effects=effects)
    except NotEnoughPoints:
        if not moved_before(asked, purse, Kind.RESERVE):
            raise
        moved = None
    if moved:
        return _reserved(*moved)
    (transfer,) = moved_before(asked, purse, Kind.RESERVE)
    first = Reservation.objects.get(transfer=transfer)
    if (first.order_id, first.is_test) != (order_id, is_test):
        raise TransferConflict(f"{key} already reserved points for another order.")
    return first


def points_reserve_and_reply(
    *,
    external_id: str,
    amount: int,
    order_id: str,
    is_test: bool,
    key: str,
    now: dt.datetime,
    ttl: dt.timedelta | None,
    reply: Asked,
) -> dict[str, Any] | None:
    """All that a request for a reservation does, in one statement and one commit of its own.

    Where it is the first under its key, the member is there and has the points: then the reply, as it
    is kept; else it does nothing and returns None. Locks the account the points come from.
    """
    asked = Instruction(key, amount, order_id, now)
    if amount > MOST_POINTS or (ttl is not None and not SHORTEST_TTL <= ttl <= LONGEST_TTL):
        return None
    also = _reservation(0, order_id, is_test, ttl)
    told = one_statement.Reply(_REPLY, reply.parameters())
    return one_statement.reserve_and_reply(external_id, is_test, asked, also, told)


# As the door shows it.
_REPLY = """jsonb_build_object(
    'id', public_id, 'order_id', order_id, 'amount', amount, 'returned', returned,
    'status', status, 'cause', cause,
    'expires_at', to_char(expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))"""

# Its time is read from the programme in the same statement.
_INSERT = """
INSERT INTO points_reservation (public_id, member_id, transfer_id, order_id, is_test, amount,
                                returned, status, cause, expires_at)
SELECT %(reservation)s, {member}, id, %(order_id)s, %(is_test)s, amount,
       0, 'reserved', '', engine_now() + coalesce(
         %(ttl)s::interval,
         (SELECT reservation_ttl FROM points_programme WHERE is_test = %(is_test)s),
         %(default_ttl)s::interval)
FROM written
RETURNING id, public_id, member_id, order_id, is_test, amount, returned, status, cause,
          reserved_at, expires_at
"""
_COLUMNS = (
    "id",
    "public_id",
    "member_id",
    "order_id",
    "is_test",
    "amount",
    "returned",
    "status",
    "cause",
    "reserved_at",
    "expires_at",
)


def _reserved(transfer: Transfer, row: tuple[Any, ...]) -> Reservation:
    return Reservation(transfer=transfer, **dict(zip(_COLUMNS, row, strict=True)))


def _reservation(member_id: int, order_id: str, is_test: bool, ttl: dt.timedelta | None) -> Also:
    parameters = {
        "reservation": new_id("rsv"),
        "member_id": member_id,
        "order_id": order_id,
        "is_test": is_test,
        "ttl": ttl,
        "default_ttl": DEFAULT_RESERVATION_TTL,
    }
    return Also(_INSERT, parameters)


@in_transaction
def reservation_capture(*, public_id: str, is_test: bool, now: dt.datetime) -> Reservation:
    """Spend reserved points for good, also after their time as long as they were not released.

    Again: no effect. Raises ReservationUnknown and ReservationReleased. Locks the member's accounts.
    """
    found = reservation_find(public_id=public_id, is_test=is_test)
    purse = purse_lock(found.member_id)
    if not capture(found, purse, now) and found.status == Status.RELEASED:
        raise ReservationReleased()
    return found


@in_transaction
def reservation_release(*, public_id: str, is_test: bool, now: dt.datetime) -> Reservation:
    """Give reserved points back to the member, with their old expiry.

    Again: no effect. Raises ReservationUnknown and ReservationCaptured. Locks the member's accounts.
    """
    found = reservation_find(public_id=public_id, is_test=is_test)
    purse = purse_lock(found.member_id)
    if not release(found, purse, Cause.ASKED, now) and found.status == Status.CAPTURED:
        raise ReservationCaptured()
    return found


def reservation_find(*, public_id: str, is_test: bool) -> Reservation:
    """A reservation of this mode. Raises ReservationUnknown."""
    rows = Reservation.objects.filter(public_id=public_id, is_test=is_test)
    found = rows.select_related("transfer").first()
    if found is None:
        raise ReservationUnknown()
    return found


def capture(found: Reservation, purse: Purse, now: dt.datetime) -> bool:
    """Spend what is reserved; False when it was resolved before. Needs the purse's lock."""
    if not _resolve(found, status=Status.CAPTURED):
        return False
    asked = Instruction(f"capture:{found.public_id}", found.amount, found.order_id, now)
    move(asked, purse, Leg(Kind.SPEND, purse.reserved, Purpose.SPENT, found.amount))
    return True


def release(found: Reservation, purse: Purse, cause: Cause, now: dt.datetime) -> bool:
    """Give back what is reserved; False when it was resolved before. Needs the purse's lock."""
    if not _resolve(found, status=Status.RELEASED, cause=cause):
        return False
    asked = Instruction(f"release:{found.public_id}", found.amount, found.order_id, now)
    takings = open_takings([found.transfer_id])
    back = [Taken(taking.lot_id, taking.remaining) for taking in takings]
    leg = Leg(Kind.RELEASE, purse.reserved, purse.available, found.amount)
    move(asked, purse, leg, effects=Effects(back=back))
    lots_expire(purse, now)
    return True


def _resolve(found: Reservation, *, status: Status, cause: str = "") -> bool:
    """Set the status of what is still reserved; else read what became of it."""
    rows = Reservation.objects.reserved().filter(pk=found.pk)
    if not rows.update(status=status, cause=cause, resolved_at=EngineNow()):
        found.refresh_from_db()
        return False
    found.status, found.cause = status, cause
    return True


def reservations_expire() -> int:
    """Release what was reserved longer than agreed, one per transaction; how many."""
    due = Reservation.objects.due().order_by("expires_at").values_list("pk", flat=True)
    return sweepers.each_due(due[: sweepers.BATCH], reservation_expire)


@in_transaction
def reservation_expire(reservation_id: int) -> int:
    """Release one reservation whose time is up; 1 unless it was resolved or is not due.

    Locks the member's accounts.
    """
    found = Reservation.objects.select_related("member", "transfer").get(pk=reservation_id)
    purse = purse_lock(found.member_id)
    now = engine_now()
    if found.expires_at > now or not release(found, purse, Cause.TIMED_OUT, now):
        return 0
    event_record(
        key=f"{events.RESERVATION_TIMED_OUT}:{found.public_id}",
        kind=events.RESERVATION_TIMED_OUT,
        payload={
            "member": found.member.public_id,
            "reservation": found.public_id,
            "order_id": found.order_id,
            "points": found.amount,
        },
        occurred_at=now,
        is_test=found.is_test,
    )
    return 1
