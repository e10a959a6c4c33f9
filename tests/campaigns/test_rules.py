"""Who gets what for a fact, and why somebody else gets nothing."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.campaigns.rules import (
    WORDS,
    Beneficiary,
    Decision,
    Facts,
    OrderFacts,
    PolicyTerms,
    Reason,
    RoomFacts,
    Trigger,
    decide,
    divide_rounded,
    points_cost_minor,
)

ANN, BOB = 1, 2

REFERRER = PolicyTerms("pol_r", "friend", Trigger.ORDER_PAID, Beneficiary.REFERRER, points=100)
ORDER = Facts(
    Trigger.ORDER_PAID,
    {Beneficiary.MEMBER: (BOB,), Beneficiary.REFERRER: (ANN,)},
    order=OrderFacts(kept_minor=4900, nth=1),
)
ROOM = Facts(
    Trigger.ROOM_COMPLETED,
    {Beneficiary.HOST: (ANN,), Beneficiary.SEATED: (ANN, BOB)},
    room=RoomFacts(size=2, kept_seats=2, completed=True),
)


def reasons(decision: Decision) -> list[Reason]:
    return [refusal.reason for refusal in decision.refusals]


def test_the_referrer_gets_what_was_promised() -> None:
    (award,) = decide(ORDER, [REFERRER]).awards
    assert (award.member_id, award.points) == (ANN, 100)


def test_a_policy_for_another_trigger_says_nothing() -> None:
    assert decide(ROOM, [REFERRER]) == Decision((), ())


@pytest.mark.parametrize(
    ("facts", "policy", "reason"),
    [
        (replace(ORDER, in_window=False), REFERRER, Reason.CAMPAIGN_NOT_RUNNING),
        (replace(ORDER, confirmed=False), REFERRER, Reason.PROVISIONAL),
        (replace(ORDER, room=RoomFacts(2, 1, completed=False)), REFERRER, Reason.ROOM_OPEN),
        (replace(ORDER, people={Beneficiary.MEMBER: (BOB,)}), REFERRER, Reason.NO_SUCH_PERSON),
        (replace(ORDER, order=OrderFacts(0, 1)), REFERRER, Reason.NOT_KEPT),
        (
            replace(ORDER, order=OrderFacts(4900, 2)),
            replace(REFERRER, first_order_only=True),
            Reason.NOT_FIRST_ORDER,
        ),
        (ORDER, replace(REFERRER, min_order_minor=4901), Reason.BELOW_MINIMUM),
        (ORDER, replace(REFERRER, points=0, share_bps=1), Reason.NOTHING_TO_AWARD),
        (
            replace(ROOM, room=RoomFacts(2, 1, completed=True)),
            replace(REFERRER, trigger=Trigger.ROOM_COMPLETED, beneficiary=Beneficiary.HOST),
            Reason.ROOM_BELOW_SIZE,
        ),
    ],
)
def test_every_refusal_has_its_reason(facts: Facts, policy: PolicyTerms, reason: Reason) -> None:
    decision = decide(facts, [policy])
    assert decision.awards == ()
    assert reasons(decision) == [reason]


def test_every_reason_has_words() -> None:
    assert set(WORDS) == set(Reason)


def test_everyone_seated_gets_the_same() -> None:
    seated = PolicyTerms("pol_s", "all", Trigger.ROOM_COMPLETED, Beneficiary.SEATED, points=5)
    assert [(a.member_id, a.points) for a in decide(ROOM, [seated]).awards] == [(ANN, 5), (BOB, 5)]


@pytest.mark.parametrize(
    ("kept", "bps", "points"),
    [(4900, 250, 123), (200, 25, 1), (199, 25, 0), (10_000, 10_000, 10_000)],
)
def test_a_share_is_of_what_is_kept_and_rounds_half_up(kept: int, bps: int, points: int) -> None:
    share = replace(REFERRER, points=0, share_bps=bps)
    decision = decide(replace(ORDER, order=OrderFacts(kept, 1)), [share])
    assert sum(award.points for award in decision.awards) == points


@given(numerator=st.integers(0, 10**15), denominator=st.integers(1, 10**6))
def test_rounding_is_never_more_than_half_off(numerator: int, denominator: int) -> None:
    rounded = divide_rounded(numerator, denominator)
    assert abs(2 * (rounded * denominator - numerator)) <= denominator


@given(points=st.integers(0, 10**9), cost=st.integers(0, 10**6))
def test_more_points_never_cost_less(points: int, cost: int) -> None:
    assert points_cost_minor(points, cost) <= points_cost_minor(points + 1, cost)


@given(kept=st.integers(0, 10**9), refund=st.integers(0, 10**9), bps=st.integers(0, 10_000))
def test_a_refund_never_raises_an_award(kept: int, refund: int, bps: int) -> None:
    policy = replace(REFERRER, points=7, share_bps=bps)

    def given_for(amount: int) -> int:
        facts = replace(ORDER, order=OrderFacts(amount, 1))
        return sum(award.points for award in decide(facts, [policy]).awards)

    assert given_for(max(kept - refund, 0)) <= given_for(kept)
