"""Facts that change what is due to somebody."""

from django.db.models import QuerySet

from apps.campaigns.rules import Trigger
from apps.campaigns.selectors import campaigns_rewarding
from apps.core.clock import engine_now
from apps.core.models import Event
from apps.core.services import event_record
from apps.groupbuy.models import Room
from apps.invites.models import Act, CampaignOrder
from apps.invites.services import campaign_act_record
from apps.members.models import Member
from apps.orders import events as orders_events
from apps.rewards import events
from apps.rewards.services import grant_lapse, subject_decide
from apps.rewards.subjects import (
    act_subject,
    opening_subject,
    order_subject,
    participant_subject,
    room_subject,
)


def on_order_changed(event: Event) -> None:
    """An order was paid, fulfilled or refunded: decide it in each of its campaigns, and its rooms."""
    order_id = event.payload["order_id"]
    counted = CampaignOrder.objects.filter(order__order_id=order_id, order__is_test=event.is_test)
    subjects = [
        order_subject(campaign, order_id)
        for campaign in counted.order_by("pk").values_list("campaign__public_id", flat=True)
    ]
    if event.kind != orders_events.PAID:
        acts = Act.objects.filter(order__order_id=order_id, order__is_test=event.is_test)
        subjects += _act_subjects(acts)
    if event.kind == orders_events.REFUNDED:
        rooms = Room.objects.filter(
            seats__line__order__order_id=order_id, seats__line__order__is_test=event.is_test
        )
        names = list(rooms.order_by("pk").distinct().values_list("public_id", flat=True))
        subjects += [room_subject(name) for name in names]
        subjects += [opening_subject(name) for name in names]
    _decide_each(subjects, event)


def on_room_opened(event: Event) -> None:
    """A room's host has paid: decide the opening."""
    _decide_each([opening_subject(event.payload["room"])], event)


def on_room_completed(event: Event) -> None:
    """A room is complete: decide it, and the orders and counted friends that waited for it."""
    room = Room.objects.select_related("offer__campaign").get(public_id=event.payload["room"])
    seats = room.seats.filter(line__isnull=False).order_by("line__order_id")
    orders = list(seats.values_list("line__order__order_id", "line__order_id"))
    campaign = room.offer.campaign
    subjects = [room_subject(room.public_id)]
    subjects += [order_subject(campaign.public_id, order_id) for order_id, _ in orders]
    subjects += _act_subjects(Act.objects.filter(order_id__in=[pk for _, pk in orders]))
    _decide_each(subjects, event)


def on_participant_fixed(event: Event) -> None:
    """Somebody is confirmed, or an operator decided who brought them: decide their joining, orders
    and acts."""
    participant = event.payload["participant"]
    counted = CampaignOrder.objects.filter(participant__public_id=participant).order_by("order_id")
    subjects = [participant_subject(participant)] + [
        order_subject(event.payload["campaign"], order_id)
        for order_id in counted.values_list("order__order_id", flat=True)
    ]
    subjects += _act_subjects(Act.objects.filter(participant__public_id=participant))
    _decide_each(subjects, event)


def on_participant_acted(event: Event) -> None:
    """A participant did something, or a friend of theirs was counted: decide it."""
    _decide_each([act_subject(event.payload["act"])], event)


def on_tier_reached(event: Event) -> None:
    """A member reached a tier: count it in each campaign that rewards it and enrols them."""
    member = Member.objects.get(public_id=event.payload["member"])
    for campaign in campaigns_rewarding(
        Trigger.TIER_REACHED, at=event.occurred_at, is_test=event.is_test
    ):
        campaign_act_record(
            campaign=campaign,
            member_id=member.pk,
            kind=Trigger.TIER_REACHED,
            key=event.key,
            occurred_at=event.occurred_at,
            now=engine_now(),
            tier=event.payload["tier"],
        )


def on_award_lapsed(event: Event) -> None:
    """What a grant gave came to nothing: a coupon expired or was revoked, a gift was cancelled."""
    grant_lapse(reference=event.payload["reference"])


def _act_subjects(acts: QuerySet[Act]) -> list[str]:
    return [act_subject(act) for act in acts.order_by("pk").values_list("public_id", flat=True)]


def on_decision_due(event: Event) -> None:
    """The turn of one of several subjects that an event had touched."""
    subject_decide(subject=event.payload["subject"], cause=event.payload["cause"])


def _decide_each(subjects: list[str], event: Event) -> None:
    """Decide the first subject now and give each other its own transaction."""
    if not subjects:
        return
    first, *others = subjects
    for index, subject in enumerate(others):
        event_record(
            key=f"{events.DECISION_DUE}:{event.pk}:{index}",
            kind=events.DECISION_DUE,
            payload={"subject": subject, "cause": event.key},
            occurred_at=event.occurred_at,
            is_test=event.is_test,
        )
    subject_decide(subject=first, cause=event.key)
