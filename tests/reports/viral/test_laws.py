"""What must hold for any campaign at all."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.reports.viral import (
    attribution,
    branching,
    clusters,
    concentration,
    costs,
    delays,
    forecast,
    funnel,
    multiplication,
    offspring,
    retention,
    trees,
)
from apps.reports.viral.attribution import Credit
from apps.reports.viral.clusters import Clusters, Seen
from apps.reports.viral.delays import Delays
from apps.reports.viral.figures import Figure, Reason
from apps.reports.viral.forecast import Law, Living
from apps.reports.viral.multiplication import Buckets
from apps.reports.viral.offspring import Offspring

small = st.integers(0, 6)
shares = st.floats(0, 1)
people = st.lists(st.tuples(small, shares, st.integers(0, 63), st.integers(0, 5)), max_size=60)


@given(st.lists(st.integers(0, 10**9), min_size=2, max_size=8))
def test_the_product_of_the_funnel_telescopes(counts: list[int]) -> None:
    chain = funnel.funnel([(str(place), count) for place, count in enumerate(counts)])
    rates = [step.rate.value for step in chain.steps[1:]]
    if all(counts[:-1]):
        assert math.prod(rates) == pytest.approx(counts[-1] / counts[0])
        assert chain.product.value == counts[-1] / counts[0]
    else:
        assert None in rates
        assert chain.product.reason is Reason.NOT_APPLICABLE


touches = st.lists(st.tuples(st.integers(0, 8), st.floats(-400, 400)), max_size=40)


@pytest.mark.parametrize("rule", list(Credit))
@given(met=touches)
def test_credit_sums_to_one_per_referee(rule: Credit, met: list[tuple[int, float]]) -> None:
    referee = [who for who, _ in met]
    given_ = attribution.credit(referee, [at for _, at in met], rule)
    assert (given_ >= 0).all()
    sums = np.bincount(np.array(referee, dtype=int), weights=given_, minlength=9)
    assert sums == pytest.approx([1.0 if who in referee else 0.0 for who in range(9)])
    to = attribution.by_referrer(given_, np.arange(len(met)), max(len(met), 1))
    assert to.sum() == pytest.approx(len(set(referee)))


@given(met=touches.filter(bool), random=st.randoms(use_true_random=False))
def test_the_order_in_which_touches_are_listed_does_not_matter(
    met: list[tuple[int, float]], random: "st.random.Random"
) -> None:
    distinct = list(dict.fromkeys(met))
    other = random.sample(distinct, len(distinct))
    for rule in Credit:
        credits = [
            dict(zip(some, attribution.credit(*zip(*some, strict=True), rule), strict=True))
            for some in (distinct, other)
        ]
        assert credits[0] == pytest.approx(credits[1])


@st.composite
def forests(draw: st.DrawFn) -> list[int]:
    """Parents, in any order."""
    n = draw(st.integers(1, 14))
    earlier = [draw(st.integers(-1, node - 1)) for node in range(n)]
    place = draw(st.permutations(range(n)))
    parents = [-1] * n
    for node, parent in enumerate(earlier):
        parents[place[node]] = -1 if parent < 0 else place[parent]
    return parents


@given(forests())
def test_structural_virality_is_the_mean_distance(parents: list[int]) -> None:
    found = trees.by_root(parents)
    assert set(found) == {node for node, parent in enumerate(parents) if parent < 0}
    for root, figure in found.items():
        members = [node for node in range(len(parents)) if ancestors(parents, node)[-1] == root]
        if len(members) == 1:
            assert figure.reason is Reason.NOT_APPLICABLE
        else:
            pairs = [distance(parents, a, b) for a in members for b in members if a != b]
            assert figure.value == pytest.approx(sum(pairs) / len(pairs))


def ancestors(parents: list[int], node: int) -> list[int]:
    path = [node]
    while parents[path[-1]] >= 0:
        path.append(parents[path[-1]])
    return path


def distance(parents: list[int], a: int, b: int) -> int:
    one, other = ancestors(parents, a), ancestors(parents, b)
    shared = len(set(one) & set(other))
    return len(one) + len(other) - 2 * shared


@settings(max_examples=30)
@given(people)
def test_k_is_a_number_or_says_why_not(rows: list[tuple[int, float, int, int]]) -> None:
    x, f, bucket, generation = (
        (list(column) for column in zip(*rows, strict=True)) if rows else ([],) * 4
    )
    table = Offspring.of(x, f)
    found = multiplication.corrected(table, Buckets.of(bucket, table))
    if found.k.value is not None:
        assert found.k.low < found.k.value < found.k.high
    else:
        assert found.k.why
    multiplication.by_generation(generation, table, bucket)
    multiplication.amplification(found.k)
    costs.cost_per_member(found.k, seed_cost=100.0, reward=30.0)
    share = concentration.concentration(table, found.dispersion).observed.value
    assert share is None or 0 < share <= 1
    fit = offspring.fit(table)
    assert fit.mean.value is None or fit.mean.low <= fit.mean.value
    branching.campaign_extinction(table, 1.5, 0.3)


@settings(max_examples=30)
@given(people)
def test_rows_may_be_people_or_cells(rows: list[tuple[int, float, int, int]]) -> None:
    """One row of n people, or n rows: the same K and k."""
    cells = [(x, f) for x, f, _, _ in rows] * 2
    if not cells:
        return
    apart = multiplication.corrected(Offspring.of(*zip(*cells, strict=True)))
    once = [(x, f) for x, f, _, _ in rows]
    together = multiplication.corrected(Offspring.of(*zip(*once, strict=True), n=[2] * len(once)))
    assert (apart.referees, apart.participants) == (together.referees, together.participants)
    assert apart.exposure == pytest.approx(together.exposure)
    if apart.k.value is not None:
        assert (apart.k.low, apart.k.high) == pytest.approx(
            (together.k.low, together.k.high), rel=1e-4
        )


pairs = st.lists(st.tuples(st.floats(0, 7), st.floats(0, 7)), min_size=1, max_size=40)


@given(pairs)
def test_f_rises_from_nothing_to_one(seen: list[tuple[float, float]]) -> None:
    kept = [(d, limit) for d, limit in seen if d <= limit]
    found = delays.lynden_bell([d for d, _ in kept], [limit for _, limit in kept], window=7.0)
    if not kept:
        assert found.reason is Reason.NOT_APPLICABLE
        return
    assert isinstance(found, Delays)
    ages = np.linspace(-1, 8, 91)
    f = found.share(ages)
    assert (np.diff(f) >= 0).all()
    assert (f >= 0).all()
    assert f[0] == 0.0
    assert f[-1] == 1.0
    assert found.masses().sum() == pytest.approx(1)
    assert (found.masses() >= 0).all()
    delays.cycle_time(found)


@given(pairs)
def test_f_of_finished_windows_is_what_was_seen(seen: list[tuple[float, float]]) -> None:
    came = [d for d, _ in seen]
    found = delays.lynden_bell(came, [7.0] * len(came), window=7.0)
    for age in (0.5, 2.0, 6.9):
        assert found.share([age])[0] == pytest.approx(sum(d <= age for d in came) / len(came))


@given(st.floats(0.01, 5), st.one_of(st.floats(0.05, 50), st.just(math.inf)))
def test_extinction_is_the_smallest_fixed_point(mean: float, k: float) -> None:
    end = branching.extinction(mean, k)
    assert 0 < end <= 1
    assert branching.next_given(end, mean, k) == pytest.approx(end, abs=1e-9)
    below = np.linspace(0, end, 50)[:-1]
    assert (branching.next_given(below, mean, k) > below - 1e-12).all()


@given(st.floats(0.01, 3), st.one_of(st.floats(0.05, 50), st.just(math.inf)))
def test_shares_of_models_are_shares(mean: float, k: float) -> None:
    share = concentration.expected(mean, k)
    assert 0 < share <= 0.8 + 1e-9
    assert 0.2 <= branching.top_share(k) <= 1


sizes = st.lists(st.tuples(st.integers(1, 4), small), max_size=12)


@pytest.mark.parametrize("seen", list(Seen))
@settings(max_examples=20)
@given(found=sizes)
def test_clusters_are_estimated_or_say_why_not(seen: Seen, found: list[tuple[int, int]]) -> None:
    size = [s + more for s, more in found]
    estimate = clusters.estimate(Clusters.of(size, seen, seeds=[s for s, _ in found]))
    for figure in (estimate.mean, estimate.k):
        assert figure.value is not None or figure.why


@given(people.filter(bool), st.floats(0.05, 1.6), st.floats(0.1, 5), st.floats(0, 0.5))
def test_a_forecast_never_takes_anybody_away(
    rows: list[tuple[int, float, int, int]], mean: float, k: float, error: float
) -> None:
    f = Delays(np.array([1.0, 2.0, 6.0]), np.array([0.4, 0.8, 1.0]), 7.0, 100)
    living = Living.of([7 * share for _, share, _, _ in rows], [x for x, *_ in rows])
    law = Law(mean, k, error)
    finely = forecast.Settings(days=5, draws=20)
    told = forecast.forecast(len(rows), (Living.nobody(), law), (living, law), f, finely)
    reached = [len(rows), *(band.low for band in told.fan)]
    assert reached == sorted(reached)
    assert all(band.low <= band.median <= band.high for band in told.fan)
    if told.final.value is not None:
        assert told.final.value >= len(rows)
        assert told.final.low <= told.final.value
    if told.final.high is None:
        assert told.final.reason is Reason.UNBOUNDED


acts = st.lists(st.tuples(st.integers(0, 9), st.floats(0, 60)), max_size=60)


@given(st.lists(st.floats(0, 49), min_size=10, max_size=10), acts, st.floats(1, 20))
def test_retention_counts_each_member_once_and_blanks_the_young(
    joined: list[float], seen: list[tuple[int, float]], period: float
) -> None:
    table = retention.retention(
        joined, [who for who, _ in seen], [at for _, at in seen], period=period, now=50.0
    )
    assert sum(cohort.members for cohort in table) == 10
    for cohort in table:
        for column, cell in enumerate(cohort.cells):
            young = cohort.start + period * (column + 2) > 50.0 + 1e-9
            assert (cell.reason is Reason.TOO_EARLY) == young
            assert cell.value is None or 0 <= cell.low <= cell.value <= cell.high <= 1


@given(st.floats(0, 3), st.floats(0, 3), st.floats(0, 3))
def test_amplification_keeps_the_order(a: float, b: float, c: float) -> None:
    low, value, high = sorted((a, b, c))
    found = multiplication.amplification(Figure(value, low, high))
    if found.high is not None:
        assert 1 <= found.low <= found.value <= found.high
    else:
        assert high >= 1
        assert found.reason is Reason.UNBOUNDED
