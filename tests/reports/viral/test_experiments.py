"""Comparing variants and planning for it."""

import math

import numpy as np
import pytest

from apps.reports.viral import (
    experiments,
)
from apps.reports.viral.experiments import Arm
from apps.reports.viral.figures import Reason


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
