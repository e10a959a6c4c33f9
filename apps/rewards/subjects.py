"""What rewards are decided about, and reading its present state under lock.

A subject is named by a text: `participant:par_…`, `order:cmp_…:<the shop's order id>`,
`room:room_…`.
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


def participant_subject(participant: str) -> str:
    """The subject of a participant, by public id."""
    return f"participant:{participant}"


def order_subject(campaign: str, order_id: str) -> str:
    """The subject of a shop's order in a campaign, by the campaign's public id."""
    return f"order:{campaign}:{order_id}"


def room_subject(room: str) -> str:
    """The subject of a room, by public id."""
    return f"room:{room}"


def state_of(subject: str) -> State | None:
    """Lock the subject's row and read its facts; None when nothing is to be decided about it.

    Whoever changed the facts recorded an event, so whichever decision comes last has read them all.
    """
    kind, name = subject.split(":", 1)
    if kind == "participant":
        return _joined(name, subject)
    if kind == "order":
        campaign, order_id = name.split(":", 1)
        return _order_paid(campaign, order_id, subject)
    return _room_completed(name, subject)


def _joined(public_id: str, subject: str) -> State | None:
    participant = (
        Participant.objects.select_for_update(of=("self",), no_key=True)
        .select_related("campaign", "version", "referrer")
        .get(public_id=public_id)
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


def _order_paid(campaign_id: str, order_id: str, subject: str) -> State | None:
    campaign = Campaign.objects.get(public_id=campaign_id)
    order = Order.objects.select_for_update(of=("self",), no_key=True).get(
        order_id=order_id, is_test=campaign.is_test
    )
    counted = (
        CampaignOrder.objects.select_related("participant__version", "participant__referrer")
        .filter(order=order, campaign=campaign)
        .first()
    )
    if counted is None:
        return None
    participant = counted.participant
    people = _people(participant)
    seat = _seat_of(order, campaign)
    if seat is not None:
        if seat.inviter is not None and seat.inviter.member_id != order.member_id:
            people[Beneficiary.INVITER] = (seat.inviter.member_id,)
        if seat.room.host_id != order.member_id:
            people[Beneficiary.HOST] = (seat.room.host_id,)
    facts = Facts(
        trigger=Trigger.ORDER_PAID,
        people=people,
        confirmed=participant.confirmed_at is not None,
        in_window=was_running(campaign, order.occurred_at),
        order=OrderFacts(kept_minor=order.kept_minor, nth=order.nth),
        room=_room_facts(seat.room) if seat is not None else None,
    )
    return State(subject, campaign, participant.version, facts, order.occurred_at)


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


def _room_completed(public_id: str, subject: str) -> State | None:
    room = (
        Room.objects.select_for_update(of=("self",), no_key=True)
        .select_related("offer__campaign")
        .get(public_id=public_id)
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
