"""The only writers of budgets. Each locks the budget row, the last lock of a transaction."""

from django.db import connection
from django.db.models import F, Q, Value

from apps.campaigns import events
from apps.campaigns.models import WARN_AT_PERCENT, Budget
from apps.core.clock import engine_now
from apps.core.errors import Conflict
from apps.core.services import event_record
from apps.core.transactions import in_transaction

_RESERVE = """
UPDATE campaigns_budget SET reserved_minor = reserved_minor + %(cost)s
WHERE campaign_id = %(campaign)s
  AND (amount_minor IS NULL OR amount_minor >= reserved_minor + spent_minor + %(cost)s)
RETURNING warned_at IS NULL AND (reserved_minor + spent_minor) * 100 >= amount_minor * %(warn)s,
          tail_reached_at IS NULL AND tail_bps > 0
            AND reserved_minor + spent_minor >= amount_minor - ceil(amount_minor * tail_bps / 10000.0)
"""


class BudgetTooSmall(Conflict):
    code = "budget_too_small"
    message = "More than this is already reserved or spent."


@in_transaction
def budget_change(
    *,
    campaign_id: int,
    amount_minor: int | None,
    tail_bps: int | None = None,
    partner: str | None = None,
) -> Budget:
    """Set what a campaign may spend (None: no limit) and, unless None, its tail and who pays for it.

    Takes back the warning, and that only the tail is left, where neither holds any more, so that
    they are told again. Raises BudgetTooSmall when more is reserved or spent. One conditional UPDATE
    of the row; locks it.
    """
    Budget.objects.get_or_create(campaign_id=campaign_id)
    fits = Q() if amount_minor is None else Q(amount_minor_needed__lte=amount_minor)
    tail = F("tail_bps") if tail_bps is None else Value(tail_bps)
    payer = F("partner") if partner is None else Value(partner)
    changed = (
        Budget.objects.filter(campaign_id=campaign_id)
        .annotate(amount_minor_needed=F("reserved_minor") + F("spent_minor"))
        .filter(fits)
        .update(amount_minor=amount_minor, tail_bps=tail, partner=payer)
    )
    if changed != 1:
        raise BudgetTooSmall()
    budget = Budget.objects.get(campaign_id=campaign_id)
    if not budget.is_warned:
        budget.warned_at = None
    if budget.admits_newcomers:
        budget.tail_reached_at = None
    budget.save(update_fields=["warned_at", "tail_reached_at"])
    return budget


@in_transaction
def budget_reserve(*, campaign_id: int, cost_minor: int) -> bool:
    """Set `cost_minor` aside for a grant; False, and nothing changed, when it does not fit.

    One conditional UPDATE. Records `budget.warned` the first time 80 % are used, and
    `budget.tail_reached` the first time only the tail is left.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _RESERVE, {"cost": cost_minor, "campaign": campaign_id, "warn": WARN_AT_PERCENT}
        )
        row = cursor.fetchone()
    if row is None:
        return False
    warn, tail_reached = row
    if warn:
        _note(campaign_id, "warned_at", events.BUDGET_WARNED)
    if tail_reached:
        _note(campaign_id, "tail_reached_at", events.BUDGET_TAIL_REACHED)
    return True


def _note(campaign_id: int, field: str, kind: str) -> None:
    at = engine_now()  # the budget's row is locked: no other note has this moment
    Budget.objects.filter(campaign_id=campaign_id).update(**{field: at})
    budget = Budget.objects.select_related("campaign").get(campaign_id=campaign_id)
    event_record(
        key=f"{kind}:{budget.campaign.public_id}:{at.isoformat()}",
        kind=kind,
        payload={
            "campaign": budget.campaign.public_id,
            "amount_minor": budget.amount_minor,
            "used_minor": budget.used_minor,
        },
        occurred_at=at,
        is_test=budget.campaign.is_test,
    )


@in_transaction
def budget_spend(*, campaign_id: int, cost_minor: int) -> None:
    """Turn a reservation into spending. Locks the budget row."""
    Budget.objects.filter(campaign_id=campaign_id).update(
        reserved_minor=F("reserved_minor") - cost_minor, spent_minor=F("spent_minor") + cost_minor
    )


@in_transaction
def budget_free(*, campaign_id: int, reserved_minor: int = 0, spent_minor: int = 0) -> None:
    """Give back what was reserved for a void grant, or spent on one clawed back. Locks the budget."""
    Budget.objects.filter(campaign_id=campaign_id).update(
        reserved_minor=F("reserved_minor") - reserved_minor,
        spent_minor=F("spent_minor") - spent_minor,
    )
