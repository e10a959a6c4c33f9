"""A room's life: opened by its host, completed by its last payment, or ended by time.

A room takes exactly one terminal state, under its lock; a trigger holds that it is final.
"""

import datetime as dt

from apps.campaigns.models import Campaign
from apps.campaigns.selectors import is_running
from apps.campaigns.services import CampaignNotRunning
from apps.core.clock import EngineNow, engine_now
from apps.core.services import event_record
from apps.core.sweepers import BATCH, each_due
from apps.core.transactions import in_transaction
from apps.groupbuy import events
from apps.groupbuy.errors import OfferEnded, OfferNotStarted, OfferWithdrawn, RoomEnded
from apps.groupbuy.models import Offer, RefundOrder, Room, Seat
from apps.groupbuy.rules import (
    OPENING,
    TERMINAL,
    Ask,
    RoomStatus,
    asks_standing,
    enough_seats,
    final_seat_price,
    may_hold,
    next_turn,
    opens_rooms,
    terms_to_json,
)
from apps.groupbuy.selectors import offer_terms, room_terms
from apps.groupbuy.services.refunds import refund_orders_request
from apps.groupbuy.services.seats import (
    Asked,
    active_seats,
    expired_release,
    item_of,
    room_lock,
    seat_insert,
    seats_release,
)
from apps.groupbuy.services.standing import member_lock, refuse, standing_of
from apps.invites.selectors import Brought
from apps.invites.services import participant_admit, participants_confirm


@in_transaction
def room_open(
    *,
    offer: Offer,
    member_id: int,
    brought: Brought,
    now: dt.datetime,
    sku: str = "",
    quantity: int = 1,
    order_id: str = "",
) -> tuple[Room, Seat]:
    """Open a pending room with the host's held seat; it lives from the host's payment on.

    Raises OfferWithdrawn, OfferNotStarted, OfferEnded, CampaignNotRunning, CoolingDown,
    LimitReached, TooManyPieces, ItemUnknown, StockSpent, DiscountsSpent, and what
    `participant_admit` raises. Locks the member where the terms count what they have, what it
    makes, the host's participant, the stock, the budget where it counts discounts.
    """
    terms = offer_terms(offer)
    if asks_standing(terms):
        member_lock(member_id)
    clock = engine_now()
    _refuse_closed(offer, clock)
    if not is_running(offer.campaign, now):
        raise CampaignNotRunning()
    standing = standing_of(terms, offer_id=offer.pk, member_id=member_id, opens=True, clock=clock)
    refusal = may_hold(terms, standing, OPENING, Ask(sku, quantity, opens=True), clock)
    if refusal is not None:
        refuse(refusal, terms, standing, clock)
    participant_admit(campaign=offer.campaign, member_id=member_id, brought=brought, now=now)
    room = Room.objects.create(
        offer=offer,
        host_id=member_id,
        size=offer.room_size,
        duration=offer.duration,
        hold_ttl=offer.hold_ttl,
        listing=offer.listing,
        terms=terms_to_json(terms),
        due_at=clock + offer.hold_ttl,
    )
    asked = Asked(member_id, item_of(terms, sku), quantity, order_id, opens=True)
    return room, seat_insert(room, terms, asked, position=0, clock=clock)


def _refuse_closed(offer: Offer, clock: dt.datetime) -> None:
    closed = opens_rooms(
        is_active=offer.is_active, starts=offer.starts_at, ends=offer.ends_at, now=clock
    )
    if closed:
        raise {
            "withdrawn": OfferWithdrawn,
            "not_started": OfferNotStarted,
            "ended": OfferEnded,
        }[closed]()


def room_start(room: Room, clock: dt.datetime) -> None:
    """The host has paid: the room opens and its duration runs. The caller has the room's lock."""
    room.status = RoomStatus.OPEN
    room.opened_at = clock
    room.deadline_at = clock + room.duration
    room.due_at = room.deadline_at
    room.save(update_fields=["status", "opened_at", "deadline_at", "due_at"])
    _report(events.ROOM_OPENED, room, clock)


def room_complete(room: Room, clock: dt.datetime) -> None:
    """The last seat is paid, or enough are at the deadline: fix the headcount and final prices.

    Confirms the seated where that is the qualifying act. The caller has the room's lock; locks the
    participants.
    """
    paid = list(room.seats.filter(status=Seat.Status.PAID).order_by("pk"))
    room.headcount = len(paid)
    _end(room, RoomStatus.COMPLETED, clock)
    _fix_prices(room, paid)
    campaign = room.offer.campaign
    if campaign.qualifying_act == Campaign.QualifyingAct.ROOM:
        seated = [seat.member_id for seat in paid]
        participants_confirm(campaign=campaign, member_ids=seated, now=clock)


def _fix_prices(room: Room, paid: list[Seat]) -> None:
    """Write what each seat costs in the end, where its item has steps; a sweeper settles them."""
    terms = room_terms(room)
    stepped = {item.id for item in terms.items if item.steps}
    changed = [seat for seat in paid if seat.item_id in stepped]
    for seat in changed:
        seat.final_price_minor = final_seat_price(
            terms, seat.item_id, seat.quantity, headcount=len(paid), opens=seat.opens
        )
        if seat.final_price_minor is not None and seat.final_price_minor < seat.price_minor:
            seat.settlement = Seat.Settlement.DUE
    Seat.objects.bulk_update(changed, ["final_price_minor", "settlement"])


def _end(room: Room, status: RoomStatus, clock: dt.datetime, reason: str = "") -> None:
    room.status = status
    room.reason = reason
    room.ended_at = clock
    room.due_at = None
    room.save(update_fields=["status", "reason", "note", "headcount", "ended_at", "due_at"])
    _report(f"room.{status}", room, clock)


def _report(kind: str, room: Room, clock: dt.datetime) -> None:
    event_record(
        key=f"{kind}:{room.public_id}",
        kind=kind,
        payload={"room": room.public_id, "offer": room.offer.public_id, "reason": room.reason},
        occurred_at=clock,
        is_test=room.offer.campaign.is_test,
    )


@in_transaction
def room_cancel(*, room_id: int, reason: str, note: str = "") -> None:
    """End a room early and ask for every payment back.

    `reason` is a word that shoppers and the shop see; the operator's `note` stays in the admin.
    Raises RoomEnded. Locks room, seats, stock.
    """
    room = room_lock(room_id)
    if room.status in TERMINAL:
        raise RoomEnded()
    room.note = note
    _undo(room, RoomStatus.CANCELLED, engine_now(), reason)


@in_transaction
def room_withdraw(room_id: int) -> bool:
    """Cancel a room whose offer was withdrawn together with its rooms; False when it has ended.

    Locks room, seats, stock.
    """
    room = room_lock(room_id)
    if room.status in TERMINAL or not room.offer.cancels_rooms:
        return False
    room.note = room.offer.withdrawal_note
    _undo(room, RoomStatus.CANCELLED, engine_now(), "offer_withdrawn")
    return True


def _undo(room: Room, status: RoomStatus, clock: dt.datetime, reason: str = "") -> None:
    """End a room that did not complete: every paid seat gets a refund order, every seat is freed."""
    failed = status is RoomStatus.FAILED
    _end(room, status, clock, reason)
    seats = list(active_seats(room).select_related("line__order").order_by("pk"))
    refund_orders_request(
        [seat for seat in seats if seat.status == Seat.Status.PAID],
        RefundOrder.Why.ROOM_FAILED if failed else RefundOrder.Why.ROOM_CANCELLED,
        clock,
    )
    why = Seat.Released.ROOM_FAILED if failed else Seat.Released.ROOM_CANCELLED
    seats_release(room, seats, why, clock)


def rooms_turn() -> int:
    """Do what time asks of rooms whose moment has come, one per transaction; how many."""
    due = Room.objects.filter(due_at__lte=EngineNow()).order_by("due_at")
    return each_due(list(due.values_list("pk", flat=True)[:BATCH]), _turn)


@in_transaction
def _turn(room_id: int) -> bool:
    due = (
        Room.objects.select_for_update(of=("self",), skip_locked=True, no_key=True)
        .select_related("offer__campaign")
        .filter(pk=room_id, due_at__lte=EngineNow())
        .first()
    )
    if due is None:
        return False
    clock = engine_now()
    expired_release(due, clock)
    holds = due.seats.filter(status=Seat.Status.HELD).values_list("hold_expires_at", flat=True)
    paid = due.seats.filter(status=Seat.Status.PAID).count()
    status, look_at = next_turn(
        RoomStatus(due.status),
        due.deadline_at,
        list(holds),
        clock,
        enough=enough_seats(room_terms(due), paid),
    )
    _take_turn(due, status, look_at, clock)
    return True


def _take_turn(
    room: Room, status: RoomStatus, look_at: dt.datetime | None, clock: dt.datetime
) -> None:
    if status is RoomStatus.FAILED:
        _undo(room, status, clock)
    elif status is RoomStatus.CANCELLED:
        _undo(room, status, clock, "host_unpaid")
    elif status is RoomStatus.COMPLETED:
        room_complete(room, clock)
    else:
        closes = status is RoomStatus.CLOSING and room.status != status
        room.status, room.due_at = status, look_at
        room.save(update_fields=["status", "due_at"])
        if closes:
            _report(events.ROOM_CLOSING, room, clock)


def host_succeed(room: Room, clock: dt.datetime) -> None:
    """The host's seat is gone: the earliest paid seat hosts, else the room is cancelled.

    The caller has the room's lock.
    """
    heir = room.seats.filter(status=Seat.Status.PAID).order_by("paid_at", "pk").first()
    if heir is None:
        _undo(room, RoomStatus.CANCELLED, clock, "host_left")
        return
    room.host_id = heir.member_id
    room.save(update_fields=["host"])
