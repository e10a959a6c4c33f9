"""Ending holds."""

from django.db.models import QuerySet

from apps.campaigns.rules import AwardKind
from apps.campaigns.services import budget_free, budget_spend
from apps.core.clock import EngineNow, engine_now
from apps.core.services import event_record
from apps.core.sweepers import BATCH, each_due
from apps.core.transactions import in_transaction
from apps.rewards import events
from apps.rewards.models import Grant
from apps.rewards.services.instruments import INSTRUMENTS

_LAPSING = (Grant.Status.PENDING, Grant.Status.SETTLED)


def grants_settle() -> int:
    """Settle the grants whose hold is over, one per transaction; how many."""
    due = _due()
    in_turn = due.order_by("settle_at", "pk").values_list("pk", flat=True)
    return each_due(list(in_turn[:BATCH]), _settle)


def _due() -> QuerySet[Grant]:
    """Pending grants whose hold is over; under the emergency stop nothing settles."""
    return Grant.objects.filter(
        status=Grant.Status.PENDING, settle_at__lte=EngineNow(), campaign__stopped_at=None
    )


@in_transaction
def _settle(grant_id: int) -> bool:
    grant = (
        _due()
        .select_for_update(of=("self",), skip_locked=True, no_key=True)
        .select_related("campaign")
        .filter(pk=grant_id)
        .first()
    )
    if grant is None:
        return False
    now = engine_now()
    INSTRUMENTS[AwardKind(grant.kind)].settle(grant, now)
    grant.status = Grant.Status.SETTLED
    grant.settled_at = now
    grant.save(update_fields=["status", "settled_at"])
    event_record(
        key=f"{events.SETTLED}:{grant.public_id}",
        kind=events.SETTLED,
        payload={"grant": grant.public_id, "kind": grant.kind, "amount": grant.left},
        occurred_at=now,
        is_test=grant.campaign.is_test,
    )
    budget_spend(campaign_id=grant.campaign_id, cost_minor=grant.cost_minor)
    return True


@in_transaction
def grant_lapse(*, reference: str) -> None:
    """Free the budget of a grant that came to nothing: its coupon expired unused or was revoked, the
    shop cannot give the gift. The grant stays what it is, and costs nothing any more.

    `reference` is the grant's public id; anything else is no grant's. Again changes nothing. Locks
    the grant, then the budget.
    """
    grant = (
        Grant.objects.select_for_update(of=("self",), no_key=True)
        .filter(public_id=reference, status__in=_LAPSING, cost_minor__gt=0)
        .first()
    )
    if grant is None:
        return
    freed, grant.cost_minor = grant.cost_minor, 0
    grant.save(update_fields=["cost_minor"])
    if grant.status == Grant.Status.SETTLED:
        budget_free(campaign_id=grant.campaign_id, spent_minor=freed)
    else:
        budget_free(campaign_id=grant.campaign_id, reserved_minor=freed)
