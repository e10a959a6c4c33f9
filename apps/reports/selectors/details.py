"""What stands on the report's detail page, made of the whole report and a few reads more."""

import datetime as dt
import math
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np

from apps.reports.selectors.credits import k_by_credit
from apps.reports.selectors.days import Slots
from apps.reports.selectors.forests import Seen, largest_trees
from apps.reports.selectors.whole import WholeReport
from apps.reports.viral import branching, delays, multiplication, offspring, reproduction
from apps.reports.viral.attribution import Credit
from apps.reports.viral.delays import Delays
from apps.reports.viral.figures import Figure, Reason, absent
from apps.reports.viral.multiplication import Multiplication
from apps.reports.viral.offspring import Bar, Offspring

WINDOW_DAYS = 7
MOST_WINDOWS = 60
MOST_DAY_COHORTS = 31
ENOUGH_A_DAY = 30


@dataclass(frozen=True)
class Details:
    """`over_time` is K of the week up to each day; `cohorts` K of those who joined on a day, or in the
    week from it in long or small campaigns; `bars` how many people brought how many."""

    over_time: tuple[tuple[dt.date, Figure], ...]
    cohorts: tuple[tuple[dt.date, Multiplication], ...]
    by_week: bool
    bars: tuple[Bar, ...]
    dispersion: Figure
    extinction: Figure
    growth_rate: Figure
    trees: tuple[Seen, ...]
    credits: tuple[tuple[Credit, Figure], ...]


def details(report: WholeReport, *, now: dt.datetime) -> Details:
    """The rest of what can be said of a campaign, as of now. Reads its largest trees and its touches."""
    spreading = report.spreading
    f, k = spreading.delays, spreading.k
    cohorts, by_week = _cohorts(report.counted, f)
    return Details(
        over_time=_over_time(report, now) if f else (),
        cohorts=cohorts,
        by_week=by_week,
        bars=offspring.histogram(_others(report), k.dispersion),
        dispersion=_dispersion(k),
        extinction=_extinction(report),
        growth_rate=_growth_rate(k, f),
        trees=largest_trees(report.campaign),
        credits=k_by_credit(report.campaign, k.exposure),
    )


def _others(report: WholeReport) -> Offspring:
    found = report.spreading.everybody
    mine = found.generation > 0
    return Offspring(found.rows.referees[mine], found.rows.exposure[mine], found.rows.n[mine])


def _over_time(report: WholeReport, now: dt.datetime) -> tuple[tuple[dt.date, Figure], ...]:
    """K of the seven days up to now, up to a day ago, and so on, the earliest first."""
    counted, f = report.counted, report.spreading.delays
    if f is None or not len(counted.age):
        return ()
    size = report.spreading.k.dispersion or math.inf
    zone = ZoneInfo(report.campaign.time_zone)
    times = -counted.age
    came = np.repeat(times, np.where(counted.seed, 0, counted.people))
    ends = range(min(math.ceil(max(counted.age)), MOST_WINDOWS) - 1, -1, -1)
    return tuple(
        (
            (now - dt.timedelta(days=ago)).astimezone(zone).date(),
            reproduction.k_over_time(
                times,
                came,
                (-ago - WINDOW_DAYS, -float(ago)),
                f,
                dispersion=size,
                n=counted.people,
            ),
        )
        for ago in ends
    )


def _cohorts(
    counted: Slots, f: Delays | None
) -> tuple[tuple[tuple[dt.date, Multiplication], ...], bool]:
    """(K of each cohort of non-seeds by its first day, whether cohorts are weeks)."""
    mine = ~counted.seed
    if not mine.any():
        return (), False
    first, people = int(counted.day[mine].min()), counted.people[mine]
    numbers = counted.day[mine] - first
    most = int(numbers.max())
    a_day = int(people.sum()) / (most + 1)
    by_week = most >= MOST_DAY_COHORTS or a_day < ENOUGH_A_DAY
    step = WINDOW_DAYS if by_week else 1
    exposure = f.share(counted.age[mine]) if f else None
    rows = Offspring.of(counted.referees[mine], exposure, people)
    found = multiplication.of_cohort(numbers // step, rows)
    days = {number: dt.date.fromordinal(first + number * step) for number in found}
    return tuple((days[number], of) for number, of in sorted(found.items())), by_week


def _dispersion(k: Multiplication) -> Figure:
    if k.dispersion is None:
        return absent(Reason.NOT_APPLICABLE, "it needs somebody who brought somebody")
    if math.isinf(k.dispersion):
        return absent(Reason.UNBOUNDED, "people are no more uneven than chance")
    return Figure(k.dispersion)


def _extinction(report: WholeReport) -> Figure:
    k = report.spreading.k
    if k.k.value is None or k.dispersion is None:
        return absent(k.k.reason or Reason.TOO_EARLY, k.k.why)
    rows = report.spreading.everybody.rows
    return branching.campaign_extinction(rows, k.k.value, k.dispersion)


def _growth_rate(k: Multiplication, f: Delays | None) -> Figure:
    if k.k.value is None or f is None:
        return absent(k.k.reason or Reason.TOO_EARLY, k.k.why or "no delays are known yet")
    return delays.growth_rate(k.k.value, f)
