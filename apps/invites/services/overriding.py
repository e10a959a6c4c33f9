"""An operator decides who brought somebody. It is final: no touch replaces it any more."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import QuerySet

from apps.campaigns.models import Campaign
from apps.core.errors import Busy, Conflict, Invalid
from apps.core.services import event_record
from apps.core.transactions import in_transaction
from apps.invites import events
from apps.invites.models import Act, Override, Participant, Touch
from apps.invites.rules import Source, overruled
from apps.invites.selectors import ParticipantUnknown, attribution_of
from apps.invites.services.links import link_get_or_create
from apps.invites.services.traces import trace_keep
from apps.orders.models import Order

REASON_LENGTH = 300


class ReasonMissing(Invalid):
    code = "override_reason_missing"
    message = f"Say why, in at most {REASON_LENGTH} characters: it is kept for good."


class OwnReferrer(Conflict):
    code = "own_referrer"
    message = "Nobody can bring themselves."


class ReferrerUnchanged(Conflict):
    code = "referrer_unchanged"
    message = "This is who brought them already."


class ParticipantHasReferees(Conflict):
    code = "participant_has_referees"
    message = "They have brought others by now: the chain below them hangs on their referrer."


class FriendCounted(Conflict):
    code = "friend_counted"
    message = "They are counted among the friends of their referrer, and that number is given."


@dataclass(frozen=True)
class Author:
    """Who overrides: an operator, by primary key, or a server key."""

    operator: int | None = None
    key: str = ""


@in_transaction
def participant_override(
    *, participant_id: int, referrer_id: int | None, reason: str, author: Author, now: dt.datetime
) -> Override:
    """Put a participant below `referrer_id`, or below nobody, for good.

    Knows nothing of rewards: `rewards.services.referrer_override` calls it and refuses when one was
    paid. Until the transaction ends nothing new can be counted for the participant, and none of what
    is counted can be decided. Raises ReasonMissing, ParticipantUnknown, OwnReferrer,
    ReferrerUnchanged, ParticipantHasReferees, FriendCounted, Busy. Locks the participant's orders and
    acts in pk order, then both participants (UPDATE).
    """
    reason = reason.strip()
    if not 0 < len(reason) <= REASON_LENGTH:
        raise ReasonMissing(pointer="/reason")
    if referrer_id == participant_id:
        raise OwnReferrer(pointer="/referrer")
    locked_orders, locked_acts = _lock_counted(participant_id)
    current, above = _lock_both(participant_id, referrer_id)
    if set(_orders(current)) - locked_orders or set(_acts(current)) - locked_acts:
        raise Busy()  # one came in at this moment: its decision is not ours to wait for any more
    _require_movable(current, above)
    before = current.referrer
    campaign = current.campaign
    touch = _touch(current, above, now) if above else None
    _place(current, above, touch)
    decided = attribution_of(campaign, current.member_id, now=now)
    trace = trace_keep(current, decided if above else overruled(decided), now)
    override = Override.objects.create(
        participant=current,
        before=before,
        referrer=above,
        trace=trace,
        reason=reason,
        overridden_by_id=author.operator,
        overridden_with=author.key,
        overridden_at=now,
    )
    _report(override, campaign, now)
    return override


def _orders(participant: Participant) -> QuerySet[Order, int]:
    return Order.objects.filter(campaigns__participant=participant).values_list("pk", flat=True)


def _acts(participant: Participant) -> QuerySet[Act, int]:
    return Act.objects.filter(participant=participant).values_list("pk", flat=True)


def _lock_counted(participant_id: int) -> tuple[set[int], set[int]]:
    """Lock the orders and acts that decisions about this participant lock first."""
    orders = Order.objects.select_for_update(of=("self",), no_key=True)
    acts = Act.objects.select_for_update(of=("self",), no_key=True)
    return (
        {row.pk for row in orders.filter(campaigns__participant=participant_id).order_by("pk")},
        {row.pk for row in acts.filter(participant=participant_id).order_by("pk")},
    )


def _lock_both(
    participant_id: int, referrer_id: int | None
) -> tuple[Participant, Participant | None]:
    """Both participants, locked. A plain FOR UPDATE: whoever comes below either, or has an order or
    act counted, must wait. Raises ParticipantUnknown."""
    wanted = [pk for pk in (participant_id, referrer_id) if pk is not None]
    rows = Participant.objects.select_for_update(of=("self",)).select_related("campaign")
    locked = {row.pk: row for row in rows.filter(pk__in=wanted).order_by("pk")}
    if participant_id not in locked:
        raise ParticipantUnknown()
    if referrer_id is None:
        return locked[participant_id], None
    above = locked.get(referrer_id)
    if above is None or above.campaign_id != locked[participant_id].campaign_id:
        raise ParticipantUnknown(
            "The referrer is no participant of this campaign.", pointer="/referrer"
        )
    return locked[participant_id], above


def _require_movable(current: Participant, above: Participant | None) -> None:
    if current.referrer_id == (above.pk if above else None):
        raise ReferrerUnchanged(pointer="/referrer")
    if current.referees.exists():
        raise ParticipantHasReferees()
    if Act.objects.filter(referee=current).exists():
        raise FriendCounted()


def _touch(current: Participant, above: Participant, now: dt.datetime) -> Touch:
    link, _ = link_get_or_create(participant=above)
    return Touch.objects.create(
        campaign_id=current.campaign_id,
        member_id=current.member_id,
        source=Source.MANUAL,
        link=link,
        touched_at=now,
    )


def _place(current: Participant, above: Participant | None, touch: Touch | None) -> None:
    """A seed keeps the variant it has seen; below somebody it is the tree's."""
    variant = above.variant if above else current.variant
    crossed = current.crossed or variant != current.variant
    current.referrer, current.variant, current.crossed = above, variant, crossed
    current.link_id = touch.link_id if touch else None
    current.root_id = (above.root_id or above.pk) if above else None
    current.generation = above.generation + 1 if above else 0
    current.save(
        update_fields=["referrer", "link", "root", "generation", "variant", "crossed"],
    )


def _report(override: Override, campaign: Campaign, now: dt.datetime) -> None:
    event_record(
        key=f"{events.OVERRIDDEN}:{override.public_id}",
        kind=events.OVERRIDDEN,
        payload={
            "override": override.public_id,
            "participant": override.participant.public_id,
            "campaign": campaign.public_id,
            "referrer": override.referrer.public_id if override.referrer else None,
            "before": override.before.public_id if override.before else None,
        },
        occurred_at=now,
        is_test=campaign.is_test,
    )
