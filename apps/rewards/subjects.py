"""What rewards are decided about, and reading its present state under lock.

A subject is named by a short text: `participant:12`, `order:7:campaign:3`, `room:5`.
"""

import datetime as dt
from dataclasses import dataclass

from apps.campaigns.models import Campaign, Version
from apps.campaigns.rules import Beneficiary, Facts, OrderFacts, RoomFacts, Trigger
from apps.campaigns.selectors import was_running
from apps.groupbuy.models import Room, Seat
from apps.groupbuy.rules import RoomStatus
from apps.invites.models import CampaignOrder, Participant
from apps.orders.models import Order


@dataclass(frozen=True)
class State:
    """A subject's facts now, the version that applies, and the moment holds run from."""

    subject: str
    campaign: Campaign
    version: Version
    facts: Facts
    fact_at: dt.datetime


def participant_subject(participant_id: int) -> str:
    return f"participant:{participant_id}"


def order_subject(order_id: int, campaign_id: int) -> str:
    return f"order:{order_id}:campaign:{campaign_id}"


def room_subject(room_id: int) -> str:
    return f"room:{room_id}"


def state_of(subject: str) -> State | None:
    """Lock the subject's row and read its facts; None when nothing is to be decided about it.

    Whoever changed the facts recorded an event, so whichever decision comes last has read them all.
    """
    kind, *ids = subject.split(":")
    if kind == "participant":
        return _joined(int(ids[0]), subject)
    if kind == "order":
        return _order_paid(int(ids[0]), int(ids[2]), subject)
    return _room_completed(int(ids[0]), subject)


def _joined(participant_id: int, subject: str) -> State | None:
    participant = (
        Participant.objects.select_for_update(of=("self",), no_key=True)
        .select_related("campaign", "version", "referrer")
        .get(pk=participant_id)
    )
    if participant.confirmed_at is None:
        return None
    facts = Facts(
        trigger=Trigger.JOINED,
        people=_people(participant),
        in_window=was_running(participant.campaign, participant.joined_at),
    )
    campaign, version = participant.campaign, participant.version
    return State(subject, campaign, version, facts, participant.confirmed_at)


def _people(participant: Participant) -> dict[Beneficiary, tuple[int, ...]]:
    people: dict[Beneficiary, tuple[int, ...]] = {Beneficiary.MEMBER: (participant.member_id,)}
    if participant.referrer is not None:
        people[Beneficiary.REFERRER] = (participant.referrer.member_id,)
    return people


def _order_paid(order_id: int, campaign_id: int, subject: str) -> State | None:
    order = Order.objects.select_for_update(of=("self",), no_key=True).get(pk=order_id)
    counted = (
        CampaignOrder.objects.select_related(
            "campaign", "participant__version", "participant__referrer"
        )
        .filter(order=order, campaign_id=campaign_id)
        .first()
    )
    if counted is None:
        return None
    participant = counted.participant
    people = _people(participant)
    seat = _seat_of(order, counted.campaign)
    if seat is not None:
        if seat.inviter is not None and seat.inviter.member_id != order.member_id:
            people[Beneficiary.INVITER] = (seat.inviter.member_id,)
        if seat.room.host_id != order.member_id:
            people[Beneficiary.HOST] = (seat.room.host_id,)
    facts = Facts(
        trigger=Trigger.ORDER_PAID,
        people=people,
        confirmed=participant.confirmed_at is not None,
        in_window=was_running(counted.campaign, order.occurred_at),
        order=OrderFacts(kept_minor=order.kept_minor, nth=order.nth),
        room=_room_facts(seat.room) if seat is not None else None,
    )
    return State(subject, counted.campaign, participant.version, facts, order.occurred_at)


def _seat_of(order: Order, campaign: Campaign) -> Seat | None:
    """The seat this order paid in the campaign; with several, the first in a completed room."""
    seats = Seat.objects.filter(line__order=order, room__offer__campaign=campaign).select_related(
        "room", "inviter"
    )
    in_order = seats.order_by("pk")
    return next(
        (seat for seat in in_order if seat.room.status == RoomStatus.COMPLETED), in_order.first()
    )


def _room_facts(room: Room) -> RoomFacts:
    kept = room.seats.filter(status=Seat.Status.PAID).count()
    return RoomFacts(room.size, kept, completed=room.status == RoomStatus.COMPLETED)


def _room_completed(room_id: int, subject: str) -> State | None:
    room = (
        Room.objects.select_for_update(of=("self",), no_key=True)
        .select_related("offer__campaign")
        .get(pk=room_id)
    )
    campaign = room.offer.campaign
    hosting = (
        Participant.objects.select_related("version")
        .filter(campaign=campaign, member_id=room.host_id)
        .first()
    )
    if room.ended_at is None or room.opened_at is None or hosting is None:
        return None
    seated = room.seats.filter(status=Seat.Status.PAID).order_by("member_id")
    facts = Facts(
        trigger=Trigger.ROOM_COMPLETED,
        people={
            Beneficiary.HOST: (room.host_id,),
            Beneficiary.SEATED: tuple(seated.values_list("member_id", flat=True)),
        },
        in_window=was_running(campaign, room.opened_at),
        room=_room_facts(room),
    )
    return State(subject, campaign, hosting.version, facts, room.ended_at)
