"""Executing awards: the grant, the points on hold, the caps, and last the budget."""

import datetime as dt
import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F

from apps.campaigns.rules import Award, PolicyTerms, Reason, points_cost_minor
from apps.campaigns.selectors import terms_of
from apps.campaigns.services import budget_reserve
from apps.points.services import points_pend
from apps.rewards.models import CapCounter, Grant
from apps.rewards.subjects import State


@dataclass(frozen=True)
class Refused:
    """An award that a cap or the budget did not allow."""

    award: Award
    reason: Reason


class _DoesNotFit(Exception):
    """Undoes an attempt, so that the next goes without the award that did not fit."""

    def __init__(self, refused: Refused) -> None:
        self.refused = refused


def awards_grant(*, state: State, awards: Sequence[Award]) -> list[Refused]:
    """Grant all awards that caps and the budget allow; those they do not.

    The caller has locked the members' accounts; locks caps, then the budget: the hottest row for the
    shortest time. The price of that order is that an award which does not fit undoes the attempt to
    its savepoint.
    """
    wanted = list(awards)
    refused: list[Refused] = []
    while wanted:
        try:
            with transaction.atomic():
                _attempt(state, wanted)
            return refused
        except _DoesNotFit as misfit:
            refused.append(misfit.refused)
            wanted.remove(misfit.refused.award)
    return refused


def _attempt(state: State, awards: list[Award]) -> None:
    costs = []
    for award in awards:
        cost = points_cost_minor(award.points, state.campaign.cost_of_1000_points_minor)
        costs.append(cost)
        grant = Grant.objects.create(
            campaign=state.campaign,
            policy=award.policy,
            subject=state.subject,
            beneficiary=award.beneficiary,
            member_id=award.member_id,
            points=award.points,
            cost_minor=cost,
            settle_at=state.fact_at + dt.timedelta(seconds=award.hold_seconds),
        )
        points_pend(
            member_id=award.member_id,
            amount=award.points,
            key=f"grant:{grant.public_id}",
            reference=grant.public_id,
            now=state.fact_at,
        )
    terms = {policy.policy: policy for policy in terms_of(state.version)}
    for award in awards:
        if not _caps_allow(terms[award.policy], award, state):
            raise _DoesNotFit(Refused(award, Reason.CAP_REACHED))
    for award, cost in zip(awards, costs, strict=True):
        if not budget_reserve(campaign_id=state.campaign.pk, cost_minor=cost):
            raise _DoesNotFit(Refused(award, Reason.BUDGET_SPENT))


def _caps_allow(policy: PolicyTerms, award: Award, state: State) -> bool:
    day = state.fact_at.astimezone(zoneinfo.ZoneInfo(state.campaign.time_zone)).date()
    scopes = (
        (f"member:{award.member_id}", policy.cap_per_member),
        (f"day:{day.isoformat()}:{award.member_id}", policy.cap_per_day),
        ("campaign", policy.cap_per_campaign),
    )
    return all(
        _count_up(policy.policy, scope, limit) for scope, limit in scopes if limit is not None
    )


def _count_up(policy: str, scope: str, limit: int) -> bool:
    CapCounter.objects.bulk_create([CapCounter(policy=policy, scope=scope)], ignore_conflicts=True)
    return (
        CapCounter.objects.filter(policy=policy, scope=scope, count__lt=limit).update(
            count=F("count") + 1
        )
        == 1
    )
