"""Facts that change what is due to somebody."""

from apps.core.models import Event
from apps.core.services import event_record
from apps.groupbuy.models import Room
from apps.invites.models import CampaignOrder
from apps.rewards import events
from apps.rewards.services import subject_decide
from apps.rewards.subjects import order_subject, participant_subject, room_subject


def on_order_changed(event: Event) -> None:
    """An order was paid or refunded: decide it in each of its campaigns, and its rooms."""
    order_id = event.payload["order_id"]
    counted = CampaignOrder.objects.filter(order__order_id=order_id, order__is_test=event.is_test)
    subjects = [
        order_subject(campaign, order_id)
        for campaign in counted.order_by("pk").values_list("campaign__public_id", flat=True)
    ]
    if "refund_id" in event.payload:
        rooms = Room.objects.filter(
            seats__line__order__order_id=order_id, seats__line__order__is_test=event.is_test
        )
        names = rooms.order_by("pk").distinct().values_list("public_id", flat=True)
        subjects += [room_subject(name) for name in names]
    _decide_each(subjects, event)


def on_room_completed(event: Event) -> None:
    """A room is complete: decide it, and the orders that waited for it."""
    room = Room.objects.select_related("offer__campaign").get(public_id=event.payload["room"])
    orders = room.seats.filter(line__isnull=False).order_by("line__order_id")
    subjects = [room_subject(room.public_id)] + [
        order_subject(room.offer.campaign.public_id, order_id)
        for order_id in orders.values_list("line__order__order_id", flat=True)
    ]
    _decide_each(subjects, event)


def on_participant_confirmed(event: Event) -> None:
    """Somebody is confirmed and their referrer fixed: decide their joining, and their orders."""
    participant = event.payload["participant"]
    counted = CampaignOrder.objects.filter(participant__public_id=participant).order_by("order_id")
    subjects = [participant_subject(participant)] + [
        order_subject(event.payload["campaign"], order_id)
        for order_id in counted.values_list("order__order_id", flat=True)
    ]
    _decide_each(subjects, event)


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
