"""Taking back what a refund should take back: void while pending, claw back once settled."""

from collections.abc import Mapping, Sequence

from apps.campaigns.rules import points_cost_minor
from apps.campaigns.services import budget_free
from apps.core.clock import engine_now
from apps.core.services import event_record
from apps.points.services import points_claw_back, points_void
from apps.rewards import events
from apps.rewards.models import ClawBack, Grant
from apps.rewards.rules import Shrink
from apps.rewards.subjects import State

Status = Grant.Status


def grants_shrink(
    *, state: State, grants: Mapping[int, Grant], shrinks: Sequence[Shrink], cause: str
) -> None:
    """Take points back from grants, once per (grant, cause), and free the budget's part.

    `grants` by primary key. The caller has locked them and their members' accounts; locks the budget.
    """
    reserved = spent = 0
    for shrink in shrinks:
        grant = grants[shrink.grant]
        was_pending = grant.status == Status.PENDING
        freed = _shrink(state, grant, shrink.points, cause)
        reserved += freed if was_pending else 0
        spent += 0 if was_pending else freed
    if reserved or spent:
        budget_free(campaign_id=state.campaign.pk, reserved_minor=reserved, spent_minor=spent)


def _shrink(state: State, grant: Grant, points: int, cause: str) -> int:
    """Take `points` of one grant; the cost that is freed, in minor units."""
    pending = grant.status == Status.PENDING
    now = engine_now()
    key = f"take-back:{grant.public_id}:{grant.taken_back + points}"
    owed = 0
    if pending:
        points_void(
            member_id=grant.member_id, amount=points, key=key, reference=grant.public_id, now=now
        )
    else:
        owed = points_claw_back(
            member_id=grant.member_id, amount=points, key=key, reference=grant.public_id, now=now
        ).owed
    ClawBack.objects.create(
        grant=grant, cause=cause, points=points, owed=owed, while_pending=pending
    )
    grant.taken_back += points
    cost_left = points_cost_minor(grant.left, state.campaign.cost_of_1000_points_minor)
    freed = grant.cost_minor - cost_left
    grant.cost_minor = cost_left
    if grant.left == 0:
        grant.status = Status.VOID if pending else Status.CLAWED_BACK
    grant.save(update_fields=["taken_back", "cost_minor", "status"])
    event_record(
        key=f"{events.TAKEN_BACK}:{grant.public_id}:{grant.taken_back}",
        kind=events.TAKEN_BACK,
        payload={"grant": grant.public_id, "points": points, "owed": owed, "status": grant.status},
        occurred_at=now,
        is_test=state.campaign.is_test,
    )
    return freed
