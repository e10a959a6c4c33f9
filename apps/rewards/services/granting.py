"""Executing awards: the grant, its instrument on hold, the caps, and last the budget."""

import datetime as dt
import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F

from apps.campaigns.rules import (
    Award,
    AwardKind,
    HoldFrom,
    PolicyTerms,
    Reason,
    award_cost_minor,
)
from apps.campaigns.selectors import terms_of
from apps.campaigns.services import budget_reserve
from apps.points.services import Purse, purses_lock
from apps.rewards.models import CapCounter, Grant
from apps.rewards.rules import Moment, caps_of
from apps.rewards.services.instruments import INSTRUMENTS, LOCK_ORDER, Exhausted
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

    Locks coupons and obligations, the members' point accounts by id, caps, then the budget: the
    hottest row for the shortest time. The price of that order is that an award which does not fit
    undoes the attempt to its savepoint.
    """
    wanted = sorted(awards, key=lambda award: LOCK_ORDER[award.kind])
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
    terms = {policy.policy: policy for policy in terms_of(state.version)}
    grants = [_grant(state, award, terms[award.policy]) for award in awards]
    purses: dict[int, Purse] = {}
    for award, grant in zip(awards, grants, strict=True):
        if award.kind is AwardKind.POINTS and not purses:
            earning = {row.member_id for row in awards if row.kind is AwardKind.POINTS}
            purses = purses_lock(member_ids=earning)
        try:
            grant_promise(grant=grant, at=state.fact_at, purse=purses.get(grant.member_id))
        except Exhausted:
            raise _DoesNotFit(Refused(award, Reason.COUPONS_GONE)) from None
    for award in awards:
        if not _caps_allow(terms[award.policy], award, state):
            raise _DoesNotFit(Refused(award, Reason.CAP_REACHED))
    for award, grant in zip(awards, grants, strict=True):
        if not budget_reserve(campaign_id=state.campaign.pk, cost_minor=grant.cost_minor):
            raise _DoesNotFit(Refused(award, Reason.BUDGET_SPENT))


def _grant(state: State, award: Award, policy: PolicyTerms) -> Grant:
    cost = award_cost_minor(
        award.kind, award.amount, policy, state.campaign.cost_of_1000_points_minor
    )
    return Grant(
        campaign=state.campaign,
        policy=award.policy,
        subject=state.subject,
        beneficiary=award.beneficiary,
        member_id=award.member_id,
        kind=award.kind,
        amount=award.amount,
        what=policy.coupon_template or policy.gift,
        full_cost_minor=cost,
        cost_minor=cost,
        settle_at=settle_at(state, policy),
    )


def settle_at(state: State, policy: PolicyTerms) -> dt.datetime | None:
    """When a hold ends; None while it waits for the order to be fulfilled."""
    from_ = state.fulfilled_at if policy.hold_from is HoldFrom.FULFILMENT else state.fact_at
    return from_ + dt.timedelta(seconds=policy.hold_seconds) if from_ else None


def grant_promise(*, grant: Grant, at: dt.datetime, purse: Purse | None = None) -> None:
    """Keep a grant and put its award on hold. Raises Exhausted. Locks what the instrument does."""
    grant.save(force_insert=True)
    INSTRUMENTS[AwardKind(grant.kind)].promise(grant, at, purse)


def _caps_allow(policy: PolicyTerms, award: Award, state: State) -> bool:
    day = state.fact_at.astimezone(zoneinfo.ZoneInfo(state.campaign.time_zone)).date()
    caps = caps_of(policy, award.member_id, Moment(day.isoformat(), state.order_pk))
    return all(_count_up(policy.policy, cap.scope, cap.limit) for cap in caps)


def _count_up(policy: str, scope: str, limit: int) -> bool:
    CapCounter.objects.bulk_create([CapCounter(policy=policy, scope=scope)], ignore_conflicts=True)
    return (
        CapCounter.objects.filter(policy=policy, scope=scope, count__lt=limit).update(
            count=F("count") + 1
        )
        == 1
    )
