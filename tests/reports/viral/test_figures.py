"""Each figure on a campaign small enough to reckon by hand, and where it has no value."""

import math

import numpy as np
import pytest

from apps.reports.viral import (
    attribution,
    branching,
    clusters,
    concentration,
    costs,
    delays,
    experiments,
    forecast,
    funnel,
    multiplication,
    offspring,
    reproduction,
    retention,
    rfm,
    trees,
)
from apps.reports.viral.attribution import Credit
from apps.reports.viral.clusters import Clusters, Seen
from apps.reports.viral.costs import Money
from apps.reports.viral.delays import Delays
from apps.reports.viral.experiments import Arm
from apps.reports.viral.figures import Absent, Figure, Reason
from apps.reports.viral.forecast import Law, Living
from apps.reports.viral.lifetime.purchases import Buying, Histories, bg_nbd, mbg_nbd
from apps.reports.viral.lifetime.spend import GammaGamma, Spending, gamma_gamma, independence
from apps.reports.viral.lifetime.value import backtest
from apps.reports.viral.offspring import Offspring

HALVES = Delays(np.array([1.0, 3.0]), np.array([0.5, 1.0]), 7.0, 10)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_no_figure_is_nan(number: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        Figure(number)
    with pytest.raises(ValueError, match="finite"):
        Figure(1.0, 0.0, number)
    with pytest.raises(ValueError, match="reason"):
        Figure(None)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (lambda: Offspring.of([1, 2], [0.5]), "referees 2, exposure 1"),
        (lambda: Offspring.of([-1]), "referees"),
        (lambda: Offspring.of([1.5]), "referees"),
        (lambda: Offspring.of([1], [1.5]), "exposure"),
        (lambda: Offspring.of([1], [math.nan]), "exposure"),
        (lambda: delays.lynden_bell([3.0], [2.0], window=7.0), "delays"),
        (lambda: Clusters.of([1], Seen.FINAL, seeds=[2]), "size"),
        (lambda: Clusters.of([1], Seen.FINAL, seeds=[0]), "seeds"),
        (lambda: trees.depths([1, 0]), "ancestor"),
        (lambda: trees.depths([0]), "ancestor"),
        (lambda: trees.depths([7]), "parents"),
        (lambda: Living.of([-1.0], [0]), "age"),
        (lambda: reproduction.serial_interval(10, 0.5, 1.0), "mean"),
        (lambda: reproduction.instantaneous([1, 2], [1, 0], [0, 1], [(1, 2)]), "windows"),
        (lambda: experiments.compare(Arm.of([1]), Arm.of([1]), tightest_at=0), "tightest_at"),
        (lambda: experiments.plan(sigma=1.0, detectable=0.0), "detectable"),
        (lambda: funnel.funnel([("visits", -1)]), "visits"),
        (lambda: retention.retention([0.0], [], [], period=0.0, now=1.0), "period"),
        (lambda: retention.retention([0.0], [3], [1.0], period=1.0, now=1.0), "member"),
        (lambda: retention.retention([-1.0], [], [], period=1.0, now=1.0), "joined"),
        (lambda: attribution.by_referrer([1.0], [3], 2), "referrer"),
        (lambda: Histories.of([0], [2.0], [3.0]), "last"),
        (lambda: Histories.of([1], [4.0], [3.0]), "last"),
        (lambda: Spending.of([1], [-3.0]), "mean"),
    ],
)
def test_what_does_not_fit_is_named(wrong: object, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        wrong()  # type: ignore[operator]


# K


def cohort(x: list[int], f: float = 1.0) -> Offspring:
    return Offspring.of(x, [f] * len(x))


def test_k_is_referees_over_exposure() -> None:
    found = multiplication.corrected(cohort([1, 0, 2, 0, 0] * 10, f=0.6))
    assert found.k.value == pytest.approx(30 / 30)
    assert found.naive.value == pytest.approx(0.6)
    assert found.maturity == pytest.approx(0.6)
    assert (found.participants, found.referees) == (50, 30)


@pytest.mark.parametrize(
    ("rows", "reason", "words"),
    [
        (cohort([]), Reason.NOT_APPLICABLE, "nobody but seeds"),
        (cohort([1] * 100, f=0.49), Reason.TOO_EARLY, "49%"),
        (cohort([1] * 29), Reason.TOO_EARLY, "29 participants"),
        (cohort([1] * 4 + [0] * 96), Reason.TOO_EARLY, "4 referees"),
        (cohort([0] * 100), Reason.UPPER_BOUND, "upper bound"),
        (cohort([0] * 100, f=0.0), Reason.TOO_EARLY, "0%"),
    ],
)
def test_when_there_is_no_k(rows: Offspring, reason: Reason, words: str) -> None:
    found = multiplication.corrected(rows)
    assert found.k.value is None
    assert found.k.reason is reason
    assert words in found.k.why


def test_no_referee_at_all_bounds_k_from_above() -> None:
    """The rule of three."""
    found = multiplication.corrected(cohort([0] * 100)).k
    assert (found.low, found.high) == (0.0, pytest.approx(0.03, abs=0.0005))
    bounded = multiplication.amplification(found)
    assert bounded.value is None
    assert bounded.high == pytest.approx(1 / 0.97, abs=0.001)
    assert bounded.reason is Reason.UPPER_BOUND


def test_a_capped_room_has_no_k_of_dispersion() -> None:
    """Everybody brings one: less uneven than chance."""
    found = multiplication.corrected(cohort([1] * 100))
    assert found.dispersion == math.inf


def test_the_wider_interval_is_shown() -> None:
    """All referees below one root: the trees say far less than the people do."""
    rows = cohort([1] * 50 + [0] * 50)
    spread = np.arange(100) % 64
    one_root = np.array([0] * 50 + [1 + place % 63 for place in range(50)])
    apart, together = (
        multiplication.corrected(rows, multiplication.Buckets.of(bucket, rows)).k
        for bucket in (spread, one_root)
    )
    assert together.high > 2 * apart.high


def test_uneven_pulls_widen_the_interval() -> None:
    even = multiplication.corrected(cohort([1, 0] * 100)).k
    uneven = multiplication.corrected(cohort([50, 50] + [0] * 198)).k
    assert even.value == uneven.value
    assert uneven.high - uneven.low > 3 * (even.high - even.low)


def test_generations_stand_apart_and_seeds_first() -> None:
    rows = cohort([3] * 40 + [1] * 30 + [0] * 10 + [0] * 5)
    found = multiplication.by_generation([0] * 40 + [1] * 40 + [7] * 5, rows)
    assert [row.generation for row in found] == [0, 1]
    assert found[0].multiplication.k.value == pytest.approx(3)
    assert found[1].multiplication.k.value == pytest.approx(0.75)


def test_cohorts_are_too_early_one_by_one() -> None:
    rows = Offspring.of([1] * 40 + [0] * 40, [1.0] * 40 + [0.2] * 40)
    found = multiplication.of_cohort([0] * 40 + [3] * 40, rows)
    assert found[0].k.value == 1
    assert found[3].k.reason is Reason.TOO_EARLY
    assert multiplication.of_cohort([], cohort([])) == {}


def test_the_offspring_histogram() -> None:
    found = offspring.histogram(cohort([0] * 60 + [1] * 20 + [2] * 10 + [10] * 2), 0.4)
    assert [bar.participants for bar in found] == [60, 20, 10, *[0] * 7, 2]
    assert sum(bar.negative_binomial for bar in found) == pytest.approx(92, abs=1)
    assert found[10].poisson < found[10].negative_binomial
    assert offspring.histogram(cohort([1]), None)[0].negative_binomial is None
    assert offspring.histogram(cohort([]), 1.0) == ()


def test_amplification() -> None:
    found = multiplication.amplification(Figure(0.5, 0.2, 0.8))
    assert (found.low, found.value, found.high) == pytest.approx((1.25, 2, 5))
    open_ended = multiplication.amplification(Figure(0.5, 0.2, 1.1))
    assert (open_ended.value, open_ended.high) == (2, None)
    assert open_ended.reason is Reason.UNBOUNDED
    assert multiplication.amplification(Figure(1.2, 0.9, 1.5)).value is None
    early = Figure(None, reason=Reason.TOO_EARLY, why="because")
    assert multiplication.amplification(early) == early


def test_rooms_that_are_still_open_do_not_settle() -> None:
    found = multiplication.settling(cohort([1] * 40), cohort([1] * 20 + [0] * 20))
    assert (found.joined.k.value, found.settled.k.value) == (1, 0.5)


def test_k_under_shared_credit() -> None:
    assert multiplication.under_credit([0.5, 0.5, 1.0], [1, 1, 0.5]).value == pytest.approx(0.8)
    assert multiplication.under_credit([0.0], [0.0]).reason is Reason.TOO_EARLY


# Delays


def test_quick_delays_are_not_over_represented() -> None:
    """Delays even over ten days, seen after parents' random ages: F comes out, the raw share not."""
    random = np.random.default_rng(3)
    d, limit = random.uniform(0, 10, 20_000), random.uniform(0, 10, 20_000)
    seen = d <= limit
    found = delays.lynden_bell(d[seen], limit[seen], window=10.0)
    assert found.share([5.0])[0] == pytest.approx(0.5, abs=0.03)
    assert (d[seen] <= 5).mean() > 0.7


def test_pairs_may_be_counted_together() -> None:
    together = delays.lynden_bell([1.0, 3.0], [7.0, 7.0], window=7.0, n=[3, 1])
    apart = delays.lynden_bell([1.0, 1.0, 1.0, 3.0], [7.0] * 4, window=7.0)
    assert together.cdf == pytest.approx(apart.cdf)
    assert together.pairs == 4


def test_a_gap_in_the_risk_set_does_not_wipe_out_quicker_delays() -> None:
    found = delays.lynden_bell([1.0, 3.0], [2.0, 7.0], window=7.0)
    assert found.share([1.5])[0] == pytest.approx(0.5)


def test_which_f_corrects() -> None:
    own = delays.lynden_bell([1.0], [7.0], window=7.0)
    none = Absent(Reason.NOT_APPLICABLE, "nobody")
    assert delays.correction(own, 8.0, HALVES).delays is own
    assert delays.correction(own, 3.0, HALVES).delays is HALVES
    assert delays.correction(none, 8.0, HALVES).delays is HALVES
    uncorrected = delays.correction(own, 3.0, None)
    assert uncorrected.delays is None
    assert "uncorrected" in uncorrected.source


def test_cycle_time() -> None:
    found = delays.cycle_time(HALVES)
    assert (found.median.value, found.p90.value, found.mean.value) == (1, 3, 2)
    assert found.median.low is None  # these invented steps have no error
    nobody = delays.cycle_time(delays.lynden_bell([], [], window=7.0))
    assert nobody.median.reason is Reason.NOT_APPLICABLE


def test_the_cycle_time_has_an_interval() -> None:
    """As wide as binomial order statistics where nothing is truncated."""
    came = np.arange(1, 101) / 20
    found = delays.cycle_time(delays.lynden_bell(came, [7.0] * 100, window=7.0)).median
    assert found.value == pytest.approx(2.5)
    assert (found.low, found.high) == pytest.approx((2.0, 3.0), abs=0.051)


def test_the_interval_of_the_median_covers() -> None:
    random = np.random.default_rng(11)
    covered = 0
    for _ in range(300):
        d, limit = random.uniform(0, 10, 400), random.uniform(2, 12, 400)
        seen = d <= np.minimum(limit, 10)
        median = delays.cycle_time(delays.lynden_bell(d[seen], limit[seen], window=10.0)).median
        covered += median.low <= 5 <= median.high
    assert 0.91 <= covered / 300 <= 0.985


def test_growth_rate() -> None:
    """All after two days, doubling each time: ln 2 over two days."""
    two = Delays(np.array([2.0]), np.array([1.0]), 7.0, 10)
    assert delays.growth_rate(2.0, two).value == pytest.approx(math.log(2) / 2)
    assert delays.growth_rate(0.5, two).value == pytest.approx(-math.log(2) / 2)
    assert delays.growth_rate(1.0, HALVES).value == pytest.approx(0, abs=1e-9)
    assert delays.growth_rate(0.0, two).reason is Reason.NOT_APPLICABLE
    at_once = Delays(np.array([0.0]), np.array([1.0]), 7.0, 10)
    assert delays.growth_rate(2.0, at_once).reason is Reason.UNBOUNDED
    assert delays.growth_rate(0.5, at_once).reason is Reason.NOT_APPLICABLE


# Over time


def test_k_of_a_window() -> None:
    """100 seeds at 0, F half by day 1: a window (0, 1] expects half of each one's referees."""
    found = reproduction.k_over_time(
        [0.0] * 100, [0.5] * 40, (0.0, 1.5), HALVES, dispersion=math.inf
    )
    assert found.value == pytest.approx(41 / 50.2)
    uneven = reproduction.k_over_time([0.0] * 100, [0.5] * 40, (0.0, 1.5), HALVES, dispersion=0.1)
    assert uneven.value == pytest.approx(found.value)
    assert uneven.high - uneven.low > 1.8 * (found.high - found.low)
    early = reproduction.k_over_time([5.0], [], (0.0, 1.0), HALVES, dispersion=1.0)
    assert early.reason is Reason.NOT_APPLICABLE


def test_windows_before_a_generation_is_over_are_too_early() -> None:
    found = reproduction.instantaneous([0, 1, 2], [1, 0, 0], [0, 0, 0, 1.0], [(2, 3)])
    assert found[0].figure().reason is Reason.TOO_EARLY


def test_windows_without_cases_have_no_cohort() -> None:
    found = reproduction.wallinga_teunis([1, 0, 1], [0, 0.5, 0.5], [(1, 1), (2, 2)])
    assert found[0].value == pytest.approx(1)
    assert found[1].reason is Reason.NOT_APPLICABLE


# Shapes


def test_structural_virality_of_known_trees() -> None:
    n = 50
    star = [-1] + [0] * (n - 1)
    path = [-1, *range(n - 1)]
    binary = [-1] + [(node - 1) // 2 for node in range(1, 15)]
    assert trees.by_root(star)[0].value == pytest.approx(2 * (n - 1) / n)
    assert trees.by_root(path)[0].value == pytest.approx((n + 1) / 3)
    # 15 nodes: the edge above a subtree of s parts s from 15 − s; Σ s(15 − s) = 2·56 + 4·36 + 8·14
    assert trees.by_root(binary)[0].value == pytest.approx(
        (2 * 56 + 4 * 36 + 8 * 14) / (15 * 14 / 2)
    )
    assert trees.by_root([-1])[0].reason is Reason.NOT_APPLICABLE
    assert trees.by_root([]) == {}


def test_long_chains_are_no_trouble() -> None:
    n = 100_000
    assert trees.subtree_sizes([-1, *range(n - 1)])[0] == n


def test_who_carries_the_spread() -> None:
    rows = cohort([8, 1, 1] + [0] * 7)
    found = concentration.concentration(rows, 0.3)
    assert found.observed.value == pytest.approx(0.1)
    assert found.negative_binomial.value < found.poisson.value
    assert concentration.concentration(rows, None).negative_binomial.reason is Reason.NOT_APPLICABLE
    points = concentration.curve(rows)
    assert [(p.participants, p.referees) for p in points] == [
        (0, 0),
        (pytest.approx(0.1), pytest.approx(0.8)),
        (pytest.approx(0.3), pytest.approx(1)),
        (pytest.approx(1), pytest.approx(1)),
    ]
    assert concentration.concentration(cohort([0]), 1.0).observed.reason is Reason.NOT_APPLICABLE
    assert concentration.curve(cohort([0])) == ()


def test_who_dies_out() -> None:
    """Nobody has had time: each line ends on its own. Everybody has: nothing is left to end."""
    young, old = cohort([0, 0], f=0.0), cohort([0, 3])
    end = branching.extinction(1.5, 0.5)
    assert branching.campaign_extinction(young, 1.5, 0.5).value == pytest.approx(end**2)
    assert branching.campaign_extinction(old, 1.5, 0.5).value == 1
    assert branching.campaign_extinction(young, 0.9, 0.5).value == 1
    assert branching.campaign_extinction(cohort([]), 1.5, 0.5).reason is Reason.NOT_APPLICABLE
    poisson = branching.campaign_extinction(young, 1.5, math.inf).value
    assert poisson == pytest.approx(branching.extinction(1.5, math.inf) ** 2)


def test_sizes_without_bounds() -> None:
    assert branching.tree_size(1.5, 0.5).mean.reason is Reason.UNBOUNDED
    assert branching.tree_size(1.5, 0.5).q95.reason is Reason.UNBOUNDED
    alone = branching.tree_size(0.0, 0.5)
    assert (alone.mean.value, alone.variance.value, alone.q95.value) == (1, 0, 1)


def test_clusters_without_referees() -> None:
    assert clusters.estimate().mean.reason is Reason.NOT_APPLICABLE
    alone = clusters.estimate(Clusters.of([1, 1, 1], Seen.FINAL))
    assert alone.mean.reason is Reason.UPPER_BOUND
    assert alone.k.reason is Reason.NOT_APPLICABLE


def test_offspring_without_any() -> None:
    assert offspring.fit(cohort([])).mean.reason is Reason.NOT_APPLICABLE
    assert offspring.fit(cohort([0] * 30)).mean.high == pytest.approx(0.1, abs=0.001)
    alike = offspring.fit(cohort([1] * 30))
    assert alike.k.reason is Reason.UNBOUNDED
    assert alike.k.low > 1


# Forecast


def test_what_is_left_to_come() -> None:
    """One who brought two at half time is due more than one who brought none."""
    law = Law(0.8, 0.5)
    left = Living.of([1.5, 1.5, 7.0], [2, 0, 5]).remaining(law, HALVES)
    expected = [(0.5 + x) * 0.8 * 0.5 / (0.5 + 0.8 * 0.5) for x in (2, 0)]
    assert left == pytest.approx([*expected, 0])


def test_a_finished_campaign_stays_as_it_is() -> None:
    law = Law(0.8, 0.5, 0.1)
    done = (Living.of([9.0] * 5, [1] * 5), law)
    told = forecast.forecast(5, done, done, HALVES)
    assert (told.final.low, told.final.value, told.final.high) == (5, 5, 5)
    assert {(band.low, band.high) for band in told.fan} == {(5, 5)}


def test_a_forecast_agrees_with_the_mean() -> None:
    law = Law(0.5, 0.7)
    young = Living.of([0.0] * 400, [0] * 400)
    told = forecast.forecast(400, (Living.nobody(), law), (young, law), HALVES)
    assert told.final.value == pytest.approx(800)
    assert told.final.low < 800 < told.final.high
    assert told.fan[-1].median == pytest.approx(800, rel=0.03)


def test_a_forecast_that_does_not_end() -> None:
    young = Living.of([0.0] * 50, [0] * 50)
    told = forecast.forecast(50, (Living.nobody(), Law(1.3)), (young, Law(1.3)), HALVES)
    assert (told.final.value, told.final.high) == (None, None)
    assert told.final.reason is Reason.UNBOUNDED
    wide = Law(0.9, 1.0, 0.2)
    told = forecast.forecast(50, (Living.nobody(), wide), (young, wide), HALVES)
    assert told.final.value == pytest.approx(500)
    assert told.final.high is None


def test_no_forecast_without_k() -> None:
    early = multiplication.corrected(cohort([1] * 3))
    law = Law.of(early)
    told = forecast.forecast(3, (Living.nobody(), law), (Living.nobody(), law), HALVES)
    assert told.final.reason is Reason.TOO_EARLY
    assert told.fan == ()


# Experiments


def test_arms_that_do_not_differ_are_undecided() -> None:
    random = np.random.default_rng(1)
    a, b = (Arm.of(random.poisson(0.6, 500)) for _ in range(2))
    found = experiments.compare(a, b, tightest_at=500, crossed=3)
    assert (found.winner, found.verdict, found.crossed) == (None, "no decision yet", 3)
    assert found.difference.low < 0 < found.difference.high


def test_arms_that_differ_are_decided_either_way() -> None:
    random = np.random.default_rng(1)
    weak, strong = Arm.of(random.poisson(0.4, 600)), Arm.of(random.poisson(0.9, 500))
    assert experiments.compare(weak, strong, tightest_at=500).winner == "b"
    assert experiments.compare(strong, weak, tightest_at=500).winner == "a"
    assert experiments.lift(weak, strong, tightest_at=500).share.value == pytest.approx(
        0.56, abs=0.1
    )


@pytest.mark.parametrize(("a", "b"), [([], []), ([1.0] * 10, [2.0] * 100), ([1] * 99, [1] * 99)])
def test_too_little_to_compare(a: list[float], b: list[float]) -> None:
    found = experiments.compare(Arm.of(np.array(a)), Arm.of(np.array(b)), tightest_at=100)
    assert found.difference.reason is Reason.TOO_EARLY
    assert found.winner is None
    missing = experiments.lift(Arm.of(np.array(a)), Arm.of(np.array(b)), tightest_at=100)
    assert missing.total.reason is Reason.TOO_EARLY


def test_the_sequence_is_tightest_where_planned() -> None:
    planned = experiments.mixing(500)
    widths = {
        at: experiments.half_width(1.0, 500, experiments.mixing(at))
        for at in (100, 400, 500, 600, 2000)
    }
    assert min(widths, key=lambda at: widths[at]) == 500
    assert experiments.half_width(2.0, 500, planned) == pytest.approx(2 * widths[500])


def test_a_plan() -> None:
    found = experiments.plan(sigma=1.0, detectable=0.2, seeds_per_day=100)
    assert found.fixed.value == 393  # the textbook's two-sample size at 80 % power
    assert 1.5 < found.seeds_per_arm.value / found.fixed.value < 3
    assert found.days.value == pytest.approx(2 * found.seeds_per_arm.value / 100)
    assert experiments.plan(sigma=0.0, detectable=0.2).seeds_per_arm.reason is Reason.NOT_APPLICABLE
    assert experiments.plan(sigma=1.0, detectable=0.2).days.reason is Reason.NOT_APPLICABLE
    assert experiments.sigma_of_counts(0.6, 0.3) == pytest.approx(math.sqrt(0.6 + 1.2))


# Credit, funnel, money


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


# Cohorts and members


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
