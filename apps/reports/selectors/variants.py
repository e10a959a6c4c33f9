"""Two variants of one campaign, each with the report's figures of its own people."""

import datetime as dt
from dataclasses import dataclass
from itertools import combinations

from django.db.models import Sum

from apps.campaigns.models import Campaign, Variant
from apps.core.errors import Invalid
from apps.invites.models import Participant
from apps.reports.selectors.chain import mature_chain
from apps.reports.selectors.experimenting import verdict_of
from apps.reports.selectors.foreseeing import forecast_of
from apps.reports.selectors.seeds import Arms, arms_of, terms_of
from apps.reports.selectors.spreading import Spreading, spreading
from apps.reports.viral import concentration, experiments, offspring
from apps.reports.viral.concentration import Concentration
from apps.reports.viral.experiments import ALPHA, Arm
from apps.reports.viral.figures import Figure, ratio
from apps.reports.viral.forecast import Forecast
from apps.reports.viral.funnel import Funnel
from apps.rewards.models import Grant

VERSUS_CAVEAT = (
    "Each seed was drawn into a variant with their whole tree, so a difference per seed is the "
    "variant’s doing. The other figures are of each variant’s own people; where two intervals do "
    "not touch they differ, yet only the difference per seed may be looked at every day."
)

_NOBODY = Arms(*(Arm(0, 0.0, 0.0),) * 3)


class VariantUnknown(Invalid):
    code = "variant_unknown"
    message = "The campaign has no such variant."


class VariantTwice(Invalid):
    code = "variant_twice"
    message = "A variant is compared with another one."


@dataclass(frozen=True)
class PerSeed:
    """What the tree of a seed brought within the experiment's window: confirmed people, margin before
    group discounts, and what remained of it after these and rewards."""

    conversions: Figure
    margin: Figure
    net: Figure


@dataclass(frozen=True)
class OfVariant:
    """A variant's confirmed people, how they spread, and what they cost. Money is in minor units.

    `rewards_minor` is what its people were granted, less what was taken back; `reward` the same per
    person brought. `mature` seeds stand behind `per_seed`; `waiting` ones are too young.
    """

    key: str
    is_holdout: bool
    participants: int
    seeds: int
    spreading: Spreading
    chain: Funnel
    concentration: Concentration
    forecast: Forecast
    rewards_minor: int
    reward: Figure
    mature: int
    waiting: int
    per_seed: PerSeed


@dataclass(frozen=True)
class Versus:
    """Two variants of a campaign, and the second less the first per seed, valid at every look.

    `crossed` people met a variant that is not their tree's: they count where their tree is.
    """

    campaign: Campaign
    as_of: dt.datetime
    window: dt.timedelta
    first: OfVariant
    second: OfVariant
    difference: PerSeed
    verdict: str
    verdict_on_net: str
    crossed: int


def variant_keys(campaign: Campaign) -> tuple[str, ...]:
    """All variants that were ever drawn from, those of today first."""
    rows = Variant.objects.filter(campaign=campaign).order_by("pk").values_list("key", flat=True)
    joined = Participant.objects.filter(campaign=campaign, referrer=None).exclude(variant="")
    seen = joined.order_by("variant").values_list("variant", flat=True).distinct()
    return tuple(dict.fromkeys([*rows, *seen]))


def versus(campaign: Campaign, first: str, second: str, *, now: dt.datetime) -> Versus:
    """The two of them as of now, from the rollups and the experiment's seeds.

    Of all pairs somebody may choose each takes its part of the 5 % (Bonferroni). Raises
    VariantUnknown, VariantTwice.
    """
    keys = variant_keys(campaign)
    for name, key in (("first", first), ("second", second)):
        if key not in keys:
            there = (
                f"{name} is one of {', '.join(keys)}." if keys else "The campaign has no variants."
            )
            raise VariantUnknown(there, pointer=f"/{name}")
    if first == second:
        raise VariantTwice(pointer="/second")
    terms = terms_of(campaign)
    arms = arms_of(campaign, terms.window, now=now)
    alpha = ALPHA / max(len(list(combinations(keys, 2))), 1)
    mine, theirs = (arms.get(key, _NOBODY) for key in (first, second))
    found = [
        experiments.compare(ours, others, tightest_at=terms.tightest_at, alpha=alpha)
        for ours, others in (
            (mine.conversions, theirs.conversions),
            (mine.margin, theirs.margin),
            (mine.net, theirs.net),
        )
    ]
    return Versus(
        campaign=campaign,
        as_of=now,
        window=terms.window,
        first=_of_variant(campaign, first, mine, terms.tightest_at, now),
        second=_of_variant(campaign, second, theirs, terms.tightest_at, now),
        difference=PerSeed(*(each.difference for each in found)),
        verdict=verdict_of(found[0], first, second, "brings more people"),
        verdict_on_net=verdict_of(found[2], first, second, "earns more"),
        crossed=Participant.objects.filter(
            campaign=campaign, variant__in=(first, second), crossed=True
        ).count(),
    )


def _of_variant(
    campaign: Campaign, key: str, arms: Arms, tightest_at: int, now: dt.datetime
) -> OfVariant:
    spreads = spreading(campaign, now=now, variant=key)
    rows = spreads.everybody.rows
    people, seeds = rows.participants, int(rows.n[spreads.everybody.generation == 0].sum())
    rewards = _rewards(campaign, key)
    each = [
        experiments.mean_of(arm, tightest_at=tightest_at)
        for arm in (arms.conversions, arms.margin, arms.net)
    ]
    return OfVariant(
        key=key,
        is_holdout=Variant.objects.filter(campaign=campaign, key=key, is_holdout=True).exists(),
        participants=people,
        seeds=seeds,
        spreading=spreads,
        chain=mature_chain(campaign, now=now, variant=key),
        concentration=concentration.concentration(rows, offspring.dispersion(rows)),
        forecast=forecast_of(people, spreads),
        rewards_minor=rewards,
        reward=ratio(rewards, people - seeds, "nobody was brought yet"),
        mature=arms.conversions.seeds,
        waiting=arms.waiting,
        per_seed=PerSeed(*each),
    )


def _rewards(campaign: Campaign, key: str) -> int:
    """What the people of a variant were granted, less what was taken back."""
    people = Participant.objects.filter(campaign=campaign, variant=key)
    grants = Grant.objects.filter(campaign=campaign, member__in=people.values("member"))
    return int(grants.aggregate(cost=Sum("cost_minor"))["cost"] or 0)
