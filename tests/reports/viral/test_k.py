"""K, its delays and K over time, on campaigns small enough to reckon by hand, and their edges."""

import math

import numpy as np
import pytest

from apps.reports.viral import (
    delays,
    multiplication,
    offspring,
    reproduction,
)
from apps.reports.viral.delays import Delays
from apps.reports.viral.figures import Absent, Figure, Reason
from apps.reports.viral.offspring import Offspring
from tests.reports.viral.makers import HALVES, cohort


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
        (cohort([1] * 29), Reason.TOO_EARLY, "29 have had time"),
        (cohort([1] * 4 + [0] * 96), Reason.TOO_EARLY, "4 brought"),
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
    settled = cohort([1] * 20 + [0] * 20)
    joined = settled.moved([(0, 1.0, 1)] * 20).and_also(cohort([0] * 10))
    assert (joined.participants, joined.total_referees) == (50, 40)
    found = multiplication.settling(joined, multiplication.corrected(settled))
    assert (found.joined.k.value, found.settled.k.value) == (0.8, 0.5)
    assert (found.joined.log_error or 0) >= (found.settled.log_error or 0) > 0
    assert settled.moved([(7, 1.0, 1)]).participants == 41, "nobody had seven"


def test_k_under_shared_credit() -> None:
    assert multiplication.under_credit([0.5, 0.5, 1.0], [1, 1, 0.5]).value == pytest.approx(0.8)
    assert multiplication.under_credit([0.0], [0.0]).reason is Reason.TOO_EARLY


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
