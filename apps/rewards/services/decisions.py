"""Deciding a subject and making its grants what was decided."""

from dataclasses import asdict
from typing import Any

from apps.campaigns.rules import Decision as Decided
from apps.campaigns.rules import Facts, Reason, Refusal, decide
from apps.campaigns.selectors import terms_of
from apps.core.transactions import in_transaction
from apps.points.services import purses_lock
from apps.rewards.models import Decision, Grant
from apps.rewards.rules import Granted, difference
from apps.rewards.services.granting import Refused, awards_grant
from apps.rewards.services.taking_back import grants_shrink
from apps.rewards.subjects import State, state_of

# Refusals that later decisions about the same subject do not take back.
FINAL = frozenset({Reason.CAP_REACHED, Reason.BUDGET_SPENT})


@in_transaction
def subject_decide(*, subject: str, cause: str) -> Decision | None:
    """Read the subject's present facts, decide, keep the decision, and apply the difference.

    Any number of times and after any event: the end state depends on the facts alone. `cause` is
    the key of the event that made us look; a grant shrinks at most once per cause. Returns the kept
    decision, None when nothing changed. Locks the subject's row, then grants by pk, accounts by
    id, caps, the budget.
    """
    state = state_of(subject)
    if state is None:
        return None
    last = Decision.objects.filter(campaign=state.campaign, subject=subject).order_by("-pk").first()
    decided = decide(state.facts, terms_of(state.version))
    grants = list(
        Grant.objects.select_for_update(of=("self",), no_key=True)
        .filter(campaign=state.campaign, subject=subject)
        .order_by("pk")
    )
    granted = [Granted(grant.pk, grant.policy, grant.member_id, grant.left) for grant in grants]
    closed = _closed(last)
    change = difference(
        decided.awards, granted, [(row["policy"], row["member_id"]) for row in closed]
    )
    by_pk = {grant.pk: grant for grant in grants}
    concerned = {award.member_id for award in change.give}
    concerned |= {by_pk[shrink.grant].member_id for shrink in change.shrink}
    if concerned:
        purses_lock(member_ids=concerned)
    grants_shrink(state=state, grants=by_pk, shrinks=change.shrink, cause=cause)
    refused = awards_grant(state=state, awards=change.give)
    return _keep(state, decided, closed, refused, last)


def _closed(last: Decision | None) -> list[dict[str, Any]]:
    if last is None:
        return []
    return [refusal for refusal in last.refusals if refusal["reason"] in FINAL]


def _keep(
    state: State,
    decided: Decided,
    closed: list[dict[str, Any]],
    refused: list[Refused],
    last: Decision | None,
) -> Decision | None:
    final = closed + [
        asdict(Refusal(r.award.policy, r.award.beneficiary, r.award.member_id, r.reason))
        for r in refused
    ]
    barred = {(row["policy"], row["member_id"]) for row in final}
    awards = [asdict(a) for a in decided.awards if (a.policy, a.member_id) not in barred]
    refusals = [
        asdict(r) for r in decided.refusals if (r.policy, r.member_id) not in barred
    ] + final
    if last is not None and (last.awards, last.refusals) == (awards, refusals):
        return None
    return Decision.objects.create(
        campaign=state.campaign,
        version=state.version,
        subject=state.subject,
        facts=_facts_json(state.facts),
        awards=awards,
        refusals=refusals,
    )


def _facts_json(facts: Facts) -> dict[str, Any]:
    body = asdict(facts)
    body["people"] = {str(who): list(members) for who, members in facts.people.items()}
    return body
