"""Points given or taken by hand, and balances brought along from before."""

import datetime as dt

from django.db.models import Sum
from django.db.models.functions import Abs

from apps.core.clock import engine_now
from apps.core.errors import Conflict, Invalid, NotFound
from apps.core.services import event_record
from apps.core.transactions import in_transaction
from apps.members.models import Member
from apps.points import events, rules
from apps.points.models import Adjustment, Transfer
from apps.points.selectors import programme_of
from apps.points.services.earning import earned_legs
from apps.points.services.ledger import (
    MOST_POINTS,
    Effects,
    Instruction,
    Kind,
    Leg,
    PointsNotPositive,
    move,
    moved_before,
    purse_for,
    take_live,
)
from apps.points.services.purses import Purpose, Purse, purse_lock

Status = Adjustment.Status

# Several small adjustments of one operator add up over this.
LIMIT_WINDOW = dt.timedelta(hours=24)


class AdjustmentReasonMissing(Invalid):
    code = "adjustment_reason_missing"
    message = "Say why, in at most 300 characters: the member may ask."


class AdjustmentUnknown(NotFound):
    code = "adjustment_unknown"


class AdjustmentDecided(Conflict):
    code = "adjustment_decided"
    message = "This adjustment was decided already."


class SecondOperatorNeeded(Conflict):
    code = "second_operator_needed"
    message = "You proposed this adjustment. Above the limit another operator has to approve it."


@in_transaction
def points_adjust_propose(
    *, member_id: int, amount: int, reason: str, proposed_by: int, now: dt.datetime
) -> Adjustment:
    """Give a member points (above 0) or take them (below), or propose it above the limit.

    Within the programme's limit, over 24 hours per operator and member, it is applied at once.
    Raises AdjustmentReasonMissing, PointsNotPositive and NotEnoughPoints. Locks the member's
    accounts.
    """
    if not 0 < len(reason.strip()) <= 300:
        raise AdjustmentReasonMissing(pointer="/reason")
    if not 0 < abs(amount) <= MOST_POINTS:
        raise PointsNotPositive("Not 0, and not above 10¹⁵ points.", pointer="/amount")
    purse = purse_lock(member_id)
    at = engine_now()
    used = _used_of_limit(member_id, proposed_by, since=at - LIMIT_WINDOW)
    member = Member.objects.get(pk=member_id)
    limit = programme_of(is_test=member.is_test).adjustment_limit
    alone = rules.one_operator_may(amount, used=used, limit=limit)
    adjustment = Adjustment.objects.create(
        member=member,
        amount=amount,
        reason=reason.strip(),
        proposed_by_id=proposed_by,
        within_limit=alone,
        status=Status.APPROVED if alone else Status.PROPOSED,
        decided_at=at if alone else None,
    )
    if alone:
        _apply(adjustment, purse, now)
    return adjustment


@in_transaction
def points_adjust_decide(
    *, adjustment_id: int, approve: bool, decided_by: int, now: dt.datetime
) -> Adjustment:
    """Approve and apply a proposed adjustment, or reject it.

    Raises AdjustmentUnknown, AdjustmentDecided, SecondOperatorNeeded for whoever proposed it, and
    NotEnoughPoints. Locks the member's accounts.
    """
    found = Adjustment.objects.select_related("member").filter(pk=adjustment_id).first()
    if found is None:
        raise AdjustmentUnknown()
    if found.proposed_by_id == decided_by:
        raise SecondOperatorNeeded()
    purse = purse_lock(found.member_id)
    status = Status.APPROVED if approve else Status.REJECTED
    changed = Adjustment.objects.filter(pk=found.pk, status=Status.PROPOSED).update(
        status=status, decided_by_id=decided_by, decided_at=engine_now()
    )
    if not changed:
        raise AdjustmentDecided()
    if approve:
        _apply(found, purse, now)
    found.refresh_from_db()
    return found


def _used_of_limit(member_id: int, operator_id: int, *, since: dt.datetime) -> int:
    """Points this operator moved for this member alone since then, in both directions."""
    alone = Adjustment.objects.filter(
        member_id=member_id, proposed_by_id=operator_id, within_limit=True, decided_at__gt=since
    )
    return alone.aggregate(points=Sum(Abs("amount")))["points"] or 0


def _apply(adjustment: Adjustment, purse: Purse, now: dt.datetime) -> None:
    """Move the points: what is given repays debt first, what is taken has to be there."""
    points = abs(adjustment.amount)
    asked = Instruction(adjustment.key, points, adjustment.public_id, now)
    if adjustment.amount > 0:
        legs = earned_legs(Kind.ADJUST, Purpose.ADJUSTMENT, purse, points)
        move(asked, purse, *legs, effects=Effects(opens=True, by_programme=True))
    else:
        leg = Leg(Kind.ADJUST, purse.available, Purpose.ADJUSTMENT, points)
        move(asked, purse, leg, effects=Effects(takes=take_live(purse, points)))
    member = adjustment.member
    event_record(
        key=f"{events.ADJUSTED}:{adjustment.public_id}",
        kind=events.ADJUSTED,
        payload={
            "member": member.public_id,
            "adjustment": adjustment.public_id,
            "points": adjustment.amount,
        },
        occurred_at=now,
        is_test=member.is_test,
    )


@in_transaction
def points_import(
    *, member_id: int, amount: int, expires_at: dt.datetime | None, key: str, now: dt.datetime
) -> Transfer | None:
    """Bring a balance along from before: an earning that repays debt first, and no event.

    `expires_at` None: never. The same key again moves nothing and returns None. Raises
    PointsNotPositive and TransferConflict. Locks the member's accounts.
    """
    asked = Instruction(key, amount, "import", now)
    purse = purse_for(member_id, asked, None)
    legs = earned_legs(Kind.IMPORT, Purpose.ADJUSTMENT, purse, amount)
    moved = move(asked, purse, *legs, effects=Effects(opens=True, expires_at=expires_at))
    if not moved:
        moved_before(asked, purse, Kind.IMPORT, Kind.REPAY)
        return None
    return moved[-1]
