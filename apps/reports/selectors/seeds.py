"""What each seed's tree brought within a window, by variant: what experiments and the lift compare.

A seed counts from its joining, confirmed or not: variants may differ in whom they confirm, and
then the confirmed of one would be compared with others than theirs.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection

from apps.campaigns.models import Campaign, ExperimentPlan
from apps.reports.models import Ahead
from apps.reports.selectors.ahead import Kept
from apps.reports.selectors.margins import margins_sql
from apps.reports.viral.experiments import Arm


@dataclass(frozen=True)
class Arms:
    """The seeds of one variant whose window is over: what they brought in it.

    `conversions` are confirmed people below the seed; `margin` what the tree's orders earned, before
    group discounts; `net` what remained of it after these and the tree's rewards, in minor units.
    `waiting` seeds are too young to count.
    """

    conversions: Arm
    margin: Arm
    net: Arm
    waiting: int = 0

    def told(self) -> list[Any]:
        """As JSON."""
        arms = (self.conversions, self.margin, self.net)
        return [*([arm.seeds, arm.total, arm.squares] for arm in arms), self.waiting]

    @classmethod
    def of(cls, told: list[Any]) -> "Arms":
        """What `told` has told."""
        conversions, margin, net, waiting = told
        return cls(Arm(*conversions), Arm(*margin), Arm(*net), waiting)


_SEEDS = f"""WITH {margins_sql()},
seeds AS (
  SELECT id, variant, joined_at + %(window)s AS until,
         joined_at + %(window)s <= %(now)s AS mature
  FROM invites_participant
  WHERE campaign_id = %(campaign)s AND referrer_id IS NULL AND variant <> ''
),
brought AS (
  SELECT s.id, count(*) AS conversions
  FROM seeds s JOIN invites_participant p ON p.root_id = s.id
  WHERE s.mature AND p.status = 'confirmed' AND p.confirmed_at < s.until
  GROUP BY s.id
),
earned AS (
  SELECT s.id, sum(coalesce(margin, 0)) AS margin, sum(discount) AS discount
  FROM margins JOIN invites_participant p ON p.id = margins.participant_id
  JOIN seeds s ON s.id = coalesce(p.root_id, p.id)
  WHERE s.mature AND margins.occurred_at < s.until
  GROUP BY s.id
),
rewarded AS (
  SELECT s.id, sum(g.cost_minor) AS cost
  FROM rewards_grant g
  JOIN invites_participant p ON p.campaign_id = g.campaign_id AND p.member_id = g.member_id
  JOIN seeds s ON s.id = coalesce(p.root_id, p.id)
  WHERE g.campaign_id = %(campaign)s AND s.mature AND g.granted_at < s.until
  GROUP BY s.id
),
valued AS (
  SELECT s.variant, s.mature, coalesce(b.conversions, 0)::float AS x,
         coalesce(e.margin, 0)::float AS m,
         (coalesce(e.margin, 0) - coalesce(e.discount, 0) - coalesce(r.cost, 0))::float AS net
  FROM seeds s LEFT JOIN brought b USING (id) LEFT JOIN earned e USING (id)
  LEFT JOIN rewarded r USING (id)
)
SELECT variant, count(*) FILTER (WHERE mature), count(*) FILTER (WHERE NOT mature),
       sum(x) FILTER (WHERE mature), sum(x * x) FILTER (WHERE mature),
       sum(m) FILTER (WHERE mature), sum(m * m) FILTER (WHERE mature),
       sum(net) FILTER (WHERE mature), sum(net * net) FILTER (WHERE mature)
FROM valued GROUP BY variant ORDER BY variant
"""


# Seeds per variant at which comparisons are tightest where nobody planned any.
TIGHTEST_AT = 500


@dataclass(frozen=True)
class Terms:
    """What comparisons of a campaign's seeds go by: how long a seed counts, and the number of seeds
    per variant at which they are tightest, fixed before the start."""

    window: dt.timedelta
    tightest_at: int
    plan: ExperimentPlan | None


def terms_of(campaign: Campaign) -> Terms:
    """As planned; without a plan the attribution window and 500 seeds."""
    plan = ExperimentPlan.objects.filter(campaign=campaign).select_related("planned_by").first()
    if plan is None:
        return Terms(campaign.attribution_window, TIGHTEST_AT, None)
    return Terms(plan.window, plan.seeds_per_arm, plan)


def arms_of(campaign: Campaign, window: dt.timedelta, *, now: dt.datetime) -> dict[str, Arms]:
    """What the seeds of each variant brought within `window` of their joining, by its key.

    One query. Seeds outside the draw (partners', and those of before there were variants) are in
    none.
    """
    given: dict[str, Any] = {"campaign": campaign.pk, "window": window, "now": now}
    with connection.cursor() as cursor:
        cursor.execute(_SEEDS, given)
        rows = cursor.fetchall()
    found = {}
    for variant, mature, waiting, *sums in rows:
        x, xx, m, mm, net, nets = (float(total or 0) for total in sums)
        found[variant] = Arms(
            Arm(mature, x, xx), Arm(mature, m, mm), Arm(mature, net, nets), waiting
        )
    return found


def arms_told(campaign: Campaign, window: dt.timedelta, *, now: dt.datetime) -> dict[str, Any]:
    """The same as JSON."""
    arms = arms_of(campaign, window, now=now)
    return {variant: found.told() for variant, found in arms.items()}


def arms_counted(
    campaign: Campaign, window: dt.timedelta, kept: Kept, *, now: dt.datetime
) -> tuple[dict[str, Arms], dt.datetime]:
    """The same as they were counted last, ten minutes ago or so while workers run, and when; as of now
    where they were not counted yet, or by another window."""
    found = kept.read(Ahead.What.SEEDS, window, lambda: arms_told(campaign, window, now=now))
    arms = {variant: Arms.of(told) for variant, told in found.counted.items()}
    return arms, found.counted_at


def together(arms: Mapping[str, Arms], keys: Iterable[str]) -> Arms:
    """These variants as one."""
    chosen = [arms[key] for key in keys if key in arms]
    return Arms(
        conversions=_sum(each.conversions for each in chosen),
        margin=_sum(each.margin for each in chosen),
        net=_sum(each.net for each in chosen),
        waiting=sum(each.waiting for each in chosen),
    )


def _sum(arms: Iterable[Arm]) -> Arm:
    rows = [(arm.seeds, arm.total, arm.squares) for arm in arms]
    seeds, totals, squares = zip(*rows, strict=True) if rows else ((), (), ())
    return Arm(sum(seeds), float(sum(totals)), float(sum(squares)))
