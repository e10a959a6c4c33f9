"""Whether it spreads: K, by generation, how fast, what one seed becomes, who carries it. Pure."""

import math
from dataclasses import dataclass
from itertools import zip_longest

from apps.reports import pictures
from apps.reports.pictures import Mark
from apps.reports.sections.lines import (
    amplification_lines,
    carriers_lines,
    cycle_lines,
    k_lines,
    settling_lines,
)
from apps.reports.sections.parts import Kind, Section, Table, figure_cells, figure_columns, table
from apps.reports.sections.words import (
    days,
    people,
    percent,
    plain,
    ten_times,
    value_of,
)
from apps.reports.selectors import WholeReport
from apps.reports.viral.delays import Delays
from apps.reports.viral.figures import Absent, Figure, Z
from apps.reports.viral.multiplication import GENERATIONS, Multiplication

_ORDINALS = {0: "Seeds", 1: "1st", 2: "2nd", 3: "3rd"}


def generation_name(number: int) -> str:
    """“Seeds”, “1st”, “2nd” …"""
    return _ORDINALS.get(number, f"{number}th")


def k_section(report: WholeReport) -> Section:
    spreading = report.spreading
    k = spreading.k
    return Section(
        slug="k",
        tile="K",
        question="Does it spread by itself?",
        answer=_k_answer(k.k),
        lines=k_lines(spreading) + settling_lines(report.settling),
        caveat=_correction_words(report),
        what=_k_explained(k),
        table=_k_table(report),
        picture=pictures.Intervals(
            "K, and the seeds’ own",
            f"K is {value_of(k.k)}, the seeds’ own is {value_of(spreading.seeds.k)}.",
            (Mark("Brought by somebody", k.k), Mark("Seeds", spreading.seeds.k)),
        )
        if _can_be_drawn(k.k) or _can_be_drawn(spreading.seeds.k)
        else None,
    )


def _can_be_drawn(figure: Figure) -> bool:
    return figure.value is not None or figure.high is not None


def _k_answer(k: Figure) -> str:
    if k.value is None:
        return f"{str(k.reason).capitalize()}: {k.why}."
    ten = f"Ten people who were brought bring {ten_times(k.value)} more."
    if k.low is not None and k.low >= 1:
        return f"{ten} It keeps growing by itself."
    if k.value >= 1:
        return f"{ten} It may keep growing by itself; the interval still allows that it does not."
    if k.high is not None and k.high >= 1:
        return f"{ten} Each round is smaller than the last, though the interval allows more."
    return f"{ten} Each round is smaller than the last: seeds keep it going."


def _correction_words(report: WholeReport) -> str:
    spreading = report.spreading
    if not spreading.corrected:
        return f"{spreading.source[:1].upper()}{spreading.source[1:]}."
    said = f"Corrected for those who have had little time yet, with delays {spreading.source}"
    if spreading.k.maturity is None:
        return f"{said}."
    return f"{said}: {percent(spreading.k.maturity)} of the friends to be expected can have come."


def _k_explained(k: Multiplication) -> tuple[str, ...]:
    if not k.participants:
        return (
            (
                "K is how many new people each person who was brought goes on to bring. Nobody was "
                "brought in this campaign yet, so there is nothing to count."
            ),
        )
    counted = (
        f"K is how many new people each person who was brought goes on to bring. In this campaign "
        f"{people(k.participants)} who were brought have so far brought {k.referees:,}."
    )
    corrected = ""
    if k.exposure and k.maturity is not None and k.maturity < 0.995:
        corrected = (
            "Some of them joined only lately and have friends still to come. By their ages, "
            f"they count as {plain(k.exposure)} people whose time is over: {k.referees:,} ÷ "
            f"{plain(k.exposure)} = {plain(k.referees / k.exposure)}. Dividing by all "
            f"{k.participants:,} would give {value_of(k.naive)}, which reads low while a "
            "campaign grows."
        )
    sure = (
        "The interval is made so that it holds the true K in 19 of 20 campaigns. It is wide "
        "because a few people bring most of the others, so one of them more or less moves it. "
        "Below 1, every round of friends is smaller than the last; from 1 on, it would not stop "
        "by itself."
    )
    seeds = (
        "Seeds came without anybody bringing them. Their own K₀ stands apart: somebody with a "
        "thousand followers says nothing of what those followers will do."
    )
    return tuple(part for part in (counted, corrected, sure, seeds) if part)


def _k_table(report: WholeReport) -> Table:
    rows = [
        (name, of.participants, of.referees, of.maturity, *figure_cells(of.k))
        for name, of in (
            ("Brought by somebody", report.spreading.k),
            ("Seeds", report.spreading.seeds),
        )
    ]
    columns = (
        ("Who", Kind.TEXT),
        ("People", Kind.COUNT),
        ("Brought so far", Kind.COUNT),
        ("Of what is to be expected", Kind.SHARE),
        *figure_columns("K", Kind.NUMBER),
    )
    return table("k", "K", columns, rows)


def generations_section(report: WholeReport) -> Section:
    levels = [level for level in report.levels if level.k is not None]
    marks = tuple(
        Mark(generation_name(level.generation), level.k) for level in levels if level.k is not None
    )
    return Section(
        slug="generations",
        question="Does it fade from one round of friends to the next?",
        answer=_generations_answer(report),
        lines=(),
        caveat=f"Up to the {GENERATIONS}th generation; later ones have too few people to tell.",
        what=(
            (
                "Seeds are generation 0, whom they brought generation 1, and so on. Each point "
                "is K within one generation; the bar is its 95 % interval."
            ),
            _rounds(report),
            (
                "If the points fall from left to right, enthusiasm wears off with each step "
                "away from the seeds. If they stay level, one K describes the whole campaign."
            ),
        ),
        table=_generations_table(report),
        picture=pictures.Intervals(
            "K by generation",
            "K by generation: " + ", ".join(f"{m.label} {value_of(m.figure)}" for m in marks) + ".",
            marks,
        )
        if any(_can_be_drawn(mark.figure) for mark in marks)
        else None,
    )


def _generations_answer(report: WholeReport) -> str:
    deepest = max((level.generation for level in report.levels), default=0)
    if not report.levels:
        return "Nobody takes part yet."
    if not deepest:
        return "Only seeds so far: nobody was brought yet."
    away = "a step" if deepest == 1 else f"{deepest} steps"
    return f"It has reached generation {deepest}: people {away} away from their seed."


def _rounds(report: WholeReport) -> str:
    told = [
        f"{people(level.participants)} in generation {level.generation} brought {level.referees:,}"
        for level in report.levels[:3]
    ]
    return f"Here, {'; '.join(told)}." if told else "Nobody takes part yet."


def _generations_table(report: WholeReport) -> Table:
    columns = (
        ("Generation", Kind.TEXT),
        ("People", Kind.COUNT),
        ("Brought so far", Kind.COUNT),
        *figure_columns("K", Kind.NUMBER),
    )
    rows = [
        (
            "0 (seeds)" if level.generation == 0 else str(level.generation),
            level.participants,
            level.referees,
            *figure_cells(level.k),
        )
        for level in report.levels
    ]
    return table("generations", "K by generation", columns, rows)


def cycle_section(report: WholeReport) -> Section:
    cycle = report.spreading.cycle
    curve = _thinned(report.spreading.delays or report.spreading.own)
    known = cycle.median.value is not None
    median = value_of(cycle.median, days)
    answer = f"Half of the friends who come have come after {median}"
    nine = f"; nine of ten after {value_of(cycle.p90, days)}."
    return Section(
        slug="cycle",
        tile="Half of the friends come within",
        question="How quickly does it go round?",
        answer=answer + nine if known else f"{median.capitalize()}: {cycle.median.why}.",
        lines=cycle_lines(report.spreading),
        caveat="Friends who come after the campaign’s attribution window count nowhere, here neither.",
        what=(
            (
                "The time from one person’s joining to their friend’s. The shorter it is, the "
                "sooner a change you make shows, and the sooner the next round begins."
            ),
            f"Half come after {median}: a round of friends takes about that long, so after a week "
            f"{_rounds_a_week(cycle.median)}."
            if known
            else "It needs somebody who brought somebody.",
            (
                "Slow friends of new people cannot have come yet. That is undone here, else a "
                "growing campaign would look quicker than it is."
            ),
        ),
        table=_cycle_table(curve),
        picture=_cycle_picture(curve, median) if known else None,
    )


def _rounds_a_week(median: Figure) -> str:
    if not median.value:
        return "there can have been many rounds"
    return f"there can have been about {7 / median.value:,.0f} rounds"


@dataclass(frozen=True)
class _Curve:
    """F at some delays, with its 95 % bounds; those are empty where they are not known."""

    at: tuple[float, ...]
    share: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


_POINTS = 60  # as many as a table or a picture of F has, at most


def _thinned(delays: Delays | Absent) -> _Curve:
    """F at no more than so many delays, the last one always among them."""
    if isinstance(delays, Absent):
        return _Curve((), (), (), ())
    last = len(delays.at) - 1
    kept = sorted({round(last * place / (_POINTS - 1)) for place in range(_POINTS)})
    at, share = delays.at[kept].tolist(), delays.cdf[kept]
    if delays.error is None:
        return _Curve(tuple(at), tuple(share.tolist()), (), ())
    half = Z * delays.error[kept]
    low, high = (share - half).clip(0, 1).tolist(), (share + half).clip(0, 1).tolist()
    return _Curve(tuple(at), tuple(share.tolist()), tuple(low), tuple(high))


def _cycle_picture(curve: _Curve, median: str) -> pictures.Cycle:
    return pictures.Cycle(
        "How soon friends come",
        "The share of friends who have come, by the time since their friend joined; "
        f"half after {median}.",
        curve.at,
        curve.share,
        curve.low,
        curve.high,
        ((0.5, "half"), (0.9, "nine of ten")),
    )


def _cycle_table(curve: _Curve) -> Table:
    columns = (
        ("After", Kind.DAYS),
        ("Have come", Kind.SHARE),
        ("Lower end, 95 %", Kind.SHARE),
        ("Upper end, 95 %", Kind.SHARE),
    )
    ends = zip_longest(curve.at, curve.share, curve.low, curve.high)
    return table("cycle", "How soon friends come", columns, list(ends))


def amplification_section(report: WholeReport) -> Section:
    spreading = report.spreading
    times, k = spreading.amplification, spreading.k.k
    if times.value is None:
        answer = f"{str(times.reason).capitalize()}: {times.why}."
    else:
        answer = (
            f"One person who was brought ends as {plain(times.value)} people, themselves counted."
        )
    return Section(
        slug="amplification",
        tile="One more becomes",
        question="What does one more person become?",
        answer=answer,
        lines=amplification_lines(spreading),
        caveat="It assumes that K stays as it is and that nobody runs out of friends to bring.",
        what=(
            (
                "Somebody who is brought brings K more, who bring K each again, and so on: "
                "1 + K + K² + … = 1 ÷ (1 − K)."
            ),
            f"With K = {plain(k.value)} that is 1 ÷ (1 − {plain(k.value)}) = {plain(times.value)}."
            if k.value is not None and times.value is not None
            else f"There is no such number here: {times.why or 'K is not known yet'}.",
            (
                "Close to K = 1 a small change of K moves it a lot, which is why its interval "
                "is so wide."
            ),
        ),
        table=table(
            "amplification",
            "What one more person becomes",
            (("", Kind.TEXT), *figure_columns("People", Kind.NUMBER)),
            [("Per person brought", *figure_cells(times))],
        ),
    )


def carriers_section(report: WholeReport) -> Section:
    found = report.concentration
    share = found.observed.value
    if share is None:
        answer = f"{str(found.observed.reason).capitalize()}: {found.observed.why}."
    else:
        answer = f"{percent(share)} of the people brought 80 % of all friends."
    return Section(
        slug="carriers",
        tile="Brought 80 % of all friends",
        question="Who carries it?",
        answer=answer,
        lines=carriers_lines(found),
        caveat="A small share means that much depends on a few people; look who they are.",
        what=_carriers_explained(report),
        table=table(
            "carriers",
            "Who carries the spread",
            (("Of the people, the busiest first", Kind.SHARE), ("Of the friends", Kind.SHARE)),
            [(point.participants, point.referees) for point in report.curve],
        ),
        picture=pictures.Concentration("Who carries the spread", answer, report.curve, 0.8, share)
        if share is not None and report.curve
        else None,
    )


def _carriers_explained(report: WholeReport) -> tuple[str, ...]:
    found, total = report.concentration, report.people.participants
    if found.observed.value is None:
        return ("It needs somebody who brought somebody.",)
    carriers = max(1, math.ceil(found.observed.value * total))
    return (
        (
            f"Line everybody up by how many friends they brought, the busiest first. Here, about "
            f"{people(carriers)} of {total:,} suffice for 80 % of all friends."
        ),
        (
            "Even if all pulled alike, chance would make some luckier than others. Compare: "
            f"chance alone would need {value_of(found.poisson, percent)} of the people; with "
            f"people as unlike as they are here, {value_of(found.negative_binomial, percent)} is "
            "to be expected. Close to the latter, these are a steady few worth knowing by name; "
            "close to the former, it was luck."
        ),
    )
