"""Deciding a subject and making its grants what was decided."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from apps.campaigns.rules import (
    FINAL,
    Facts,
    PolicyTerms,
    Refusal,
    Trigger,
    decide,
    facts_to_json,
)
from apps.campaigns.rules import Decision as Decided
from apps.campaigns.selectors import terms_of
from apps.campaigns.services import budget_free
from apps.core.transactions import in_transaction
from apps.rewards.models import Decision, Grant
from apps.rewards.rules import Granted, difference
from apps.rewards.services.granting import Refused, awards_grant, settle_at
from apps.rewards.services.taking_back import grants_take_back
from apps.rewards.subjects import State, state_of


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
    terms = terms_of(state.version)
    if last is None and not _rewards(terms, state):
        return None
    decided = decide(state.facts, terms)
    grants = list(
        Grant.objects.select_for_update(of=("self",), no_key=True)
        .select_related("campaign")
        .filter(campaign=state.campaign, subject=subject)
        .order_by("pk")
    )
    granted = [Granted(grant.pk, grant.policy, grant.member_id, grant.left) for grant in grants]
    closed = _closed(last)
    change = difference(
        decided.awards, granted, [(row["policy"], row["member_id"]) for row in closed]
    )
    by_pk = {grant.pk: grant for grant in grants}
    freed = grants_take_back(grants=by_pk, shrinks=change.shrink, cause=cause)
    _schedule(state, terms, grants)
    if freed:
        budget_free(
            campaign_id=state.campaign.pk,
            reserved_minor=freed.reserved_minor,
            spent_minor=freed.spent_minor,
        )
    refused = awards_grant(state=state, awards=change.give)
    return _keep(state, decided, closed, refused, last)


def _rewards(terms: Iterable[PolicyTerms], state: State) -> bool:
    """Whether to keep a decision: for some policy, or because people ask why it came to nothing.

    Openings and acts that nothing rewards would fill the table with answers to no question.
    """
    asked_about = (Trigger.JOINED, Trigger.ORDER_PAID, Trigger.ROOM_COMPLETED)
    trigger = state.facts.trigger
    return trigger in asked_about or any(policy.trigger is trigger for policy in terms)


def _schedule(state: State, terms: Iterable[PolicyTerms], grants: Iterable[Grant]) -> None:
    """Let the holds begin that waited for the order to be fulfilled."""
    by_policy = {policy.policy: policy for policy in terms}
    for grant in grants:
        if grant.settle_at is None and grant.policy in by_policy:
            grant.settle_at = settle_at(state, by_policy[grant.policy])
            grant.save(update_fields=["settle_at"])


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
        facts=facts_to_json(state.facts),
        members=sorted(_people_of(state.facts, awards)),
        awards=awards,
        refusals=refusals,
    )


def _people_of(facts: Facts, awards: Iterable[dict[str, Any]]) -> set[int]:
    named = {member for members in facts.people.values() for member in members}
    return named | {award["member_id"] for award in awards}
