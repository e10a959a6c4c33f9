"""Credit, funnel, money, cohorts and members."""

import numpy as np
import pytest

from apps.reports.viral import (
    attribution,
    costs,
    funnel,
    retention,
    rfm,
)
from apps.reports.viral.attribution import Credit
from apps.reports.viral.costs import Money
from apps.reports.viral.figures import Absent, Figure, Reason, absent
from apps.reports.viral.lifetime.purchases import Buying, Histories, bg_nbd, mbg_nbd
from apps.reports.viral.lifetime.spend import GammaGamma, Spending, gamma_gamma, independence
from apps.reports.viral.lifetime.value import backtest


@pytest.mark.parametrize(
    ("rule", "shares"),
    [
        (Credit.FIRST, [0, 1, 0, 1]),
        (Credit.LAST, [1, 0, 0, 1]),
        (Credit.LINEAR, [1 / 3, 1 / 3, 1 / 3, 1]),
        (Credit.POSITION, [0.4, 0.4, 0.2, 1]),
        (Credit.DECAY, [4 / 7, 1 / 7, 2 / 7, 1]),
    ],
)
def test_rules_of_credit(rule: Credit, shares: list[float]) -> None:
    """bob met three people, a week apart each, told out of order; cleo one."""
    given = attribution.credit([0, 0, 0, 1], [14.0, 0.0, 7.0, 3.0], rule)
    assert given == pytest.approx(shares)
    assert len(attribution.credit([], [], rule)) == 0


def test_a_funnel() -> None:
    found = funnel.funnel(
        [("participants", 10), ("sharers", 5), ("share intents", 20), ("visits", 8)]
    )
    assert [step.rate.value for step in found.steps] == [None, 0.5, 4, 0.4]
    assert found.product.value == pytest.approx(0.8)
    empty = funnel.funnel([("participants", 10), ("sharers", 0), ("share intents", 0)])
    assert empty.product.reason is Reason.NOT_APPLICABLE
    assert empty.product.why == "no sharers yet"
    assert funnel.funnel([]).product.reason is Reason.NOT_APPLICABLE
    assert funnel.funnel([("participants", 1)]).product.reason is Reason.NOT_APPLICABLE


def test_a_funnel_of_nobody_is_what_one_says_of_nobody() -> None:
    early = absent(Reason.TOO_EARLY, "nobody’s attribution window is over yet")
    found = funnel.funnel([("participants", 0), ("sharers", 0), ("visits", 3)], nobody=early)
    assert [step.rate for step in found.steps[1:]] == [early, early]
    assert found.product == early


def test_what_a_member_costs() -> None:
    found = costs.cost_per_member(Figure(0.4, 0.2, 0.6), seed_cost=1000, reward=300)
    assert (found.low, found.value, found.high) == pytest.approx((580, 720, 860))
    runaway = costs.cost_per_member(
        Figure(1.4, 0.8, 2), seed_cost=1000, reward=300, share_rewarded=0.5
    )
    assert runaway.value == pytest.approx(150)
    early = Figure(None, reason=Reason.TOO_EARLY, why="because")
    assert costs.cost_per_member(early, seed_cost=1, reward=1) == early


def test_payback() -> None:
    assert costs.payback([100, 0, 50, 50], 150).value == 2
    assert costs.payback([100], 150).reason is Reason.TOO_EARLY
    assert costs.payback([], 150).reason is Reason.TOO_EARLY
    assert costs.payback([], 0).value == 0


def test_did_it_pay() -> None:
    money = Money(margin=1000, settled=200, reserved=50, discounts=100, costs=150)
    both = costs.balance(money, Figure(0.4, 0.1, 0.7))
    assert both.attributed.value == 500
    assert (both.incremental.low, both.incremental.value, both.incremental.high) == (
        -400,
        -100,
        200,
    )
    alone = costs.balance(money, Figure(None, reason=Reason.NOT_APPLICABLE))
    assert "attributed, not incremental" in alone.incremental.why


def test_retention() -> None:
    """ann and bob joined in the first week, cleo in the second; today is day 21."""
    table = retention.retention(
        [1.0, 2.0, 8.0], [0, 0, 0, 1, 2], [1.0, 9.0, 10.0, 2.5, 9.0], period=7.0, now=21.0
    )
    assert [(row.start, row.members) for row in table] == [(0, 2), (7, 1), (14, 0)]
    assert [cell.value for cell in table[0].cells] == [1.0, 0.5, None]
    assert [cell.value for cell in table[1].cells] == [1.0, None, None]
    assert table[1].cells[1].reason is Reason.TOO_EARLY
    assert retention.share(0, 0).reason is Reason.NOT_APPLICABLE
    assert retention.share(0, 10).high == pytest.approx(0.2775, abs=1e-4)


def test_rfm() -> None:
    found = rfm.scores([1, 5, 30, 60, 300], [9, 1, 5, 4, 1], [900, 10, 400, 500, 5])
    assert list(found.recency) == [5, 4, 3, 2, 1]
    assert [str(segment) for segment in found.segments] == [
        "champions",
        "promising",
        "loyal",
        "at risk",
        "lost",
    ]
    assert sum(found.sizes().values()) == 5
    alike = rfm.scores([1] * 4, [1] * 4, [1] * 4)
    assert set(alike.recency) == {3}
    assert rfm.scores([], [], []).segments == ()


def test_too_few_members_to_foretell() -> None:
    few = Histories.of([1, 0], [1.0, 0.0], [5.0, 5.0])
    for model in (bg_nbd(few), mbg_nbd(few)):
        assert isinstance(model, Absent)
        assert model.reason is Reason.TOO_EARLY
    tested = backtest(few, np.array([1, 0]), bg_nbd(few), 5.0)
    assert tested.foretold.reason is Reason.TOO_EARLY
    spending = Spending.of([1, 0], [5.0, 0.0])
    assert isinstance(gamma_gamma(spending), Absent)
    assert independence(spending).correlation.reason is Reason.TOO_EARLY
    assert not independence(spending).holds
    alike = independence(Spending.of([1] * 40, [5.0] * 40))
    assert alike.correlation.reason is Reason.NOT_APPLICABLE


def test_foretelling_near_the_gap_of_the_formula() -> None:
    histories = Histories.of([0, 3], [0.0, 10.0], [20.0, 20.0])
    at, beside = (Buying(0.3, 4.0, a, 2.0, 0.0).expected(histories, 10.0) for a in (1.0, 1.0001))
    assert at == pytest.approx(beside, rel=1e-3)
    with pytest.raises(ValueError, match="BG/NBD"):
        Buying(0.3, 4.0, 1.0, 2.0, 0.0, modified=True).expected(histories, 10.0)


def test_spend_without_a_common_mean() -> None:
    heavy = GammaGamma(1.0, 0.9, 10.0, 0.0)
    assert list(heavy.expected(Spending.of([2, 1], [5.0, 8.0]))) == [5.0, 8.0]


def test_everybody_alike_is_fitted_all_the_same() -> None:
    found = bg_nbd(Histories.of([1] * 200, [5.0] * 200, [10.0] * 200))
    assert isinstance(found, Buying)
    assert np.isfinite(found.expected(Histories.of([1], [5.0], [10.0]), 10.0)).all()
