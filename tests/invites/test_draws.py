"""Drawing variants: fair by weight, the same for ever, and independent between campaigns."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.campaigns.rules import VariantTerms, draw_variant

WRITTEN_DOWN = ["b", "holdout", "a", "a", "a", "holdout", "holdout", "holdout"]
THREE = (VariantTerms("a", 5), VariantTerms("b", 3), VariantTerms("holdout", 2, is_holdout=True))
SEEDS = [f"mem_{number}" for number in range(20_000)]


def chi_square(seen: Counter[str], expected: dict[str, float]) -> float:
    return sum((seen[key] - count) ** 2 / count for key, count in expected.items())


@pytest.mark.parametrize("campaign", ["cmp_spring", "cmp_autumn", "cmp_winter"])
def test_the_draw_follows_the_weights(campaign: str) -> None:
    seen = Counter(draw_variant(campaign, seed, THREE) for seed in SEEDS)
    expected = {row.key: len(SEEDS) * row.weight / 10 for row in THREE}
    assert chi_square(seen, expected) < 13.8  # two degrees of freedom, one in a thousand


def test_campaigns_draw_independently() -> None:
    pairs = Counter(
        draw_variant("cmp_spring", seed, THREE) + draw_variant("cmp_autumn", seed, THREE)
        for seed in SEEDS
    )
    expected = {
        one.key + other.key: len(SEEDS) * one.weight * other.weight / 100
        for one in THREE
        for other in THREE
    }
    assert chi_square(pairs, expected) < 26.1  # eight degrees of freedom, one in a thousand


def test_neighbours_are_not_alike() -> None:
    halves = (VariantTerms("a", 1), VariantTerms("b", 1))
    drawn = [draw_variant("cmp_spring", seed, halves) for seed in SEEDS]
    alike = sum(one == next_one for one, next_one in pairwise(drawn))
    assert abs(alike - len(SEEDS) / 2) < 3.3 * (len(SEEDS) / 4) ** 0.5


def test_what_was_drawn_once_is_drawn_for_ever() -> None:
    # Written down: a change of the draw would move everybody who has not joined yet.
    assert [draw_variant("cmp_spring", f"mem_{n}", THREE) for n in range(8)] == WRITTEN_DOWN


weights = st.lists(st.integers(0, 50), min_size=1, max_size=6)


@given(weights, st.text(max_size=20))
def test_a_draw_is_one_of_the_variants_with_weight(of: list[int], seed: str) -> None:
    variants = [VariantTerms(str(key), weight) for key, weight in enumerate(of)]
    drawn = draw_variant("cmp_spring", seed, variants)
    assert drawn == draw_variant("cmp_spring", seed, variants)
    if not any(of):
        assert drawn == ""
    else:
        assert of[int(drawn)] > 0


def test_without_variants_nothing_is_drawn() -> None:
    assert draw_variant("cmp_spring", "mem_1", ()) == ""
