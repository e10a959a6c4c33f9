"""An operator decides who brought somebody, while nothing was paid on it."""

import datetime as dt

from apps.campaigns.services import budget_free
from apps.core.errors import Conflict
from apps.core.transactions import in_transaction
from apps.invites.models import Override, Participant
from apps.invites.services import Author, participant_override
from apps.rewards.models import Grant
from apps.rewards.rules import Shrink
from apps.rewards.selectors import ABOVE
from apps.rewards.services.taking_back import grants_take_back
from apps.rewards.subjects import subjects_of

# How the cause of such a claw back begins, before the override's id.
OVERRIDDEN_BY = "Overridden by "


class ReferrerPaid(Conflict):
    code = "referrer_paid"
    message = "A reward was paid on this already: who brought them is final. Give goodwill instead."


@in_transaction
def referrer_override(
    *, participant_id: int, referrer_id: int | None, reason: str, author: Author, now: dt.datetime
) -> Override:
    """Decide who brought a participant, or that nobody did, with the operator's reason.

    What was promised to those above and not paid yet is taken back, and decided anew for those who
    are there now. A reward counts as paid once it settled, also if a refund took it back later; where
    the participant changes into a tree of another variant, so do rewards of their own. Raises
    ReferrerPaid, and what `participant_override` raises. Locks as it does, then grants by pk, coupons
    and obligations, accounts by id, the budget.
    """
    before = Participant.objects.filter(pk=participant_id).values_list("variant", flat=True).first()
    override = participant_override(
        participant_id=participant_id,
        referrer_id=referrer_id,
        reason=reason,
        author=author,
        now=now,
    )
    participant = override.participant
    grants = _lock_grants(participant, moved=participant.variant != before)
    if any(grant.settled_at is not None for grant in grants.values()):
        raise ReferrerPaid()
    freed = grants_take_back(
        grants=grants,
        shrinks=[
            Shrink(grant.pk, grant.left)
            for grant in grants.values()
            if grant.beneficiary in ABOVE and grant.left
        ],
        cause=f"{OVERRIDDEN_BY}{override.public_id}",
    )
    if freed:
        budget_free(campaign_id=participant.campaign_id, reserved_minor=freed.reserved_minor)
    return override


def _lock_grants(participant: Participant, *, moved: bool) -> dict[int, Grant]:
    """What was promised on who brought them: to those above, and of another variant to all."""
    rows = (
        Grant.objects.select_for_update(of=("self",), no_key=True)
        .select_related("campaign")
        .filter(campaign=participant.campaign, subject__in=subjects_of(participant))
    )
    concerned = rows if moved else rows.filter(beneficiary__in=ABOVE)
    return {grant.pk: grant for grant in concerned.order_by("pk")}
