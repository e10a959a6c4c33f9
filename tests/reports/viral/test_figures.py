"""A figure is a finite number or says why not, and bad input is named."""

import math

import pytest

from apps.reports.viral import (
    attribution,
    delays,
    experiments,
    funnel,
    reproduction,
    retention,
    trees,
)
from apps.reports.viral.clusters import Clusters, Seen
from apps.reports.viral.experiments import Arm
from apps.reports.viral.figures import Figure
from apps.reports.viral.forecast import Living
from apps.reports.viral.lifetime.purchases import Histories
from apps.reports.viral.lifetime.spend import Spending
from apps.reports.viral.offspring import Offspring


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
