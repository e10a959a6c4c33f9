"""What rewards are decided about, and reading its present state under lock.

A subject is named by a text: `participant:par_…`, `order:cmp_…:<the shop's order id>`,
`room:room_…` (its completion), `opened:room_…`, `act:act_…`. A milestone is the act of counting a
friend, so there is one subject per (referrer, kind, nth).
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from apps.campaigns.models import Campaign, Version
from apps.campaigns.rules import (
    ActFacts,
    Beneficiary,
    Circumstances,
    Facts,
    LineFacts,
    OrderFacts,
    PolicyTerms,
    RoomFacts,
    Trigger,
)
from apps.campaigns.selectors import (
    in_time,
    is_holdout,
    lists_of,
    terms_of,
    was_running,
    was_shown,
)
from apps.groupbuy.models import Room, Seat
from apps.groupbuy.rules import RoomStatus
from apps.invites.models import Act, CampaignOrder, Participant
from apps.orders.models import Order

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class State:
    """A subject's facts now, the version that applies, and the moments holds run from.

    `order_pk` and `fulfilled_at` are those of the order behind it, where there is one.
    """

    subject: str
    campaign: Campaign
    version: Version
    facts: Facts
    fact_at: dt.datetime
    order_pk: int | None = None
    fulfilled_at: dt.datetime | None = None


def participant_subject(participant: str) -> str:
    """The subject of a participant's joining, by public id."""
    return f"participant:{participant}"


def order_subject(campaign: str, order_id: str) -> str:
    """The subject of a shop's order in a campaign, by the campaign's public id."""
    return f"order:{campaign}:{order_id}"


def room_subject(room: str) -> str:
    """The subject of a room's completion, by public id."""
    return f"room:{room}"


def opening_subject(room: str) -> str:
    """The subject of a room's opening by its paid host, by public id."""
    return f"opened:{room}"


def act_subject(act: str) -> str:
    """The subject of a participant's act, by public id."""
    return f"act:{act}"


def subjects_of(participant: Participant) -> list[str]:
    """All that is decided about a participant: their joining, their orders, their acts."""
    campaign = participant.campaign.public_id
    counted = CampaignOrder.objects.filter(participant=participant).order_by("order_id")
    acts = Act.objects.filter(participant=participant).order_by("pk")
    return [
        participant_subject(participant.public_id),
        *(
            order_subject(campaign, name)
            for name in counted.values_list("order__order_id", flat=True)
        ),
        *(act_subject(name) for name in acts.values_list("public_id", flat=True)),
    ]


# The policy that grants of an operator's goodwill name: none of a campaign's.
GOODWILL = "goodwill"


def goodwill_subject(goodwill: str) -> str:
    """What a goodwill's grants are about, by public id. Nothing is ever decided about it."""
    return f"goodwill:{goodwill}"


def state_of(
    subject: str, *, lock: bool = True, terms: Sequence[PolicyTerms] | None = None
) -> State | None:
    """Lock the subject's row and read its facts; None when nothing is to be decided about it.

    Facts know of lists what `terms` ask, else what the version does that applies.

    Whoever changed the facts recorded an event, so whichever decision comes last has read them all.
    Without `lock` it only looks, to say what would happen.
    """
    kind, name = subject.split(":", 1)
    state = _READERS[kind](name, subject, lock)
    if state is None:
        return None
    asking = terms_of(state.version) if terms is None else terms
    lists = lists_of(state.facts.people, asking, at=state.fact_at)
    return replace(state, facts=replace(state.facts, lists=lists)) if lists else state


def _rows(rows: "QuerySet[M]", lock: bool) -> "QuerySet[M]":
    return rows.select_for_update(of=("self",), no_key=True) if lock else rows


def _joined(public_id: str, subject: str, lock: bool) -> State | None:
    participant = (
        _rows(Participant.objects.all(), lock)
        .select_related("campaign", "version", "referrer__referrer")
        .get(public_id=public_id)
    )
    if participant.confirmed_at is None:
        return None
    campaign = participant.campaign
    facts = _facts(
        Trigger.JOINED,
        participant,
        participant.circumstances,
        in_window=was_shown(campaign, participant.joined_at),
        in_time=_in_time(participant, _qualified_at(participant)),
    )
    # Who joined during the pre-heating joined when the campaign starts.
    joined_at = max(participant.confirmed_at, campaign.starts_at)
    return State(subject, campaign, participant.version, facts, joined_at)


def _facts(
    trigger: Trigger,
    participant: Participant,
    circumstances: dict[str, Any],
    people: dict[Beneficiary, tuple[int, ...]] | None = None,
    **more: Any,
) -> Facts:
    return Facts(
        trigger=trigger,
        people=_people(participant) if people is None else people,
        circumstances=Circumstances(
            **{**circumstances, "audiences": tuple(circumstances.get("audiences", ()))}
        ),
        variant=participant.variant,
        is_holdout=is_holdout(participant.version, participant.variant),
        **more,
    )


def _in_time(acting: Participant, at: dt.datetime) -> bool:
    """Whether what they did at that moment may still earn, by the version they joined under."""
    return in_time(acting.campaign, acting.version, acting.joined_at, at)


def _qualified_at(participant: Participant) -> dt.datetime:
    """When they did what confirmed them: an order is kept only some time after it was made."""
    campaign = participant.campaign
    assert participant.confirmed_at is not None  # who is not confirmed has not joined yet
    by_order = campaign.qualifying_act == Campaign.QualifyingAct.ORDER
    return participant.confirmed_at - (campaign.keep_window if by_order else dt.timedelta())


def _people(participant: Participant) -> dict[Beneficiary, tuple[int, ...]]:
    people: dict[Beneficiary, tuple[int, ...]] = {Beneficiary.MEMBER: (participant.member_id,)}
    referrer = participant.referrer
    if referrer is not None:
        people[Beneficiary.REFERRER] = (referrer.member_id,)
        if referrer.referrer is not None:
            people[Beneficiary.SECOND_REFERRER] = (referrer.referrer.member_id,)
    return people


def _order_paid(name: str, subject: str, lock: bool) -> State | None:
    campaign_id, order_id = name.split(":", 1)
    campaign = Campaign.objects.get(public_id=campaign_id)
    order = _rows(Order.objects.all(), lock).get(order_id=order_id, is_test=campaign.is_test)
    counted = (
        CampaignOrder.objects.select_related(
            "participant__version", "participant__campaign", "participant__referrer__referrer"
        )
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
    facts = _facts(
        Trigger.ORDER_PAID,
        participant,
        counted.circumstances,
        people,
        confirmed=participant.confirmed_at is not None,
        in_window=was_running(campaign, order.occurred_at),
        in_time=_in_time(participant, order.occurred_at),
        order=_order_facts(order),
        room=_room_facts(seat.room) if seat is not None else None,
        outranked=tuple(counted.outranked),
    )
    return State(
        subject,
        campaign,
        participant.version,
        facts,
        order.occurred_at,
        order.pk,
        order.fulfilled_at,
    )


def _order_facts(order: Order) -> OrderFacts:
    return OrderFacts(
        kept_minor=order.kept_minor,
        nth=order.nth,
        lines=tuple(
            LineFacts(tuple(line.tags), line.kept_minor) for line in order.lines.order_by("pk")
        ),
        order_id=order.order_id,
        fulfilled=order.fulfilled_at is not None,
    )


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
    return RoomFacts(room.needed, kept, completed=room.status == RoomStatus.COMPLETED)


def _room_completed(public_id: str, subject: str, lock: bool) -> State | None:
    room = _room(public_id, lock)
    hosting = _hosting(room, room.host_id)
    if room.ended_at is None or room.opened_at is None or hosting is None:
        return None
    campaign = room.offer.campaign
    seated = room.seats.filter(status=Seat.Status.PAID).order_by("member_id")
    facts = _facts(
        Trigger.ROOM_COMPLETED,
        hosting,
        _host_circumstances(room, hosting),
        {
            Beneficiary.HOST: (room.host_id,),
            Beneficiary.SEATED: tuple(seated.values_list("member_id", flat=True)),
        },
        in_window=was_running(campaign, room.opened_at),
        in_time=_in_time(hosting, room.opened_at),
        room=_room_facts(room),
    )
    return State(subject, campaign, hosting.version, facts, room.ended_at)


def _room_opened(public_id: str, subject: str, lock: bool) -> State | None:
    room = _room(public_id, lock)
    opener = room.seats.order_by("pk").first()  # who hosts later did not open it
    hosting = _hosting(room, opener.member_id) if opener else None
    if room.opened_at is None or hosting is None or opener is None:
        return None
    campaign = room.offer.campaign
    facts = _facts(
        Trigger.ROOM_OPENED,
        hosting,
        _host_circumstances(room, hosting),
        {Beneficiary.HOST: (opener.member_id,)},
        in_window=was_running(campaign, room.opened_at),
        in_time=_in_time(hosting, room.opened_at),
        room=RoomFacts(
            room.needed,
            int(opener.status == Seat.Status.PAID),
            completed=room.status == RoomStatus.COMPLETED,
        ),
    )
    return State(subject, campaign, hosting.version, facts, room.opened_at)


def _room(public_id: str, lock: bool) -> Room:
    return (
        _rows(Room.objects.all(), lock).select_related("offer__campaign").get(public_id=public_id)
    )


def _hosting(room: Room, member_id: int) -> Participant | None:
    """A host's participant in the room's campaign."""
    return (
        Participant.objects.select_related("version", "campaign")
        .filter(campaign=room.offer.campaign, member_id=member_id)
        .first()
    )


def _host_circumstances(room: Room, hosting: Participant) -> dict[str, Any]:
    """Who the host was when they paid their seat; before that order counts, when they joined."""
    paid = CampaignOrder.objects.filter(
        campaign=room.offer.campaign, order__lines__paid_seat__room=room, participant=hosting
    )
    found: dict[str, Any] | None = paid.values_list("circumstances", flat=True).first()
    return hosting.circumstances if found is None else found


def _acted(public_id: str, subject: str, lock: bool) -> State | None:
    act = (
        _rows(Act.objects.all(), lock)
        .select_related("campaign", "participant__version", "participant__referrer__referrer")
        .select_related("order", "referee__version", "referee__campaign", "participant__campaign")
        .get(public_id=public_id)
    )
    campaign, participant, order = act.campaign, act.participant, act.order
    # A friend is rewarded once confirmed, whether or not who brought them is: as with their orders.
    acting = act.referee or participant
    seat = _seat_of(order, campaign) if order else None
    facts = _facts(
        Trigger(act.kind),
        participant,
        act.circumstances,
        confirmed=acting.confirmed_at is not None,
        in_window=was_running(campaign, act.occurred_at),
        in_time=_in_time(acting, act.occurred_at),
        act=ActFacts(nth=act.nth),
        order=_order_facts(order) if order else None,
        room=_room_facts(seat.room) if seat is not None else None,
    )
    return State(
        subject,
        campaign,
        participant.version,
        facts,
        act.occurred_at,
        order.pk if order else None,
        order.fulfilled_at if order else None,
    )


_READERS = {
    "participant": _joined,
    "order": _order_paid,
    "room": _room_completed,
    "opened": _room_opened,
    "act": _acted,
}
