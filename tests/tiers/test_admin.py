"""The operator, olga, builds the ladder and looks at who stands where."""

from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from apps.tiers.models import Benefit, Ladder, Tier
from tests import makers
from tests.tiers.makers import grow, make_ladder


def page(name: str, *args: Any) -> str:
    return reverse(f"admin:tiers_{name}", args=args)


def form(*tiers: dict[str, Any], initial: int = 0) -> dict[str, Any]:
    fields = {
        "period_days": 365,
        "grace_days": 14,
        "fall": "straight",
        "tiers-TOTAL_FORMS": len(tiers),
        "tiers-INITIAL_FORMS": initial,
    }
    for number, tier in enumerate(tiers):
        fields |= {f"tiers-{number}-{name}": value for name, value in tier.items()}
    return fields


def tier(rank: int, code: str, threshold: int, **more: Any) -> dict[str, Any]:
    return {"rank": rank, "code": code, "name": code.title(), "threshold": threshold, **more}


def test_both_ladders_are_there_and_olga_builds_one(olga: Client) -> None:
    assert olga.get(page("ladder_changelist")).status_code == 200
    ladder = Ladder.objects.get(is_test=False)
    body = form(tier(1, "silver", 100), tier(2, "gold", 500))
    assert olga.post(page("ladder_change", ladder.pk), body).status_code == 302
    ladder.refresh_from_db()
    assert (ladder.grace_days, ladder.fall) == (14, "straight")
    assert list(Tier.objects.order_by("rank").values_list("code", flat=True)) == ["silver", "gold"]
    assert "Silver (100) → Gold (500)" in olga.get(page("ladder_changelist")).content.decode()


@pytest.mark.parametrize(
    ("tiers", "words"),
    [
        ([tier(1, "silver", 500), tier(2, "gold", 100)], "must need more growth"),
        ([tier(1, "silver", 100), tier(1, "gold", 500)], "duplicate data for rank"),
        ([tier(1, "gold", 100), tier(2, "gold", 500)], "duplicate data for code"),
        ([tier(1, "Gold!", 100)], "Small letters"),
        ([tier(1, "gold", 0)], "greater than or equal to 1"),
    ],
)
def test_a_ladder_that_does_not_rise_is_refused(olga: Client, tiers: Any, words: str) -> None:
    olga.get(page("ladder_changelist"))
    ladder = Ladder.objects.get(is_test=False)
    answer = olga.post(page("ladder_change", ladder.pk), form(*tiers))
    assert words in answer.content.decode()
    assert not Tier.objects.exists()


def test_a_code_lasts(olga: Client) -> None:
    ladder = make_ladder()
    ids = {row.code: row.pk for row in Tier.objects.all()}
    tiers = [
        tier(1, "renamed", 100, id=ids["silver"]),
        tier(2, "gold", 600, id=ids["gold"]),
        tier(3, "black", 2000, id=ids["black"]),
    ]
    body = form(*tiers, initial=3)
    assert olga.post(page("ladder_change", ladder.pk), body).status_code == 302
    assert Tier.objects.get(pk=ids["silver"]).code == "silver"
    assert Tier.objects.get(code="gold").threshold == 600


@pytest.mark.parametrize(
    ("benefit", "words"),
    [
        ({"kind": "points_multiplier", "text": "More", "multiplier_bps": "15000"}, ""),
        ({"kind": "points_multiplier", "text": "More"}, "How many times the points?"),
        ({"kind": "text", "text": "A card", "multiplier_bps": "15000"}, "Only for more points"),
    ],
)
def test_olga_gives_a_tier_its_benefits(olga: Client, benefit: Any, words: str) -> None:
    make_ladder()
    gold = Tier.objects.get(code="gold")
    body = {"name": "Gold", "benefits-TOTAL_FORMS": 1, "benefits-INITIAL_FORMS": 0}
    body |= {f"benefits-0-{name}": value for name, value in benefit.items()}
    answer = olga.post(page("tier_change", gold.pk), body)
    assert answer.status_code == (200 if words else 302)
    assert words in answer.content.decode()
    assert Benefit.objects.filter(tier=gold).exists() == (not words)


@pytest.mark.parametrize("name", ["membership", "tierchange", "growthentry", "tier", "ladder"])
def test_olga_looks_at_them(olga: Client, name: str) -> None:
    make_ladder()
    grow(makers.make_member("ann"), 130)
    assert olga.get(page(f"{name}_changelist")).status_code == 200
    assert olga.get(page(f"{name}_changelist"), {"q": "ann"}).status_code == 200
    row = apps.get_model("tiers", name).objects.first()
    assert olga.get(page(f"{name}_change", row.pk)).status_code == 200
