"""Who gets what for these facts. The same function serves the processor, dry runs, previews, the
simulator and refunds, and its result is stored, so that every reward and refusal can be explained.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from apps.campaigns.rules.facts import Facts
from apps.campaigns.rules.money import divide_rounded
from apps.campaigns.rules.terms import (
    REFERRAL_TRIGGERS,
    AwardKind,
    Beneficiary,
    HoldFrom,
    PolicyTerms,
    Trigger,
)
from apps.campaigns.rules.words import Reason


@dataclass(frozen=True)
class Award:
    """What one member gets by one policy. `amount` is in the units of `kind`."""

    policy: str
    beneficiary: Beneficiary
    member_id: int
    kind: AwardKind
    amount: int
    hold_seconds: int
    hold_from: HoldFrom = HoldFrom.FACT


@dataclass(frozen=True)
class Refusal:
    policy: str
    beneficiary: Beneficiary
    member_id: int | None
    reason: Reason


@dataclass(frozen=True)
class Decision:
    awards: tuple[Award, ...]
    refusals: tuple[Refusal, ...]


def decide(facts: Facts, policies: Iterable[PolicyTerms]) -> Decision:
    """Who gets what for these facts, and who gets nothing and why.

    Caps and the budget are not known here: whoever executes an award may still refuse it for those.
    Deciding again on changed facts and applying the difference is how refunds take back.
    """
    awards: list[Award] = []
    refusals: list[Refusal] = []
    for policy in policies:
        if policy.trigger is not facts.trigger:
            continue
        members = facts.people.get(policy.beneficiary, ())
        of_all = Reason.NO_SUCH_PERSON if not members else _refusal_reason(facts, policy)
        for member in members or (None,):
            reason = of_all or _of_the_beneficiary(facts, policy, member)
            if reason is not None:
                refusals.append(Refusal(policy.policy, policy.beneficiary, member, reason))
            elif member is not None:
                awards.append(_award(policy, member, award_amount(policy, facts)))
    return Decision(tuple(awards), tuple(refusals))


def _award(policy: PolicyTerms, member: int, amount: int) -> Award:
    return Award(
        policy=policy.policy,
        beneficiary=policy.beneficiary,
        member_id=member,
        kind=policy.kind,
        amount=amount,
        hold_seconds=policy.hold_seconds,
        hold_from=policy.hold_from,
    )


def _refusal_reason(facts: Facts, policy: PolicyTerms) -> Reason | None:
    """The first objection, from what holds for everybody to what this policy asks."""
    for objection in (_of_the_fact, _of_the_member, _of_the_order, _of_the_milestone):
        if (reason := objection(facts, policy)) is not None:
            return reason
    return Reason.NOTHING_TO_AWARD if award_amount(policy, facts) <= 0 else None


def _of_the_fact(facts: Facts, policy: PolicyTerms) -> Reason | None:
    if not facts.in_window:
        return Reason.CAMPAIGN_NOT_RUNNING
    if not facts.in_time:
        return Reason.TOO_LONG_AFTER_JOINING
    if facts.is_holdout:
        return Reason.HOLDOUT
    if policy.variant and policy.variant != facts.variant:
        return Reason.OTHER_VARIANT
    if facts.room is not None and not facts.room.completed:
        if facts.trigger is not Trigger.ROOM_OPENED:
            return Reason.ROOM_OPEN
    if not facts.confirmed:
        return Reason.PROVISIONAL
    if facts.room is not None and facts.trigger is Trigger.ROOM_COMPLETED:
        if facts.room.kept_seats < facts.room.size:
            return Reason.ROOM_BELOW_SIZE
    if facts.room is not None and facts.trigger is Trigger.ROOM_OPENED:
        if facts.room.kept_seats < 1:
            return Reason.NOT_KEPT
    return None


def _of_the_member(facts: Facts, policy: PolicyTerms) -> Reason | None:
    then = facts.circumstances
    if policy.new_members_only and not then.is_new:
        return Reason.NOT_NEW
    if policy.channels and then.channel not in policy.channels:
        return Reason.WRONG_CHANNEL
    if policy.tiers and then.tier not in policy.tiers:
        return Reason.WRONG_TIER
    if policy.audience and policy.audience not in then.audiences:
        return Reason.NOT_IN_AUDIENCE
    if policy.excluded_audience and policy.excluded_audience in then.audiences:
        return Reason.IN_EXCLUDED_AUDIENCE
    return None


def _of_the_beneficiary(facts: Facts, policy: PolicyTerms, member: int | None) -> Reason | None:
    lists = facts.lists.get(member, ()) if member is not None else ()
    if policy.beneficiary_audience and policy.beneficiary_audience not in lists:
        return Reason.BENEFICIARY_NOT_IN_AUDIENCE
    if policy.excluded_beneficiary_audience and policy.excluded_beneficiary_audience in lists:
        return Reason.BENEFICIARY_IN_EXCLUDED_AUDIENCE
    return None


def _of_the_order(facts: Facts, policy: PolicyTerms) -> Reason | None:
    if facts.order is None:
        return None
    if facts.order.kept_minor <= 0:
        return Reason.NOT_KEPT
    if policy.first_order_only and facts.order.nth != 1:
        return Reason.NOT_FIRST_ORDER
    matching = kept_of(policy, facts)
    if policy.product_tags and matching <= 0:
        return Reason.NO_MATCHING_PRODUCT
    return Reason.BELOW_MINIMUM if matching < policy.min_order_minor else None


def _of_the_milestone(facts: Facts, policy: PolicyTerms) -> Reason | None:
    if policy.trigger not in REFERRAL_TRIGGERS or facts.act is None or facts.act.nth is None:
        return None
    if not policy.milestone_every and not policy.milestone_at:
        return None
    every = bool(policy.milestone_every) and facts.act.nth % (policy.milestone_every or 1) == 0
    return None if every or facts.act.nth in policy.milestone_at else Reason.NO_MILESTONE


def kept_of(policy: PolicyTerms, facts: Facts) -> int:
    """What is kept of the lines a policy is about, in minor units.

    All of the order without tags. With tags, the kept amounts of the lines that carry one of them,
    but never more than the order keeps: a refund of an amount is not spread over lines.
    """
    if facts.order is None:
        return 0
    if not policy.product_tags:
        return facts.order.kept_minor
    wanted = set(policy.product_tags)
    matching = sum(line.kept_minor for line in facts.order.lines if wanted & set(line.tags))
    return min(matching, facts.order.kept_minor)


def award_amount(policy: PolicyTerms, facts: Facts) -> int:
    """The amount of one award, in the units of its kind: what is fixed plus the share, at most
    `max_amount`. The share is rounded half up; a coupon or a gift is one."""
    if policy.kind in (AwardKind.COUPON, AwardKind.CUSTOM):
        return 1
    fixed = policy.amount_minor if policy.kind is AwardKind.PAYABLE else policy.points
    amount = fixed + divide_rounded(kept_of(policy, facts) * policy.share_bps, 10_000)
    return amount if policy.max_amount is None else min(amount, policy.max_amount)
