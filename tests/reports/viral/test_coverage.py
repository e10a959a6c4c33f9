"""Intervals cover what they promise, over many invented campaigns with fixed seeds."""

import math

import numpy as np
import pytest

from apps.reports.viral import experiments, forecast, multiplication
from apps.reports.viral.delays import Delays, lynden_bell
from apps.reports.viral.experiments import Arm
from apps.reports.viral.forecast import Forecast, Law, Living
from tests.reports.viral.simulate import WINDOW, People, campaigns, true_delays

pytestmark = pytest.mark.simulated

SEEDS = 200
CAMPAIGNS = 400
K = 0.6


@pytest.mark.parametrize("k", [0.1, 0.3, 1.0, math.inf])
def test_the_interval_of_k_covers(k: float) -> None:
    """Looked at while people still join and many are young."""
    random = np.random.default_rng(20261125)
    everybody = campaigns(random, CAMPAIGNS, seeds=SEEDS, k=k, mean=K, first=1.0)
    covered = shown = 0
    for number in range(CAMPAIGNS):
        people = everybody.of(number).until(14.0)
        figure = multiplication.corrected(*people.rows(14.0, true_delays())).k
        if figure.value is not None:
            shown += 1
            covered += figure.low <= K <= figure.high
    assert shown > 0.95 * CAMPAIGNS
    assert 0.91 <= covered / shown <= 0.97


def test_corrected_k_at_half_maturity_is_near_the_final_one() -> None:
    """F from an earlier campaign; the naive K of the same moment is far below."""
    random = np.random.default_rng(6)
    everybody = campaigns(random, 151, seeds=1_000, k=1.0, mean=K, over=7.0)
    pooled = lynden_bell(*everybody.of(150).pairs(100.0), window=WINDOW)
    assert isinstance(pooled, Delays)
    off, naive_off = [], []
    for number in range(150):
        people = everybody.of(number)
        final = people.referees[people.parent >= 0].mean()
        found = at_half_maturity(people, pooled)
        off.append(abs(found.k.value / final - 1))
        naive_off.append(found.naive.value / final - 1)
    assert np.median(off) < 0.10
    assert np.median(naive_off) < -0.35


def at_half_maturity(people: People, delays: Delays) -> multiplication.Multiplication:
    for now in np.arange(2.0, 30.0, 0.25):
        found = multiplication.corrected(*people.until(now).rows(now, delays))
        if found.maturity is not None and found.maturity >= 0.5:
            return found
    raise AssertionError("it never got that old")


@pytest.mark.parametrize("k", [0.3, math.inf])
def test_the_forecast_covers(k: float) -> None:
    """Final reach, and the reach a week on, foretold when the last seed has just come."""
    random = np.random.default_rng(20)
    number, now, days = 160, 14.0, 7
    everybody = campaigns(random, number, seeds=300, k=k, mean=K)
    final = in_a_week = shown = 0
    for campaign in range(number):
        people = everybody.of(campaign)
        told = foretold(people.until(now), now, days)
        if told.final.value is None or told.final.high is None:
            continue
        shown += 1
        final += told.final.low <= len(people.at) <= told.final.high
        reach = int((people.at <= now + days).sum())
        in_a_week += told.fan[-1].low <= reach <= told.fan[-1].high
    assert shown > 0.9 * number
    assert final / shown >= 0.90
    assert in_a_week / shown >= 0.90


def foretold(people: People, now: float, days: int) -> Forecast:
    """As a report would: K and k from what was seen, seeds by their own."""
    sides = []
    for seeds in (True, False):
        mine = (people.parent < 0) == seeds
        law = Law.of(multiplication.corrected(*people.rows(now, true_delays(), seeds=seeds)))
        sides.append((Living.of(now - people.at[mine], people.referees[mine]), law))
    settings = forecast.Settings(days=days, draws=200)
    return forecast.forecast(len(people.at), *sides, true_delays(), settings)


@pytest.mark.parametrize("k", [0.1, 0.3, math.inf])
def test_daily_looks_find_a_difference_that_is_not_there_in_fewer_than_one_in_twenty(
    k: float,
) -> None:
    """A fixed 95 % interval, looked at as often, finds one in more than every fifth: the control."""
    random = np.random.default_rng(30)
    experiments_, arms, days, a_day = 1_000, 2, 30, 10
    shape = (experiments_, arms, days, a_day)
    pull = np.full(shape, K) if math.isinf(k) else random.gamma(k, K / k, shape)
    brought = random.poisson(pull)
    totals = brought.sum(axis=3).cumsum(axis=2).astype(float)
    squares = (brought**2).sum(axis=3).cumsum(axis=2).astype(float)
    found = fooled = 0
    for number in range(experiments_):
        looks = [
            [
                Arm(a_day * (day + 1), *(s[number, arm, day] for s in (totals, squares)))
                for arm in (0, 1)
            ]
            for day in range(days)
        ]
        planned = a_day * days
        found += any(experiments.compare(*look, tightest_at=planned).winner for look in looks)
        fooled += any(significant(*look) for look in looks)
    assert found / experiments_ < 0.05
    assert fooled / experiments_ > 0.20


def significant(a: Arm, b: Arm) -> bool:
    """What a fixed interval would say."""
    error = math.sqrt(a.variance / a.seeds + b.variance / b.seeds)
    return abs(b.mean - a.mean) > 1.96 * error


def test_a_planned_comparison_finds_the_difference_it_was_planned_for() -> None:
    random = np.random.default_rng(40)
    sigmas = [experiments.sigma_of_counts(mean, 0.5) for mean in (K, K + 0.25)]
    plan = experiments.plan(sigma=sigmas[0], sigma_other=sigmas[1], detectable=0.25)
    planned = plan.seeds_per_arm.value
    found = 0
    for _ in range(300):
        a, b = (
            Arm.of(random.poisson(random.gamma(0.5, mean / 0.5, int(planned))))
            for mean in (K, K + 0.25)
        )
        found += experiments.compare(a, b, tightest_at=int(planned)).winner == "b"
    assert 0.72 < found / 300 < 0.88  # planned: 0.8
