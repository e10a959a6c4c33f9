"""Numbering the friends of a participant: the nth who was confirmed, the nth who bought."""

import datetime as dt
from collections.abc import Sequence

from django.db.models import F, Max

from apps.campaigns.rules import Trigger
from apps.campaigns.selectors import terms_of
from apps.core.transactions import in_transaction
from apps.invites.models import Act, Participant
from apps.invites.selectors import circumstances
from apps.invites.services.acts import act_insert
from apps.orders.models import Order


@in_transaction
def friends_count(*, referees: Sequence[Participant], kind: Trigger, now: dt.datetime) -> None:
    """Give each confirmed referee their number among their referrer's friends, once per kind.

    Only below referrers whose version has a policy for it: nobody else's row is locked for a number
    that nothing asks for. A friend has bought with their first order that is not refunded in full;
    without one they are counted when it comes. Locks the referrers in pk order.
    """
    asked = [row for row in referees if row.referrer_id is not None]
    if not asked:
        return
    counting = _referrers_that_count({row.referrer_id for row in asked if row.referrer_id}, kind)
    if not counting:
        return
    locked = Participant.objects.select_for_update(of=("self",), no_key=True).select_related(
        "campaign"
    )
    referrers = {row.pk: row for row in locked.filter(pk__in=counting).order_by("pk")}
    for referee in asked:
        referrer = referrers.get(referee.referrer_id or 0)
        if referrer is not None:
            _count(referrer, referee, kind, now)


def _referrers_that_count(referrers: set[int], kind: Trigger) -> list[int]:
    rows = Participant.objects.select_related("version").filter(pk__in=referrers)
    return [
        row.pk for row in rows if any(policy.trigger is kind for policy in terms_of(row.version))
    ]


def _count(referrer: Participant, referee: Participant, kind: Trigger, now: dt.datetime) -> None:
    if Act.objects.filter(referee=referee, kind=kind).exists():
        return
    order = _first_kept_order(referee) if kind is Trigger.FRIEND_BOUGHT else None
    if kind is Trigger.FRIEND_BOUGHT and order is None:
        return
    # Under the referrer's lock; UNIQUE (participant, kind, nth) holds it.
    last = Act.objects.filter(participant=referrer, kind=kind).aggregate(last=Max("nth"))["last"]
    act_insert(
        Act(
            campaign_id=referrer.campaign_id,
            participant=referrer,
            kind=kind,
            key=f"{kind}:{referee.public_id}",
            nth=(last or 0) + 1,
            referee=referee,
            order=order,
            circumstances=circumstances(referrer.member_id),
            # Whoever is confirmed during the pre-heating counts from the start.
            occurred_at=order.occurred_at if order else max(now, referrer.campaign.starts_at),
        )
    )


def _first_kept_order(referee: Participant) -> Order | None:
    kept = Order.objects.filter(campaigns__participant=referee, refunded_minor__lt=F("paid_minor"))
    return kept.order_by("campaigns__pk").first()
