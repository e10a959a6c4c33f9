"""Taking one grant back by hand."""

import datetime as dt

from apps.campaigns.rules import AwardKind
from apps.campaigns.services import budget_free
from apps.core.errors import Conflict, Invalid, NotFound
from apps.core.transactions import in_transaction
from apps.points.services import purses_lock
from apps.rewards.models import Grant
from apps.rewards.rules import Shrink
from apps.rewards.services.taking_back import grants_shrink

REASON_LENGTH = 120

# How the cause of such a claw back begins.
VOIDED_BY = "Voided by"


class VoidReasonMissing(Invalid):
    code = "void_reason_missing"
    message = f"Say why, in at most {REASON_LENGTH} characters: the member may ask."


class GrantUnknown(NotFound):
    code = "grant_unknown"
    message = "There is no such grant."


class GrantNotVoidable(Conflict):
    code = "grant_not_voidable"
    message = "Nothing is left of this grant, or it is under review."


@in_transaction
def grant_void(*, public_id: str, is_test: bool, reason: str, by: str, now: dt.datetime) -> Grant:
    """Take all that is left of one grant back: void while pending, clawed back once settled.

    `by` names who did it, beside the reason, for whoever asks later. What was used up already is
    lost or owed, as with a refund. Raises VoidReasonMissing, GrantUnknown, GrantNotVoidable. Locks
    the grant, a coupon or obligation or the member's accounts, then the budget.
    """
    if not 0 < len(reason.strip()) <= REASON_LENGTH:
        raise VoidReasonMissing(pointer="/reason")
    grant = (
        Grant.objects.select_for_update(of=("self",), no_key=True)
        .select_related("campaign", "member")
        .filter(public_id=public_id, campaign__is_test=is_test)
        .first()
    )
    if grant is None:
        raise GrantUnknown()
    if grant.status not in (Grant.Status.PENDING, Grant.Status.SETTLED):
        raise GrantNotVoidable()
    of_points = grant.kind == AwardKind.POINTS
    purses = purses_lock(member_ids={grant.member_id}) if of_points else {}
    freed = grants_shrink(
        grants={grant.pk: grant},
        shrinks=[Shrink(grant.pk, grant.left)],
        cause=f"{VOIDED_BY} {by[:60]}: {reason.strip()}",
        purses=purses,
    )
    if freed:
        budget_free(
            campaign_id=grant.campaign_id,
            reserved_minor=freed.reserved_minor,
            spent_minor=freed.spent_minor,
        )
    return grant
