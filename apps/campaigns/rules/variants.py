"""Variants of a campaign, drawn for its seeds and inherited by everybody below them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class VariantTerms:
    """One variant: its key, its weight in the draw, and whether it is the holdout (no rewards)."""

    key: str
    weight: int
    is_holdout: bool = False


def draw_variant(campaign: str, seed: str, variants: Sequence[VariantTerms]) -> str:
    """The variant of a seed: uniform by weight, and the same on every draw; "" when there is none.

    `campaign` and `seed` are public ids. SHA-256 of both, as a number modulo the sum of the weights;
    the order of `variants` counts, so a version never changes it.
    """
    total = sum(variant.weight for variant in variants)
    if total <= 0:
        return ""
    digest = hashlib.sha256(f"{campaign}\0{seed}".encode()).digest()
    point = int.from_bytes(digest[:8], "big") % total
    for variant in variants:
        if point < variant.weight:
            return variant.key
        point -= variant.weight
    raise AssertionError("a point below the total lies in some variant")
