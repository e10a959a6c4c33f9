"""What is still on its way, and what never came."""

import datetime as dt

from django.db.models import Q

from apps.campaigns.models import Campaign
from apps.core.models import Event
from apps.groupbuy import events as groupbuy_events
from apps.invites import events as invites_events
from apps.invites.models import Participant, Touch
from apps.orders import events as orders_events
from apps.orders.models import Refund
from apps.rewards import events
from apps.rewards.why.asked import Asked
from apps.rewards.why.words import Answer, Code, moment_words, say

MOST_EVENTS = 20

# The events after which something is decided.
_DECIDING = (
    orders_events.PAID,
    orders_events.FULFILLED,
    orders_events.REFUNDED,
    groupbuy_events.ROOM_OPENED,
    groupbuy_events.ROOM_COMPLETED,
    invites_events.CONFIRMED,
    invites_events.OVERRIDDEN,
    invites_events.ACTED,
    events.DECISION_DUE,
)
_ACT_WORDS = {
    Campaign.QualifyingAct.JOIN.value: "joining",
    Campaign.QualifyingAct.ORDER.value: "an order that is kept",
    Campaign.QualifyingAct.ROOM.value: "a complete group",
}


def answers_waiting(asked: Asked) -> list[Answer]:
    """Events that are not processed yet, or parked, one per order; and who is not confirmed yet."""
    by_matter: dict[tuple[str, str], Event] = {}
    for event in _events(asked):
        order = "" if asked.order else event.payload.get("order_id", "")
        by_matter.setdefault((event.status, order), event)
    return [_of_event(asked, event) for event in by_matter.values()] + _not_confirmed(asked)


def _events(asked: Asked) -> list[Event]:
    if asked.member is None and asked.order is None:
        return []
    about = (
        Q(payload__order_id__in=[row.order.order_id for row in asked.counted])
        | Q(payload__subject__in=asked.subjects)
        | Q(payload__participant__in=[row.public_id for row in asked.participants])
        | Q(payload__act__in=[act.public_id for act in asked.acts])
        | Q(payload__room__in=asked.rooms)
    )
    found: list[Event] = []
    for status in (Event.Status.PARKED, Event.Status.PENDING):  # each has an index of its own
        rows = Event.objects.filter(about, status=status, is_test=asked.is_test, kind__in=_DECIDING)
        found += rows.order_by("pk")[:MOST_EVENTS]
    return found


def _of_event(asked: Asked, event: Event) -> Answer:
    parked = event.status == Event.Status.PARKED
    order = asked.order.order_id if asked.order else event.payload.get("order_id", "")
    own = asked.order is None or asked.member is None or asked.order.member == asked.member
    topic = f"your order {order}" if order and own else "what you ask about"
    moments = {"occurred_at": event.occurred_at}
    if not parked:
        moments["tried_again_at"] = event.due_at
    last_line = event.last_error.strip().rpartition("\n")[2][:200]
    return say(
        Code.EVENT_PARKED if parked else Code.EVENT_PENDING,
        event.created_at,
        {"event": event.key, **({"order": order} if order else {})},
        moments,
        topic=topic,
        event=event.key,
        event_kind=event.kind,
        attempts=event.attempts,
        tried=f"tried {event.attempts} times so far" if event.attempts else "not tried yet",
        due=moment_words(event.due_at),
        error=last_line or "no error was kept",
    )


def _not_confirmed(asked: Asked) -> list[Answer]:
    if asked.member is None or asked.order is not None:
        return []
    provisional = [
        row for row in asked.participants if row.status == Participant.Status.PROVISIONAL
    ]
    return [_of_participant(asked, row) for row in provisional]


def _of_participant(asked: Asked, row: Participant) -> Answer:
    campaign = row.campaign
    moments = {"joined_at": row.joined_at}
    if row.qualifies_at is not None:
        moments["qualifies_at"] = row.qualifies_at
    return say(
        Code.NOT_CONFIRMED,
        row.joined_at,
        {"campaign": campaign.public_id, "participant": row.public_id},
        moments,
        topic=f"your joining in “{campaign.name}”",
        member=asked.name(row.member_id),
        campaign=campaign.name,
        joined=moment_words(row.joined_at, campaign.time_zone),
        act=_ACT_WORDS[campaign.qualifying_act],
        act_code=campaign.qualifying_act,
    )


def answer_order_unknown(order_id: str, *, is_test: bool, now: dt.datetime, mode: str) -> Answer:
    """No such order was reported; perhaps a refund of it was."""
    refund = Refund.objects.filter(order_id_reported=order_id, is_test=is_test, order=None).first()
    at = refund.created_at if refund else now
    ids = {"order": order_id, **({"refund": refund.refund_id} if refund else {})}
    code = Code.REFUND_BEFORE_ORDER if refund else Code.ORDER_UNKNOWN
    return say(code, at, ids, order=order_id, mode=mode)


def answer_absent(asked: Asked) -> Answer:
    """Nothing was found: say what never came."""
    member, campaign = asked.member, asked.campaign
    if member is None or (campaign is None and (asked.orders or asked.participants)):
        ids = {"campaign": campaign.public_id} if campaign else {}
        return say(Code.NOTHING_DECIDED, asked.now, ids)
    words = {"member": asked.name(member.pk), "member_id": member.public_id}
    ids = {"member": member.public_id}
    if campaign is None:
        return say(Code.NOTHING_REPORTED, asked.now, ids, {}, **words)
    ids["campaign"] = campaign.public_id
    if asked.participants:
        return say(Code.NOTHING_DECIDED, asked.now, ids)
    words |= {"campaign": campaign.name, "campaign_id": campaign.public_id}
    touch = Touch.objects.filter(campaign=campaign, member=member).order_by("-pk").first()
    if touch is None:
        return say(Code.NEVER_JOINED, asked.now, ids, {}, **words)
    touched = moment_words(touch.touched_at, campaign.time_zone)
    return say(
        Code.NEVER_JOINED_AFTER_LINK,
        touch.touched_at,
        ids,
        {"touched_at": touch.touched_at},
        touched=touched,
        **words,
    )
