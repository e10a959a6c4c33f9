"""What a policy may ask, what it gives, and that versions and decisions are read back as written."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.campaigns.rules import (
    WORDS,
    ActFacts,
    AwardKind,
    Beneficiary,
    Circumstances,
    Contender,
    Facts,
    HoldFrom,
    LineFacts,
    OrderFacts,
    PolicyTerms,
    Reason,
    RoomFacts,
    Trigger,
    award_cost_minor,
    decide,
    facts_from_json,
    facts_to_json,
    outrank,
    terms_from_json,
    terms_to_json,
)

ANN, BOB = 1, 2
MEMBER, REFERRER = Beneficiary.MEMBER, Beneficiary.REFERRER
POLICY = PolicyTerms("p", "thanks", Trigger.ORDER_PAID, MEMBER, points=10)
LINES = (LineFacts(("tea",), 3000), LineFacts(("cup", "gift"), 2000))
BOUGHT = Facts(
    Trigger.ORDER_PAID,
    {MEMBER: (BOB,), REFERRER: (ANN,)},
    order=OrderFacts(5000, 1, LINES, "o1"),
    circumstances=Circumstances("gold", ("aud_vip",), "wechat", True),
    variant="a",
)
FRIEND = PolicyTerms("f", "friends", Trigger.FRIEND_BOUGHT, MEMBER, points=10)


def outcome(facts: Facts, policy: PolicyTerms) -> int | Reason:
    """The amount given, or why nothing was."""
    decision = decide(facts, [policy])
    assert len(decision.awards) + len(decision.refusals) == 1
    return decision.awards[0].amount if decision.awards else decision.refusals[0].reason


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({"tiers": ("gold", "silver")}, 10),
        ({"tiers": ("silver",)}, Reason.WRONG_TIER),
        ({"channels": ("wechat",)}, 10),
        ({"channels": ("douyin",)}, Reason.WRONG_CHANNEL),
        ({"audience": "aud_vip"}, 10),
        ({"audience": "aud_staff"}, Reason.NOT_IN_AUDIENCE),
        ({"excluded_audience": "aud_vip"}, Reason.IN_EXCLUDED_AUDIENCE),
        ({"excluded_audience": "aud_staff"}, 10),
        ({"variant": "a"}, 10),
        ({"variant": "b"}, Reason.OTHER_VARIANT),
        ({"product_tags": ("cup",)}, 10),
        ({"product_tags": ("coffee",)}, Reason.NO_MATCHING_PRODUCT),
        ({"product_tags": ("tea",), "min_order_minor": 3000}, 10),
        ({"product_tags": ("tea",), "min_order_minor": 3001}, Reason.BELOW_MINIMUM),
        ({"min_order_minor": 5000}, 10),
    ],
)
def test_a_condition(terms: dict[str, Any], expected: int | Reason) -> None:
    assert outcome(BOUGHT, replace(POLICY, **terms)) == expected


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({"beneficiary_audience": "aud_partners"}, 10),
        ({"beneficiary_audience": "aud_vip"}, Reason.BENEFICIARY_NOT_IN_AUDIENCE),
        (
            {"excluded_beneficiary_audience": "aud_partners"},
            Reason.BENEFICIARY_IN_EXCLUDED_AUDIENCE,
        ),
        ({"excluded_beneficiary_audience": "aud_vip"}, 10),
        ({"beneficiary_audience": "aud_partners", "audience": "aud_vip"}, 10),
        ({"audience": "aud_partners"}, Reason.NOT_IN_AUDIENCE),
    ],
)
def test_the_terms_of_whoever_gets_it(terms: dict[str, Any], expected: int | Reason) -> None:
    facts = replace(BOUGHT, lists={ANN: ("aud_partners",)})
    assert outcome(facts, replace(POLICY, beneficiary=REFERRER, **terms)) == expected


def test_each_of_several_is_asked() -> None:
    seated = PolicyTerms("s", "seated", Trigger.ROOM_COMPLETED, Beneficiary.SEATED, points=10)
    room = RoomFacts(2, 2, completed=True)
    facts = Facts(Trigger.ROOM_COMPLETED, {Beneficiary.SEATED: (ANN, BOB)}, room=room)
    facts = replace(facts, lists={ANN: ("aud_partners",)})
    decision = decide(facts, [replace(seated, beneficiary_audience="aud_partners")])
    assert [award.member_id for award in decision.awards] == [ANN]
    assert [refusal.member_id for refusal in decision.refusals] == [BOB]
    assert facts_from_json(facts_to_json(facts)) == facts


def test_new_members_only() -> None:
    policy = replace(POLICY, new_members_only=True)
    assert outcome(BOUGHT, policy) == 10
    known = replace(BOUGHT, circumstances=replace(BOUGHT.circumstances, is_new=False))
    assert outcome(known, policy) == Reason.NOT_NEW


def test_the_holdout_gets_nothing() -> None:
    assert outcome(replace(BOUGHT, is_holdout=True), POLICY) == Reason.HOLDOUT


@pytest.mark.parametrize(
    ("terms", "numbers"),
    [
        ({}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}),
        ({"milestone_every": 3}, {3, 6, 9}),
        ({"milestone_at": (5, 10, 20)}, {5, 10}),
        ({"milestone_every": 4, "milestone_at": (1,)}, {1, 4, 8}),
    ],
)
def test_milestones(terms: dict[str, Any], numbers: set[int]) -> None:
    policy = replace(FRIEND, **terms)
    facts = replace(BOUGHT, trigger=Trigger.FRIEND_BOUGHT)
    given = {
        nth for nth in range(1, 11) if outcome(replace(facts, act=ActFacts(nth)), policy) == 10
    }
    assert given == numbers


@pytest.mark.parametrize(
    ("terms", "amount"),
    [
        ({"kind": AwardKind.POINTS, "points": 7}, 7),
        ({"kind": AwardKind.POINTS, "points": 7, "share_bps": 250}, 7 + 125),
        ({"kind": AwardKind.GROWTH, "points": 0, "share_bps": 10_000}, 5000),
        ({"kind": AwardKind.PAYABLE, "points": 0, "amount_minor": 300, "share_bps": 1000}, 800),
        ({"kind": AwardKind.PAYABLE, "points": 0, "share_bps": 1000, "max_amount": 450}, 450),
        ({"share_bps": 1000, "points": 0, "product_tags": ("gift",)}, 200),
        ({"kind": AwardKind.COUPON, "points": 0, "coupon_template": "tpl_x"}, 1),
        ({"kind": AwardKind.CUSTOM, "points": 0, "gift": "A cup"}, 1),
    ],
)
def test_how_much(terms: dict[str, Any], amount: int) -> None:
    assert outcome(BOUGHT, replace(POLICY, **terms)) == amount


def test_tags_never_keep_more_than_the_order() -> None:
    # 4,000 of 5,000 were refunded as an amount, which no line knows of.
    facts = replace(BOUGHT, order=OrderFacts(1000, 1, LINES))
    policy = replace(POLICY, points=0, share_bps=10_000, product_tags=("tea",))
    assert outcome(facts, policy) == 1000


@pytest.mark.parametrize(
    ("kind", "cost"),
    [
        (AwardKind.POINTS, 15),
        (AwardKind.GROWTH, 0),
        (AwardKind.PAYABLE, 10),
        (AwardKind.COUPON, 5000),
        (AwardKind.CUSTOM, 7000),
    ],
)
def test_what_an_award_costs(kind: AwardKind, cost: int) -> None:
    policy = replace(POLICY, coupon_cost_minor=500, gift_cost_minor=700)
    assert award_cost_minor(kind, 10, policy, cost_of_1000_points_minor=1500) == cost


def test_a_room_opening_is_rewarded_before_the_room_is_complete() -> None:
    policy = PolicyTerms("o", "opened", Trigger.ROOM_OPENED, Beneficiary.HOST, points=5)
    facts = Facts(
        Trigger.ROOM_OPENED, {Beneficiary.HOST: (ANN,)}, room=RoomFacts(3, 1, completed=False)
    )
    assert outcome(facts, policy) == 5
    refunded = replace(facts, room=RoomFacts(3, 0, completed=False))
    assert outcome(refunded, policy) == Reason.NOT_KEPT


def test_every_reason_is_said_three_ways() -> None:
    assert set(WORDS) == set(Reason)
    for words in WORDS.values():
        assert all((words.shopper, words.operator, words.developer))


names = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=6)
texts = st.lists(names, max_size=3).map(tuple)


@given(
    st.builds(
        PolicyTerms,
        trigger=st.sampled_from(Trigger),
        beneficiary=st.sampled_from(Beneficiary),
        kind=st.sampled_from(AwardKind),
        hold_from=st.sampled_from(HoldFrom),
        product_tags=texts,
        channels=texts,
        tiers=texts,
        milestone_at=st.lists(st.integers(1, 50), max_size=3).map(tuple),
        max_amount=st.none() | st.integers(0, 10**9),
    )
)
def test_a_version_reads_back_what_was_published(terms: PolicyTerms) -> None:
    assert terms_from_json(terms_to_json(terms)) == terms


def test_a_version_of_before_binds_as_it_did() -> None:
    row = {
        "policy": "pol_1",
        "name": "welcome",
        "trigger": "joined",
        "beneficiary": "member",
        "points": 10,
        "share_bps": 0,
        "first_order_only": False,
        "min_order_minor": 0,
        "hold_seconds": 60,
        "cap_per_member": None,
        "cap_per_day": 3,
        "cap_per_campaign": None,
    }
    terms = terms_from_json(row)
    assert (terms.kind, terms.points, terms.cap_per_day) == (AwardKind.POINTS, 10, 3)


def test_a_decision_reads_back_its_facts() -> None:
    room = replace(BOUGHT, room=RoomFacts(3, 2, completed=True), outranked=("cmp_2",))
    for facts in (BOUGHT, room, replace(BOUGHT, order=None, act=ActFacts(3))):
        assert facts_from_json(facts_to_json(facts)) == facts


def test_facts_of_before_are_read_with_defaults() -> None:
    old = {
        "trigger": "order_paid",
        "people": {"member": [1]},
        "confirmed": True,
        "in_window": True,
        "order": {"kept_minor": 100, "nth": 2},
        "room": None,
    }
    assert facts_from_json(old).order == OrderFacts(100, 2)


contenders = st.lists(
    st.builds(
        Contender,
        campaign=st.integers(0, 30).map(lambda n: f"cmp_{n}"),
        group=st.sampled_from(["", "spring", "autumn"]),
        priority=st.integers(-2, 2),
        age=st.integers(0, 5),
    ),
    unique_by=lambda contender: contender.campaign,
    max_size=8,
)


@given(contenders, st.randoms())
def test_one_of_a_group_gets_the_order(rows: list[Contender], random: Any) -> None:
    ages = [replace(row, age=number) for number, row in enumerate(rows)]
    winners = outrank(ages)
    by_name = {row.campaign: row for row in ages}
    groups = [by_name[name].group for name in winners if by_name[name].group]
    assert len(groups) == len(set(groups))
    for name, losers in winners.items():
        for loser in losers:
            ahead, behind = by_name[name], by_name[loser]
            assert ahead.group == behind.group
            assert (-ahead.priority, ahead.age) < (-behind.priority, behind.age)
    assert {name for pair in winners.items() for name in (pair[0], *pair[1])} == set(by_name)
    random.shuffle(ages)
    assert outrank(ages) == winners
