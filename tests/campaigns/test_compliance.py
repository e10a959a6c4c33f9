"""What the compliance check finds: a table of campaigns and what is said about them."""

import dataclasses
from typing import Any

import pytest

from apps.campaigns.rules import (
    IMPOSSIBLE,
    AwardKind,
    Beneficiary,
    CampaignTerms,
    Finding,
    HoldFrom,
    PolicyTerms,
    Severity,
    Trigger,
    check,
)

WEEK = 7 * 24 * 3600
FINE = CampaignTerms(budget_minor=100_000)


def policy(
    trigger: Trigger = Trigger.ORDER_PAID,
    beneficiary: Beneficiary = Beneficiary.REFERRER,
    **terms: Any,
) -> PolicyTerms:
    terms = {"points": 10, "hold_seconds": WEEK, "cap_per_member": 5, **terms}
    return PolicyTerms("pol_1", "Thanks", trigger, beneficiary, **terms)


def money(
    trigger: Trigger = Trigger.ORDER_PAID,
    beneficiary: Beneficiary = Beneficiary.REFERRER,
    **terms: Any,
) -> PolicyTerms:
    terms = {"kind": AwardKind.PAYABLE, "points": 0, "amount_minor": 100, **terms}
    return policy(trigger, beneficiary, **terms)


def found(campaign: CampaignTerms, *policies: PolicyTerms) -> list[tuple[str, Severity]]:
    return [(row.code, row.severity) for row in check(campaign, policies)]


BLOCKS, WARNS = Severity.BLOCKING, Severity.WARNING
JOINED, ORDER, BOUGHT = Trigger.JOINED, Trigger.ORDER_PAID, Trigger.FRIEND_BOUGHT
CONFIRMED = Trigger.FRIEND_CONFIRMED
MEMBER, REFERRER, SECOND = Beneficiary.MEMBER, Beneficiary.REFERRER, Beneficiary.SECOND_REFERRER
BY_BUYING = dataclasses.replace(FINE, joins_by_buying=True)
TWO_LEVELS = dataclasses.replace(FINE, levels=2)

CASES = [
    ("points for bringing", FINE, policy(JOINED), []),
    ("points for joining", FINE, policy(JOINED, MEMBER, cap_per_member=None), []),
    ("money per head", FINE, money(JOINED), [("pay_per_head", BLOCKS)]),
    ("money per confirmed head", FINE, money(CONFIRMED, MEMBER), [("pay_per_head", BLOCKS)]),
    ("money per head that buys in", BY_BUYING, money(JOINED), [("buy_to_join", BLOCKS)]),
    (
        "money per confirmed head that buys in",
        BY_BUYING,
        money(CONFIRMED, MEMBER),
        [("buy_to_join", BLOCKS)],
    ),
    ("points per head that buys in", BY_BUYING, policy(JOINED), []),
    ("money for a friend's order", FINE, money(BOUGHT, MEMBER), []),
    ("money for registering", FINE, money(JOINED, MEMBER), [("pay_for_mere_act", BLOCKS)]),
    (
        "money for a visit",
        FINE,
        money(Trigger.CHECKED_IN, MEMBER),
        [("pay_for_mere_act", BLOCKS)],
    ),
    ("money for a birthday", FINE, money(Trigger.BIRTHDAY, MEMBER), []),
    (
        "a gift per head",
        FINE,
        policy(JOINED, kind=AwardKind.CUSTOM, gift="A pan", gift_cost_minor=5000),
        [("gift_per_head", WARNS)],
    ),
    (
        "a gift that costs nothing",
        FINE,
        policy(JOINED, kind=AwardKind.CUSTOM, gift="A badge"),
        [],
    ),
    ("no cap", FINE, policy(JOINED, cap_per_member=None), [("no_cap", WARNS)]),
    ("a cap per day", FINE, policy(JOINED, cap_per_member=None, cap_per_day=9), []),
    (
        "milestones end by themselves",
        FINE,
        policy(BOUGHT, MEMBER, cap_per_member=None, milestone_at=(5, 10)),
        [],
    ),
    (
        "every third has no end",
        FINE,
        policy(BOUGHT, MEMBER, cap_per_member=None, milestone_every=3),
        [("no_cap", WARNS)],
    ),
    ("one level, second referrer", FINE, policy(JOINED, SECOND), [("second_level_off", BLOCKS)]),
    ("two levels", TWO_LEVELS, policy(JOINED, SECOND), [("second_level", BLOCKS)]),
    ("no budget", CampaignTerms(), policy(JOINED), [("no_budget", WARNS)]),
    ("all of the order", FINE, money(share_bps=10_000, amount_minor=0), []),
    (
        "more than the order",
        FINE,
        money(share_bps=10_001, amount_minor=0),
        [("over_the_order", BLOCKS)],
    ),
    (
        "more than the order, in points",
        FINE,
        policy(points=0, share_bps=10_001),
        [("over_the_order", WARNS)],
    ),
    (
        "more points than money, but cheap ones",
        dataclasses.replace(FINE, cost_of_1000_points_minor=100),
        policy(points=0, share_bps=50_000),
        [],
    ),
    (
        "fixed and share over the smallest order",
        FINE,
        money(amount_minor=901, share_bps=1000, min_order_minor=1000),
        [("over_the_order", BLOCKS)],
    ),
    (
        "fixed and share just the smallest order",
        FINE,
        money(amount_minor=900, share_bps=1000, min_order_minor=1000),
        [],
    ),
    (
        "a largest award bounds it",
        FINE,
        money(amount_minor=0, share_bps=20_000, max_amount=500, min_order_minor=500),
        [],
    ),
    ("held too short", FINE, policy(hold_seconds=WEEK - 1), [("hold_too_short", WARNS)]),
    (
        "held from fulfilment",
        FINE,
        policy(hold_seconds=0, hold_from=HoldFrom.FULFILMENT),
        [],
    ),
    ("growth needs no hold", FINE, policy(hold_seconds=0, kind=AwardKind.GROWTH), []),
    ("joining needs no hold", FINE, policy(JOINED, hold_seconds=0), []),
]


@pytest.mark.parametrize(
    ("campaign", "terms", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_what_is_found(
    campaign: CampaignTerms, terms: PolicyTerms, expected: list[tuple[str, Severity]]
) -> None:
    assert found(campaign, terms) == expected


def test_shares_are_added_up() -> None:
    half = money(share_bps=6000, amount_minor=0)
    assert found(FINE, half) == []
    assert found(FINE, half, half) == [("shares_over_order", BLOCKS)]
    # Nobody is in two variants.
    apart = [dataclasses.replace(half, variant=key) for key in ("a", "b")]
    assert found(FINE, *apart) == []


def test_blocking_findings_come_first() -> None:
    codes = found(CampaignTerms(levels=2), policy(JOINED, cap_per_member=None), money(JOINED))
    assert [severity for _, severity in codes] == [BLOCKS, BLOCKS, WARNS, WARNS]


def every_finding() -> list[Finding]:
    return [row for _, campaign, terms, _ in CASES for row in check(campaign, [terms])]


def test_every_finding_says_what_rule_what_is_wrong_and_what_to_do() -> None:
    for row in every_finding():
        assert min(len(row.rule), len(row.wrong), len(row.instead)) > 10, row
        about_campaign = row.code in ("second_level", "no_budget")
        assert (row.policy, row.policy_name) == (
            ("", "") if about_campaign else ("pol_1", "Thanks")
        )


def test_only_what_contradicts_itself_is_final() -> None:
    assert {row.code for row in every_finding() if row.is_final} == {"second_level_off"}


def test_what_cannot_be_configured_is_explained() -> None:
    assert any("third level" in what for what, _ in IMPOSSIBLE)
    assert any("lot" in what for what, _ in IMPOSSIBLE)
    assert any("share" in what for what, _ in IMPOSSIBLE)
