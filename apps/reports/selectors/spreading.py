"""How far a campaign spreads, from its participants: K corrected for age, and the cycle time.

Everything is read as counts per cell, grouped by the database: ages in whole minutes, all of the
attribution window's age in one, so that a campaign's finished past is a handful of rows.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db import connection

from apps.campaigns.models import Campaign
from apps.reports.viral import delays, multiplication
from apps.reports.viral.delays import Correction, CycleTime, Delays
from apps.reports.viral.figures import Absent, Figure
from apps.reports.viral.multiplication import Buckets, Multiplication, OfGeneration
from apps.reports.viral.offspring import Offspring

MINUTES_A_DAY = 24 * 60

# The delays of how many campaigns of the same kind, the latest first, stand in for a young one's own.
EARLIER_CAMPAIGNS = 20


@dataclass(frozen=True)
class Spreading:
    """K of non-seeds and of seeds apart, by generation, what it amplifies to, and how quickly.

    `source` says where the correction for age is from, or that there is none; `delays` is the F it
    corrects by and `own` this campaign's, as far as it is known; `everybody` is who was counted.
    """

    k: Multiplication
    seeds: Multiplication
    generations: tuple[OfGeneration, ...]
    amplification: Figure
    cycle: CycleTime
    corrected: bool
    source: str
    everybody: "Everybody"
    own: Delays | Absent
    delays: Delays | None


def spreading(campaign: Campaign, *, now: dt.datetime) -> Spreading:
    """As of now; three queries at most. Only confirmed participants count, and referees confirmed
    within the attribution window of their referrer's confirmation (one confirmed before their
    referrer counts as at once)."""
    window = _minutes(campaign.attribution_window)
    cells = _cells(campaign, window, now)
    own = _delays([campaign.pk], window, now)
    correction = _correction(campaign, own, cells, window, now)
    rows = Offspring.of(cells.referees, _exposure(cells, correction.delays), cells.people)
    seeds, others = (_part(cells, rows, seeds=seeds) for seeds in (True, False))
    return Spreading(
        k=others,
        seeds=seeds,
        generations=multiplication.by_generation(cells.generation, rows, cells.bucket),
        amplification=multiplication.amplification(others.k),
        cycle=delays.cycle_time(correction.delays or own),
        corrected=correction.delays is not None,
        source=correction.source,
        everybody=Everybody(cells.generation, _days(cells.age), rows),
        own=own,
        delays=correction.delays,
    )


@dataclass(frozen=True, eq=False)
class Everybody:
    """All confirmed participants in groups: `rows`, and the generation and the age in days of each
    (no more than the attribution window)."""

    generation: list[int]
    age: list[float]
    rows: Offspring


@dataclass(frozen=True)
class Cells:
    """Participants alike in generation, bucket of their root, age in minutes and referees."""

    generation: list[int]
    bucket: list[int]
    age: list[int]
    referees: list[int]
    people: list[int]


_CELLS_SQL = """
SELECT p.generation, coalesce(p.root_id, p.id) %% %(buckets)s,
       least(greatest(floor(extract(epoch FROM %(now)s - p.confirmed_at) / 60), 0), %(window)s),
       coalesce(c.referees, 0), count(*)
FROM invites_participant p
LEFT JOIN (
    SELECT c.referrer_id, count(*) AS referees
    FROM invites_participant c JOIN invites_participant r ON r.id = c.referrer_id
    WHERE c.campaign_id = %(campaign)s AND c.status = 'confirmed' AND r.status = 'confirmed'
      AND c.confirmed_at < r.confirmed_at + (%(window)s + 1) * interval '1 minute'
    GROUP BY c.referrer_id
) c ON c.referrer_id = p.id
WHERE p.campaign_id = %(campaign)s AND p.status = 'confirmed'
GROUP BY 1, 2, 3, 4
"""


def _cells(campaign: Campaign, window: int, now: dt.datetime) -> Cells:
    given: dict[str, Any] = {
        "campaign": campaign.pk,
        "window": window,
        "now": now,
        "buckets": multiplication.ROOT_BUCKETS,
    }
    with connection.cursor() as cursor:
        cursor.execute(_CELLS_SQL, given)
        columns: Any = list(zip(*cursor.fetchall(), strict=True)) or [()] * 5
    return Cells(*([int(value) for value in column] for column in columns))


_PAIRS_SQL = """
SELECT delay, least(age, %(window)s), count(*)
FROM (
    SELECT greatest(floor(extract(epoch FROM c.confirmed_at - r.confirmed_at) / 60), 0) AS delay,
           greatest(floor(extract(epoch FROM %(now)s - r.confirmed_at) / 60), 0) AS age
    FROM invites_participant c JOIN invites_participant r ON r.id = c.referrer_id
    WHERE c.campaign_id = ANY(%(campaigns)s) AND c.status = 'confirmed' AND r.status = 'confirmed'
) pairs
WHERE delay <= least(age, %(window)s)
GROUP BY 1, 2
"""


def _delays(campaigns: list[int], window: int, now: dt.datetime) -> Delays | Absent:
    """F of these campaigns together."""
    with connection.cursor() as cursor:
        cursor.execute(_PAIRS_SQL, {"campaigns": campaigns, "window": window, "now": now})
        found = cursor.fetchall()
    came, limits, pairs = zip(*found, strict=True) if found else ((), (), ())
    return delays.lynden_bell(_days(came), _days(limits), window=window / MINUTES_A_DAY, n=pairs)


def _correction(
    campaign: Campaign, own: Delays | Absent, cells: Cells, window: int, now: dt.datetime
) -> Correction:
    """By this campaign's F or, while its first participant is younger than the window, by that of
    the latest campaigns with the same window and qualifying act."""
    age = max(cells.age, default=0)
    if isinstance(own, Delays) and age >= window:
        return delays.correction(own, own.window, None)
    alike = Campaign.objects.filter(
        is_test=campaign.is_test,
        attribution_window=campaign.attribution_window,
        qualifying_act=campaign.qualifying_act,
        pk__lt=campaign.pk,
    ).order_by("-pk")
    earlier = list(alike.values_list("pk", flat=True)[:EARLIER_CAMPAIGNS])
    pooled = _delays(earlier, window, now) if earlier else None
    return delays.correction(own, age / MINUTES_A_DAY, pooled)


def _exposure(cells: Cells, f: Delays | None) -> Any:
    """F of each cell's age; 1 where nothing corrects."""
    return f.share(_days(cells.age)) if f else None


def _part(cells: Cells, rows: Offspring, *, seeds: bool) -> Multiplication:
    mine = [place for place, level in enumerate(cells.generation) if (level == 0) == seeds]
    part = Offspring(rows.referees[mine], rows.exposure[mine], rows.n[mine])
    return multiplication.corrected(part, Buckets.of([cells.bucket[at] for at in mine], part))


def _minutes(span: dt.timedelta) -> int:
    return max(int(span.total_seconds() // 60), 1)


def _days(minutes: Any) -> list[float]:
    return [float(value) / MINUTES_A_DAY for value in minutes]
