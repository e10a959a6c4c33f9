"""Whether a campaign is of a kind that laws or platforms forbid, and what to do instead.

A help for operators, not legal advice. What is found is said in plain words; a blocking finding
keeps a campaign from being published until an operator gives a reason for it.
"""

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from apps.campaigns.rules.money import divide_rounded, points_cost_minor
from apps.campaigns.rules.terms import (
    REFERRAL_TRIGGERS,
    AwardKind,
    Beneficiary,
    HoldFrom,
    PolicyTerms,
    Trigger,
)


class Severity(enum.StrEnum):
    BLOCKING = "blocking"
    WARNING = "warning"


@dataclass(frozen=True)
class CampaignTerms:
    """What of a campaign the check reads. `budget_minor` None: no limit."""

    levels: int = 1
    joins_by_buying: bool = False
    keep_seconds: int = 7 * 24 * 3600
    budget_minor: int | None = None
    cost_of_1000_points_minor: int = 1000


@dataclass(frozen=True)
class Finding:
    """One thing found. `policy` is its public id, "" when it is about the campaign as a whole.

    `is_final`: nobody may override it. `rule` names the kind of law or platform rule.
    """

    code: str
    severity: Severity
    rule: str
    wrong: str
    instead: str
    policy: str = ""
    policy_name: str = ""
    is_final: bool = False


_PYRAMID = "Laws against pyramid selling"
_INDUCED = "Platform rules against induced sharing, and laws against bought audiences"
_FAIR = "Consumer and advertising law: promises are kept"
_CARE = "Good housekeeping"

# What the engine cannot be configured to do, so that nobody looks for the switch.
IMPOSSIBLE = (
    (
        "A third level of rewards",
        (
            "Rewards over three or more levels are pyramid selling in most places. Two are the most "
            "there are here, and the second is off until you turn it on."
        ),
    ),
    (
        "A group buy decided by lot",
        (
            "Everybody in a completed room gets the goods, everybody in a failed one gets their money "
            "back. Nothing here draws lots: paying for a chance is a lottery, which needs a licence."
        ),
    ),
    (
        "A reward for a mere share",
        (
            "Platforms forbid rewarding the act of sharing, and do not tell whether a share was sent. "
            "What follows from it can be rewarded: a friend who joins or buys."
        ),
    ),
)

_ABOUT_ORDERS = frozenset({Trigger.ORDER_PAID, Trigger.FRIEND_BOUGHT})
_ABOUT_SALES = _ABOUT_ORDERS | {Trigger.ROOM_COMPLETED, Trigger.ROOM_OPENED}
_OTHERS = frozenset({Beneficiary.REFERRER, Beneficiary.SECOND_REFERRER, Beneficiary.INVITER})


def check(campaign: CampaignTerms, policies: Sequence[PolicyTerms]) -> tuple[Finding, ...]:
    """Everything found, blocking findings first, otherwise the campaign's before its policies'."""
    found = list(_of_campaign(campaign, policies))
    for policy in policies:
        found += _of_policy(campaign, policy)
    return tuple(sorted(found, key=lambda finding: finding.severity is not Severity.BLOCKING))


def is_per_head(policy: PolicyTerms) -> bool:
    """Whether somebody is rewarded for bringing a person who only has to join."""
    if policy.trigger is Trigger.FRIEND_CONFIRMED:
        return True
    return policy.trigger is Trigger.JOINED and policy.beneficiary in _OTHERS


def _of_campaign(campaign: CampaignTerms, policies: Sequence[PolicyTerms]) -> Iterable[Finding]:
    if campaign.levels == 2:
        yield Finding(
            "second_level",
            Severity.BLOCKING,
            _PYRAMID,
            "Two levels of rewards are on: people can earn by what those bring whom they brought. "
            "Many places allow one level only, or set strict limits on a second.",
            "Keep one level. Reward a referrer's own friends with milestones instead.",
        )
    if campaign.budget_minor is None:
        yield Finding(
            "no_budget",
            Severity.WARNING,
            _CARE,
            "The budget has no limit: nothing stops the campaign from spending.",
            "Set a budget, and a tail for those who will have joined by then.",
        )
    orders = [p for p in policies if p.trigger in _ABOUT_ORDERS and not p.variant]
    share = sum(_share_bps_of_money(campaign, policy) for policy in orders)
    if len(orders) > 1 and share > 10_000:
        yield Finding(
            "shares_over_order",
            _how_bad(orders),
            _CARE,
            f"Together the policies give {share / 100:g} % of an order away: more than was paid.",
            "Lower the shares until all of them together leave the shop something.",
        )


def _of_policy(campaign: CampaignTerms, policy: PolicyTerms) -> Iterable[Finding]:
    found = [
        _second_level_off(campaign, policy),
        _pay_per_head(campaign, policy),
        _pay_for_registering(policy),
        _gift_per_head(policy),
        _uncapped(policy),
        _more_than_the_order(campaign, policy),
        _leaves_too_early(campaign, policy),
    ]
    return (finding for finding in found if finding is not None)


def _finding(
    policy: PolicyTerms, code: str, severity: Severity, rule: str, wrong: str, instead: str
) -> Finding:
    return Finding(code, severity, rule, wrong, instead, policy.policy, policy.name)


def _second_level_off(campaign: CampaignTerms, policy: PolicyTerms) -> Finding | None:
    if policy.beneficiary is not Beneficiary.SECOND_REFERRER or campaign.levels == 2:
        return None
    return Finding(
        "second_level_off",
        Severity.BLOCKING,
        _PYRAMID,
        "It rewards the referrer's referrer, but this campaign has one level.",
        "Reward the referrer. Or turn the second level on and give your reason for it.",
        policy.policy,
        policy.name,
        is_final=True,
    )


def _pay_per_head(campaign: CampaignTerms, policy: PolicyTerms) -> Finding | None:
    if policy.kind is not AwardKind.PAYABLE or not is_per_head(policy):
        return None
    if campaign.joins_by_buying:
        return _finding(
            policy,
            "buy_to_join",
            Severity.BLOCKING,
            _PYRAMID,
            "It pays money per person brought, and whoever is brought has to buy to take part. "
            "Paying to get in and earning by the next who pays is how pyramids are recognised.",
            "Pay a share of the friend's kept order (“a friend's order is paid”), or let people "
            "take part by joining and give points.",
        )
    return _finding(
        policy,
        "pay_per_head",
        Severity.BLOCKING,
        _PYRAMID,
        "It pays money for each person brought, who has nothing to do but join. Pay per head is "
        "forbidden in many places and invites invented members everywhere.",
        "Pay once the friend has bought something and kept it, or give points or a coupon.",
    )


def _pay_for_registering(policy: PolicyTerms) -> Finding | None:
    mere = policy.trigger is Trigger.CHECKED_IN or (
        policy.trigger is Trigger.JOINED and policy.beneficiary is Beneficiary.MEMBER
    )
    if policy.kind is not AwardKind.PAYABLE or not mere:
        return None
    act = "a visit" if policy.trigger is Trigger.CHECKED_IN else "a registration"
    return _finding(
        policy,
        "pay_for_mere_act",
        Severity.BLOCKING,
        _INDUCED,
        f"It pays money for {act} and nothing else. Platforms count that as a bought audience.",
        "Give points or a coupon for it, and keep money for orders.",
    )


def _gift_per_head(policy: PolicyTerms) -> Finding | None:
    if policy.kind is not AwardKind.CUSTOM or not policy.gift_cost_minor:
        return None
    if not is_per_head(policy):
        return None
    return _finding(
        policy,
        "gift_per_head",
        Severity.WARNING,
        _PYRAMID,
        "It gives something of value for each person brought who only has to join. Where pay per "
        "head is forbidden, goods can count as pay.",
        "Give it for a friend's kept order, or for a milestone with a limit per member.",
    )


def _uncapped(policy: PolicyTerms) -> Finding | None:
    per_head = policy.beneficiary in _OTHERS or policy.trigger in REFERRAL_TRIGGERS
    limits = (policy.cap_per_member, policy.cap_per_day, policy.cap_per_campaign)
    milestones_only = policy.milestone_at and not policy.milestone_every
    if not per_head or milestones_only or any(limit is not None for limit in limits):
        return None
    return _finding(
        policy,
        "no_cap",
        Severity.WARNING,
        _PYRAMID,
        "One person can earn by it without end. Earnings without a limit per person are one of "
        "the marks of a scheme that lives on recruiting, and the first thing fraud looks for.",
        "Set the most per member.",
    )


def _more_than_the_order(campaign: CampaignTerms, policy: PolicyTerms) -> Finding | None:
    """A share above the whole, or a fixed part plus a share above the smallest order there is."""
    if policy.trigger not in _ABOUT_ORDERS:
        return None
    share = _share_bps_of_money(campaign, policy)
    smallest = policy.min_order_minor
    if share <= 10_000 and (smallest == 0 or _money_of(campaign, policy, smallest) <= smallest):
        return None
    return _finding(
        policy,
        "over_the_order",
        _how_bad([policy]),
        _CARE,
        f"It gives {share / 100:g} % of the order away."
        if share > 10_000
        else "With the smallest order it is for, it gives more than was paid.",
        "Lower the share or the fixed part, or ask for a larger order.",
    )


def _leaves_too_early(campaign: CampaignTerms, policy: PolicyTerms) -> Finding | None:
    if policy.trigger not in _ABOUT_SALES or policy.hold_from is HoldFrom.FULFILMENT:
        return None
    if policy.kind is AwardKind.GROWTH or policy.hold_seconds >= campaign.keep_seconds:
        return None
    return _finding(
        policy,
        "hold_too_short",
        Severity.WARNING,
        _FAIR,
        f"It is held for {_span(policy.hold_seconds)}, but an order counts as kept after "
        f"{_span(campaign.keep_seconds)}: the reward leaves while the order can still come back.",
        "Hold it at least as long as an order needs to count as kept.",
    )


def _how_bad(policies: Iterable[PolicyTerms]) -> Severity:
    """Money that is owed blocks; points, coupons and gifts are the shop's own and warn."""
    owed = any(policy.kind is AwardKind.PAYABLE for policy in policies)
    return Severity.BLOCKING if owed else Severity.WARNING


def _share_bps_of_money(campaign: CampaignTerms, policy: PolicyTerms) -> int:
    """The share of an order as money, in bps, rounded half up; 0 when a largest award bounds it."""
    if policy.max_amount is not None:
        return 0
    if policy.kind is AwardKind.PAYABLE:
        return policy.share_bps
    if policy.kind is AwardKind.POINTS:
        return divide_rounded(policy.share_bps * campaign.cost_of_1000_points_minor, 1000)
    return 0


def _money_of(campaign: CampaignTerms, policy: PolicyTerms, order_minor: int) -> int:
    """What one award for an order of this size costs, in minor units."""
    share = divide_rounded(order_minor * policy.share_bps, 10_000)
    most = policy.max_amount
    if policy.kind is AwardKind.PAYABLE:
        owed = policy.amount_minor + share
        return owed if most is None else min(owed, most)
    if policy.kind is AwardKind.POINTS:
        points = policy.points + share
        points = points if most is None else min(points, most)
        return points_cost_minor(points, campaign.cost_of_1000_points_minor)
    return policy.coupon_cost_minor + policy.gift_cost_minor


def _span(seconds: int) -> str:
    """Seconds in days and hours."""
    days, rest = divmod(seconds, 86_400)
    hours = rest / 3600
    parts = [f"{days} day{'s' * (days != 1)}"] if days else []
    if rest:
        parts.append(f"{hours:g} hour{'s' * (hours != 1)}" if hours >= 1 else "less than an hour")
    return " ".join(parts) or "no time"
