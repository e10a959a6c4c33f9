"""How the variants of a campaign compare, as of now and valid at every look."""

import datetime as dt
from dataclasses import dataclass

from apps.campaigns.models import Campaign, ExperimentPlan
from apps.campaigns.selectors import variants_of
from apps.invites.models import Participant
from apps.reports.selectors.seeds import Arms, arms_of, terms_of
from apps.reports.viral import experiments
from apps.reports.viral.experiments import ALPHA, NO_DECISION, Arm, Comparison
from apps.reports.viral.figures import Figure, Reason, absent

_NONE = Arm(0, 0.0, 0.0)


@dataclass(frozen=True)
class Variant:
    """One variant, with what its seeds brought on average; `waiting` seeds are too young to count."""

    key: str
    is_holdout: bool
    is_control: bool
    seeds: int
    waiting: int
    conversions: Figure
    net: Figure


@dataclass(frozen=True)
class Against:
    """A variant against the control: the difference per seed, and what is decided by it."""

    variant: str
    control: str
    conversions: Figure
    net: Figure
    verdict: str
    verdict_on_net: str


@dataclass(frozen=True)
class Experiment:
    """The comparison of a campaign's variants; without two variants there is nothing to compare.

    `crossed` people met a variant that is not their tree's: they count where their tree is, and
    blur the difference. `undrawn` seeds are in no variant: partners, and those of before.
    """

    campaign: Campaign
    as_of: dt.datetime
    plan: ExperimentPlan | None
    window: dt.timedelta
    tightest_at: int
    variants: tuple[Variant, ...]
    against: tuple[Against, ...]
    crossed: int
    undrawn: int


def experiment_of(campaign: Campaign, *, now: dt.datetime) -> Experiment:
    """A handful of queries. The control is the holdout, or else the first variant; of several
    comparisons each takes its part of the 5 % (Bonferroni)."""
    terms = terms_of(campaign)
    version = campaign.published_version
    drawn = variants_of(version) if version else ()
    arms = arms_of(campaign, terms.window, now=now) if drawn else {}
    holdouts = {each.key for each in drawn if each.is_holdout}
    keys = list(dict.fromkeys([*(each.key for each in drawn), *arms]))
    control = next(iter([key for key in keys if key in holdouts] or keys), "")
    others = [key for key in keys if key != control]
    people = Participant.objects.filter(campaign=campaign)
    return Experiment(
        campaign=campaign,
        as_of=now,
        plan=terms.plan,
        window=terms.window,
        tightest_at=terms.tightest_at,
        variants=tuple(
            _variant(key, arms.get(key), is_holdout=key in holdouts, is_control=key == control)
            for key in keys
        ),
        against=tuple(
            _against(
                (control, arms.get(control)),
                (key, arms.get(key)),
                tightest_at=terms.tightest_at,
                alpha=ALPHA / len(others),
            )
            for key in others
        ),
        crossed=people.filter(crossed=True).count(),
        undrawn=people.filter(referrer=None, variant="").count(),
    )


def _variant(key: str, arms: Arms | None, *, is_holdout: bool, is_control: bool) -> Variant:
    conversions, net = (arms.conversions, arms.net) if arms else (_NONE, _NONE)
    waiting = arms.waiting if arms else 0
    return Variant(
        key, is_holdout, is_control, conversions.seeds, waiting, _mean(conversions), _mean(net)
    )


def _mean(arm: Arm) -> Figure:
    if arm.seeds:
        return Figure(arm.mean)
    return absent(Reason.NOT_APPLICABLE, "no seed's window is over yet")


def _against(
    control: tuple[str, Arms | None],
    other: tuple[str, Arms | None],
    *,
    tightest_at: int,
    alpha: float,
) -> Against:
    names, sides = (control[0], other[0]), (control[1], other[1])

    def compared(arms: list[Arm]) -> Comparison:
        return experiments.compare(arms[0], arms[1], tightest_at=tightest_at, alpha=alpha)

    conversions = compared([side.conversions if side else _NONE for side in sides])
    net = compared([side.net if side else _NONE for side in sides])
    return Against(
        variant=names[1],
        control=names[0],
        conversions=conversions.difference,
        net=net.difference,
        verdict=verdict_of(conversions, *names, "brings more people"),
        verdict_on_net=verdict_of(net, *names, "earns more"),
    )


def verdict_of(found: Comparison, control: str, other: str, what: str) -> str:
    """Who wins at what, in words, or that nothing is decided."""
    if found.winner is None:
        return NO_DECISION
    first, second = (other, control) if found.winner == "b" else (control, other)
    return f"“{first}” {what} per seed than “{second}”"
