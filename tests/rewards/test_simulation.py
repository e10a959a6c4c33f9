"""Replaying a campaign: what other policies would have given, beside what really happened."""

import datetime as dt
import io
import itertools
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import InternalError, connection, transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from apps.campaigns.models import Budget, Campaign
from apps.campaigns.rules import (
    AwardKind,
    Beneficiary,
    Facts,
    OrderFacts,
    PolicyTerms,
    Reason,
    Trigger,
    decide,
)
from apps.checkout.services import order_report, refund_report
from apps.core import services, sweepers
from apps.invites.models import Link
from apps.invites.selectors import Brought
from apps.invites.services import CampaignFull, campaign_join, campaign_link
from apps.orders.rules import RefundAsk
from apps.orders.services import LineReport, OrderReport
from apps.rewards.models import Grant
from apps.rewards.previewing import draft_promise, published_promise
from apps.rewards.rules import Costs, Happening, Limits, Moment, Tally, compare, simulate
from apps.rewards.rules.simulating import Gift
from apps.rewards.simulation import Progress, Simulated, question_of, simulation_run
from tests.conftest import wipe
from tests.makers import make_campaign, make_member, now
from tests.pages.makers import make_room

Drain = Callable[[], None]

BUYER, REFERRER = Beneficiary.MEMBER, Beneficiary.REFERRER
ANN, BOB = 1, 2
COSTS = Costs(1000, {})

_numbers = itertools.count(1)


def buy(name: str, amount: int = 5000, *, code: str = "", **more: Any) -> str:
    """An order that the shop reports now; its id."""
    order_id = f"replayed-{next(_numbers)}"
    report = OrderReport(
        order_id=order_id,
        member_id=make_member(name).pk,
        currency="CNY",
        paid_minor=amount,
        occurred_at=more.pop("occurred_at", now()),
        lines=(LineReport("1", "tea", 1, amount),),
    )
    order_report(report=report, brought=Brought(code), now=now())
    return order_id


def link_of(name: str, campaign: Campaign) -> Link:
    member = make_member(name)
    return campaign_link(campaign=campaign, member_id=member.pk, brought=Brought(), now=now())[0]


def replay(campaign: Campaign, *, draft: bool = False, days: int = 30) -> Simulated:
    campaign.refresh_from_db()
    promise = draft_promise(campaign) if draft else published_promise(campaign)
    question = question_of(campaign, promise.terms, promise.variants, days=days, now=now())
    *_, result = simulation_run(question)
    assert isinstance(result, Simulated)
    return result


def held(tally: Tally) -> dict[tuple[int, AwardKind], int]:
    return {key: amount for key, amount in tally.amounts.items() if amount}


def make_shop(*policies: Any, **given: Any) -> Campaign:
    return make_campaign(*policies, enrolment="everyone", **given)


# Pure laws.


def terms(policy: str = "p", **given: Any) -> PolicyTerms:
    fixed = {"points": 10, "name": policy, "policy": policy, **given}
    return PolicyTerms(trigger=Trigger.ORDER_PAID, beneficiary=BUYER, **fixed)


def paid(member: int, amount: int = 100, *, day: str = "2026-01-01", order: int = 1) -> Happening:
    facts = Facts(Trigger.ORDER_PAID, {BUYER: (member,)}, order=OrderFacts(amount, 1))
    return Happening(facts, Moment(day, order))


def simulated(
    history: list[Happening], policies: list[PolicyTerms], budget: int | None = None
) -> tuple[Tally, Limits]:
    tally, limits = Tally(), Limits(left_minor=budget)
    for _ in simulate(history, policies, COSTS, limits, tally):
        pass
    return tally, limits


caps = st.none() | st.integers(1, 4)
policies = st.lists(
    st.builds(
        dict,
        points=st.integers(0, 30),
        share_bps=st.integers(0, 5000),
        cap_per_member=caps,
        cap_per_day=caps,
        cap_per_order=caps,
        cap_per_campaign=caps,
    ),
    min_size=1,
    max_size=3,
).map(lambda rows: [terms(f"p{place}", **row) for place, row in enumerate(rows)])
histories = st.lists(
    st.builds(
        paid,
        st.integers(1, 4),
        st.integers(0, 300),
        day=st.sampled_from(["2026-01-01", "2026-01-02"]),
        order=st.integers(1, 9),
    ),
    max_size=25,
)


@given(histories, policies, st.integers(0, 400))
def test_the_cost_never_exceeds_the_budget(
    history: list[Happening], given_terms: list[PolicyTerms], budget: int
) -> None:
    tally, limits = simulated(history, given_terms, budget)
    assert limits.left_minor == budget - tally.cost_minor >= 0
    assert tally.cost_minor == sum(tally.costs.values())


@given(histories, policies, st.none() | st.integers(0, 400))
def test_caps_hold(
    history: list[Happening], given_terms: list[PolicyTerms], budget: int | None
) -> None:
    grants: Counter[tuple[str, str]] = Counter()
    steps = simulate(history, given_terms, COSTS, Limits(left_minor=budget), Tally())
    for happening, gifts in zip(history, steps, strict=True):
        for gift in gifts:
            moment = happening.moment
            grants[gift.policy, f"member {gift.member_id}"] += 1
            grants[gift.policy, f"day {moment.day} {gift.member_id}"] += 1
            grants[gift.policy, f"order {moment.order}"] += 1
            grants[gift.policy, "campaign"] += 1
    for policy in given_terms:
        for scope, cap in (
            ("member", policy.cap_per_member),
            ("day", policy.cap_per_day),
            ("order", policy.cap_per_order),
            ("campaign", policy.cap_per_campaign),
        ):
            counts = [
                n for (p, s), n in grants.items() if p == policy.policy and s.startswith(scope)
            ]
            assert cap is None or max(counts, default=0) <= cap


@given(histories, policies, st.randoms())
def test_without_caps_and_budget_the_order_does_not_matter(
    history: list[Happening], given_terms: list[PolicyTerms], random: Any
) -> None:
    free = [terms(p.policy, points=p.points, share_bps=p.share_bps) for p in given_terms]
    shuffled = list(history)
    random.shuffle(shuffled)
    one, other = simulated(history, free)[0], simulated(shuffled, free)[0]
    assert (held(one), one.refused) == (held(other), other.refused)
    decided = [award for row in history for award in decide(row.facts, free).awards]
    assert one.grants == len(decided)


def test_what_does_not_fit_leaves_room_for_what_does() -> None:
    small, large = terms("small", points=10), terms("large", points=900)
    tally, limits = simulated([paid(ANN), paid(BOB)], [large, small], 15)
    assert held(tally) == {(ANN, AwardKind.POINTS): 10}
    assert (tally.refused, limits.left_minor) == ({Reason.BUDGET_SPENT: 3}, 5)


def test_who_gains_and_who_loses() -> None:
    really, would = Tally(), Tally()
    for tally, member, amount in ((really, ANN, 10), (would, ANN, 4), (would, BOB, 7)):
        tally.add(Gift("p", member, AwardKind.GROWTH, amount, 0))
    found = compare(really, would, top=5)
    assert (found.gainers, found.losers, found.unchanged) == (1, 1, 0)
    assert [row.member_id for row in found.top_gainers] == [BOB]
    assert found.top_losers[0].really == {AwardKind.GROWTH: 10}


# On a history that really happened.

steps = st.lists(
    st.tuples(
        st.sampled_from(["buy", "join", "refund"]),
        st.sampled_from(["bob", "cleo", "dave"]),
        st.integers(1, 9000),
        st.booleans(),
    ),
    max_size=6,
)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps, st.none() | st.integers(1, 120), st.none() | st.integers(1, 3))
# Ann's second friend counts when confirmed, after they joined: then the budget is used up.
@example([("join", "bob", 1, True), ("buy", "bob", 6439, False), ("buy", "cleo", 104, True)], 25, 3)
def test_the_unchanged_version_gives_what_was_granted(
    committed: None, told: list[tuple[str, str, int, bool]], budget: int | None, cap: int | None
) -> None:
    wipe()
    campaign = make_shop(
        (Trigger.ORDER_PAID, BUYER, {"points": 7, "cap_per_member": cap}),
        (Trigger.ORDER_PAID, REFERRER, {"points": 0, "share_bps": 100}),
        (Trigger.JOINED, REFERRER, {"points": 5, "cap_per_campaign": cap}),
        (Trigger.FRIEND_BOUGHT, BUYER, {"points": 3, "milestone_every": 2}),
        budget_minor=budget,
    )
    code = link_of("ann", campaign).code
    for act, name, amount, is_brought in told:
        brought = code if is_brought else ""
        if act == "join":
            with suppress(CampaignFull):
                join(name, campaign, brought)
        else:
            order_id = buy(name, amount, code=brought)
            _drain()
            # What was refunded frees neither a cap nor the budget for what came before it.
            if act == "refund" and budget is None and cap is None:
                refund(order_id, amount // 2 or None)
        _drain()
    result = replay(campaign)
    given_by = Counter[str]()
    for grant in Grant.objects.filter(campaign=campaign):
        given_by[grant.policy] += grant.left
    would = {policy: row.amount for policy, row in result.would.by_policy.items() if row.amount}
    assert would == {policy: amount for policy, amount in given_by.items() if amount}
    assert held(result.would) == held(result.really)
    assert result.comparison.gainers == result.comparison.losers == 0
    assert result.would_left_minor == result.really_left_minor


def join(name: str, campaign: Campaign, code: str) -> None:
    member = make_member(name)
    campaign_join(campaign=campaign, member_id=member.pk, brought=Brought(code), now=now())


def _drain() -> None:
    while sum(sweepers.run_due().values()) + services.events_process():
        pass


def refund(order_id: str, amount: int | None) -> None:
    refund_report(order_id=order_id, refund_id="r1", ask=RefundAsk(amount), occurred_at=now())


@pytest.mark.django_db
def test_a_changed_policy_beside_what_happened(drain: Drain) -> None:
    campaign = make_shop((Trigger.ORDER_PAID, BUYER, {"points": 10}), budget_minor=100)
    for name in ("ann", "bob", "cleo"):
        buy(name, 5000 if name == "ann" else 900)
    drain()
    campaign.policies.update(points=40, min_order_minor=1000)
    result = replay(campaign, draft=True)
    assert (result.facts, result.really.grants, result.would.grants) == (6, 3, 1)
    assert (result.really.cost_minor, result.would.cost_minor) == (30, 40)
    assert (result.really_left_minor, result.would_left_minor) == (70, 60)
    assert result.would.refused == {Reason.BELOW_MINIMUM: 2}
    found = result.comparison
    assert (found.gainers, found.losers) == (1, 2)
    assert found.top_gainers[0].member_id == make_member("ann").pk
    assert found.top_gainers[0].would == {AwardKind.POINTS: 40}


@pytest.mark.django_db
def test_the_budget_stops_the_replay(drain: Drain) -> None:
    campaign = make_shop((Trigger.ORDER_PAID, BUYER, {"points": 10}), budget_minor=100)
    for name in ("ann", "bob", "cleo"):
        buy(name)
    drain()
    campaign.policies.update(points=45)
    result = replay(campaign, draft=True)
    assert result.would.grants == 2
    assert result.would_left_minor == 10
    assert result.would.refused == {Reason.BUDGET_SPENT: 1}


@pytest.mark.django_db
def test_earlier_days_count_in_caps_and_budget(drain: Drain) -> None:
    started = now() - dt.timedelta(days=20)
    campaign = make_shop(
        (Trigger.ORDER_PAID, BUYER, {"points": 10, "cap_per_member": 2}),
        budget_minor=30,
        starts_at=started,
    )
    buy("ann", occurred_at=now() - dt.timedelta(days=10))
    drain()
    buy("ann")
    buy("ann")
    buy("bob")
    drain()
    result = replay(campaign, days=3)
    assert result.would.by_policy == result.really.by_policy
    assert result.would.grants == 2
    assert result.would.refused == {Reason.CAP_REACHED: 1}
    assert result.would_left_minor == result.really_left_minor == 0


@pytest.mark.django_db
def test_rooms_are_replayed(drain: Drain) -> None:
    make_room("ann", "bob", size=2)
    campaign = Campaign.objects.get()
    drain()
    campaign.policies.create(
        name="Host", trigger=Trigger.ROOM_COMPLETED, beneficiary=Beneficiary.HOST, points=50
    )
    campaign.policies.create(
        name="All", trigger=Trigger.ROOM_COMPLETED, beneficiary=Beneficiary.SEATED, points=5
    )
    result = replay(campaign, draft=True)
    assert result.really.grants == 2  # for joining
    assert result.would.grants == 2 + 3


@pytest.mark.django_db
def test_it_cannot_write(drain: Drain) -> None:
    campaign = make_shop((Trigger.ORDER_PAID, BUYER, {}))
    buy("ann")
    drain()
    promise = published_promise(campaign)
    question = question_of(campaign, promise.terms, promise.variants, days=1, now=now())
    run = simulation_run(question)
    assert next(run) == Progress(0, 2)
    with pytest.raises(InternalError, match="read-only transaction"), transaction.atomic():
        Budget.objects.update(amount_minor=1)
    *_, result = run
    assert isinstance(result, Simulated)
    Budget.objects.update(amount_minor=1000)  # afterwards the connection writes as before


def test_in_a_transaction_of_its_own_it_sees_one_moment(committed: None, drain: Drain) -> None:
    campaign = make_shop((Trigger.ORDER_PAID, BUYER, {}))
    buy("ann")
    drain()
    assert replay(campaign).would.grants == 1
    assert not connection.in_atomic_block


@pytest.mark.django_db
def test_the_command_prints_both(drain: Drain) -> None:
    campaign = make_shop((Trigger.ORDER_PAID, BUYER, {"name": "Thanks"}))
    buy("ann")
    drain()
    campaign.policies.update(points=25)
    out = io.StringIO()
    call_command("simulate_campaign", campaign.public_id, "--draft", stdout=out)
    printed = out.getvalue()
    assert "Thanks" in printed
    assert "¥0.10" in printed
    assert "¥0.25" in printed
    assert "ann" in printed


@pytest.mark.django_db
def test_the_command_refuses_what_it_cannot_replay() -> None:
    draft = make_campaign(published=False)
    with pytest.raises(CommandError, match="no published policies"):
        call_command("simulate_campaign", draft.public_id)
    with pytest.raises(CommandError, match="There is no campaign"):
        call_command("simulate_campaign", "cmp_unknown")
    with pytest.raises(CommandError, match="Between 1 and 366"):
        call_command("simulate_campaign", draft.public_id, "--days", "0")
