"""What a campaign promises for a fact."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.campaigns.rules import (
    WORDS,
    Beneficiary,
    Facts,
    OrderFacts,
    PolicyTerms,
    Reason,
    RoomFacts,
    Trigger,
    award_amount,
    decide,
    divide_rounded,
    points_cost_minor,
)

ANN, BOB, CLEO = 1, 2, 3

JOINED = PolicyTerms("p1", "welcome", Trigger.JOINED, Beneficiary.MEMBER, points=10)
REFERRED = PolicyTerms(
    "p2", "thanks", Trigger.ORDER_PAID, Beneficiary.REFERRER, points=100, first_order_only=True
)
SHARE = PolicyTerms("p3", "back", Trigger.ORDER_PAID, Beneficiary.MEMBER, share_bps=250)
HOSTED = PolicyTerms("p4", "host", Trigger.ROOM_COMPLETED, Beneficiary.HOST, points=50)
SEATED = PolicyTerms("p5", "seat", Trigger.ROOM_COMPLETED, Beneficiary.SEATED, points=5)

ORDER = Facts(
    Trigger.ORDER_PAID,
    people={Beneficiary.MEMBER: (BOB,), Beneficiary.REFERRER: (ANN,)},
    order=OrderFacts(kept_minor=4999, nth=1),
)
ROOM = Facts(
    Trigger.ROOM_COMPLETED,
    people={Beneficiary.HOST: (ANN,), Beneficiary.SEATED: (ANN, BOB, CLEO)},
    room=RoomFacts(size=3, kept_seats=3, completed=True),
)


def given_to(facts: Facts, *policies: PolicyTerms) -> list[tuple[str, int, int]]:
    return [(a.policy, a.member_id, a.amount) for a in decide(facts, policies).awards]


def reasons(facts: Facts, *policies: PolicyTerms) -> list[tuple[str, int | None, Reason]]:
    return [(r.policy, r.member_id, r.reason) for r in decide(facts, policies).refusals]


def test_each_policy_of_the_trigger_is_decided_and_no_other() -> None:
    assert given_to(ORDER, JOINED, REFERRED, SHARE, HOSTED) == [("p2", ANN, 100), ("p3", BOB, 125)]
    assert reasons(ORDER, JOINED, REFERRED, SHARE, HOSTED) == []


def test_everyone_seated_gets_an_award() -> None:
    assert given_to(ROOM, HOSTED, SEATED) == [
        ("p4", ANN, 50),
        *(("p5", member, 5) for member in (ANN, BOB, CLEO)),
    ]


@pytest.mark.parametrize(
    ("facts", "policy", "reason"),
    [
        (replace(ORDER, in_window=False), SHARE, Reason.CAMPAIGN_NOT_RUNNING),
        (replace(ORDER, confirmed=False), SHARE, Reason.PROVISIONAL),
        (replace(ORDER, room=RoomFacts(3, 2, completed=False)), SHARE, Reason.ROOM_OPEN),
        (replace(ORDER, order=OrderFacts(0, 1)), SHARE, Reason.NOT_KEPT),
        (replace(ORDER, order=OrderFacts(4999, 2)), REFERRED, Reason.NOT_FIRST_ORDER),
        (ORDER, replace(SHARE, min_order_minor=5000), Reason.BELOW_MINIMUM),
        (replace(ORDER, order=OrderFacts(19, 1)), SHARE, Reason.NOTHING_TO_AWARD),
        (replace(ROOM, room=RoomFacts(3, 2, completed=True)), HOSTED, Reason.ROOM_BELOW_SIZE),
    ],
)
def test_why_somebody_gets_nothing(facts: Facts, policy: PolicyTerms, reason: Reason) -> None:
    assert given_to(facts, policy) == []
    assert [found for _, _, found in reasons(facts, policy)] == [reason]


def test_nobody_in_that_place() -> None:
    alone = replace(ORDER, people={Beneficiary.MEMBER: (BOB,)})
    assert reasons(alone, REFERRED) == [("p2", None, Reason.NO_SUCH_PERSON)]


def test_a_refunded_seat_matters_to_the_room_but_not_to_the_other_orders() -> None:
    below = replace(ORDER, room=RoomFacts(3, 2, completed=True))
    assert given_to(below, SHARE) == [("p3", BOB, 125)]


def test_every_reason_has_words() -> None:
    assert set(WORDS) == set(Reason)


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounded"),
    [(0, 10, 0), (4, 10, 0), (5, 10, 1), (14, 10, 1), (15, 10, 2), (10**30, 3, (10**30) // 3)],
)
def test_halves_round_up(numerator: int, denominator: int, rounded: int) -> None:
    assert divide_rounded(numerator, denominator) == rounded


@given(st.integers(0, 10**15), st.integers(1, 10**6))
def test_rounding_is_never_more_than_half_off(numerator: int, denominator: int) -> None:
    off = divide_rounded(numerator, denominator) * denominator - numerator
    assert abs(2 * off) <= denominator


amounts = st.integers(0, 10**12)
terms = st.builds(
    PolicyTerms,
    policy=st.text(min_size=1, max_size=3),
    name=st.just(""),
    trigger=st.sampled_from(Trigger),
    beneficiary=st.sampled_from(Beneficiary),
    points=st.integers(0, 1000),
    share_bps=st.integers(0, 20_000),
    first_order_only=st.booleans(),
    min_order_minor=st.integers(0, 10_000),
)
facts = st.builds(
    Facts,
    trigger=st.sampled_from(Trigger),
    people=st.dictionaries(
        st.sampled_from(Beneficiary),
        st.lists(st.integers(1, 9), unique=True, max_size=4).map(tuple),
    ),
    confirmed=st.booleans(),
    in_window=st.booleans(),
    order=st.none() | st.builds(OrderFacts, kept_minor=amounts, nth=st.integers(1, 3)),
    room=st.none()
    | st.builds(
        RoomFacts, size=st.integers(1, 5), kept_seats=st.integers(0, 5), completed=st.booleans()
    ),
)


@given(facts, st.lists(terms, max_size=5))
def test_everybody_concerned_gets_an_award_or_a_reason(
    state: Facts, policies: list[PolicyTerms]
) -> None:
    decision = decide(state, policies)
    concerned = [p for p in policies if p.trigger is state.trigger]
    expected = sum(max(len(state.people.get(p.beneficiary, ())), 1) for p in concerned)
    assert len(decision.awards) + len(decision.refusals) == expected
    assert all(award.amount > 0 for award in decision.awards)


@given(facts, st.lists(terms, max_size=5))
def test_policies_are_decided_apart(state: Facts, policies: list[PolicyTerms]) -> None:
    whole = decide(state, policies)
    parts = [decide(state, [policy]) for policy in policies]
    assert whole.awards == tuple(award for part in parts for award in part.awards)
    assert whole.refusals == tuple(refusal for part in parts for refusal in part.refusals)


@given(terms, amounts, amounts)
def test_keeping_less_never_earns_more(policy: PolicyTerms, one: int, other: int) -> None:
    less, more = sorted((one, other))

    def earned(kept: int) -> int:
        state = replace(ORDER, trigger=policy.trigger, order=OrderFacts(kept, 1))
        return sum(award.amount for award in decide(state, [policy]).awards)

    assert earned(less) <= earned(more)


@given(amounts, st.integers(0, 10_000))
def test_a_share_is_within_half_a_point_of_the_exact_one(kept: int, bps: int) -> None:
    policy = replace(SHARE, share_bps=bps)
    points = award_amount(policy, replace(ORDER, order=OrderFacts(kept, 1)))
    assert -10_000 <= 2 * (points * 10_000 - kept * bps) <= 10_000


@given(st.integers(0, 10**9), st.integers(0, 10**6))
def test_points_cost_what_they_cost(points: int, per_thousand: int) -> None:
    cost = points_cost_minor(points, per_thousand)
    assert -1000 < 2 * (cost * 1000 - points * per_thousand) <= 1000
