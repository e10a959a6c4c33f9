"""Ending holds."""

from apps.campaigns.services import budget_spend
from apps.core.clock import EngineNow, engine_now
from apps.core.services import event_record
from apps.core.sweepers import BATCH, each_due
from apps.core.transactions import in_transaction
from apps.points.services import points_settle
from apps.rewards import events
from apps.rewards.models import Grant


def grants_settle() -> int:
    """Settle the grants whose hold is over, one per transaction; how many."""
    due = Grant.objects.filter(status=Grant.Status.PENDING, settle_at__lte=EngineNow())
    in_turn = due.order_by("settle_at", "pk").values_list("pk", flat=True)
    return each_due(list(in_turn[:BATCH]), _settle)


@in_transaction
def _settle(grant_id: int) -> bool:
    grant = (
        Grant.objects.select_for_update(of=("self",), skip_locked=True, no_key=True)
        .select_related("campaign")
        .filter(pk=grant_id, status=Grant.Status.PENDING, settle_at__lte=EngineNow())
        .first()
    )
    if grant is None:
        return False
    now = engine_now()
    points_settle(
        member_id=grant.member_id,
        amount=grant.left,
        key=f"settle:{grant.public_id}",
        reference=grant.public_id,
        now=now,
    )
    grant.status = Grant.Status.SETTLED
    grant.settled_at = now
    grant.save(update_fields=["status", "settled_at"])
    event_record(
        key=f"{events.SETTLED}:{grant.public_id}",
        kind=events.SETTLED,
        payload={"grant": grant.public_id, "points": grant.left},
        occurred_at=now,
        is_test=grant.campaign.is_test,
    )
    budget_spend(campaign_id=grant.campaign_id, cost_minor=grant.cost_minor)
    return True
