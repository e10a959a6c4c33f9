"""Trees, sizes, who carries the spread and what is to come."""

import math

import pytest

from apps.reports.viral import (
    branching,
    clusters,
    concentration,
    forecast,
    multiplication,
    offspring,
    trees,
)
from apps.reports.viral.clusters import Clusters, Seen
from apps.reports.viral.figures import Reason
from apps.reports.viral.forecast import Law, Living
from tests.reports.viral.makers import HALVES, cohort


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
