"""The detail page: over time, by cohort, how uneven, how it ends, trees, other attributions. Pure."""

import math

from apps.reports import pictures
from apps.reports.sections.parts import Kind, Section, figure_cells, figure_columns, table
from apps.reports.sections.words import line, percent, plain, value_of
from apps.reports.selectors import Details, WholeReport
from apps.reports.viral.figures import Figure, Reason, absent


def detail_sections(report: WholeReport, found: Details) -> tuple[Section, ...]:
    """What an analyst asks after the nine questions."""
    return (
        _over_time(found),
        _cohorts(found),
        _histogram(found),
        _end(report, found),
        _trees(found),
        _credits(report, found),
    )


def _over_time(found: Details) -> Section:
    days = tuple(day for day, _ in found.over_time)
    figures = tuple(figure for _, figure in found.over_time)
    latest = figures[-1] if figures else absent(Reason.TOO_EARLY, "no delays are known yet")
    return Section(
        slug="over-time",
        question="How did K change over time?",
        answer=f"In the last seven days, K was {value_of(latest)}."
        if latest.value is not None
        else f"{str(latest.reason).capitalize()}: {latest.why}.",
        lines=(line("K of the last seven days", latest),),
        caveat="Each point is of the seven days up to it, so neighbours share most of their days.",
        what=(
            (
                "Those who came in a week are divided by those whom everybody of their ages was "
                "due to bring in it at K = 1 (Cori et al. 2013). It shows a change sooner than "
                "cohorts do."
            ),
        ),
        table=table(
            "over-time",
            "K over time",
            (("Week up to", Kind.DATE), *figure_columns("K", Kind.NUMBER)),
            [(day, *figure_cells(figure)) for day, figure in found.over_time],
        ),
        picture=pictures.OverTime("K over time", "K of the week up to each day.", days, figures)
        if len(days) > 1
        else None,
    )


def _cohorts(found: Details) -> Section:
    known = [(day, of) for day, of in found.cohorts if of.k.value is not None]
    unit = "week" if found.by_week else "day"
    return Section(
        slug="cohorts",
        question="Do those who come later bring as many?",
        answer=f"K is known of {len(known)} of {len(found.cohorts)} cohorts.",
        lines=(),
        caveat="A cohort has no K until it is half mature, with 30 people and 5 friends or more.",
        what=(
            (
                f"Everybody who was brought belongs to the {unit} they were confirmed in. Each "
                "cohort’s K is how many its people bring, corrected for those who have had "
                "little time yet."
            ),
        ),
        table=table(
            "cohorts",
            "K by cohort",
            (
                ("Joined in the week from" if found.by_week else "Joined on", Kind.DATE),
                ("People", Kind.COUNT),
                ("Brought so far", Kind.COUNT),
                ("Of what is to be expected", Kind.SHARE),
                *figure_columns("K", Kind.NUMBER),
            ),
            [
                (day, of.participants, of.referees, of.maturity, *figure_cells(of.k))
                for day, of in found.cohorts
            ],
        ),
        picture=pictures.OverTime(
            "K by cohort",
            f"K of those who joined in each {unit}.",
            tuple(day for day, _ in found.cohorts),
            tuple(of.k for _, of in found.cohorts),
        )
        if len(known) > 1
        else None,
    )


def _histogram(found: Details) -> Section:
    silent = found.bars[0].participants if found.bars else 0
    people = sum(bar.participants for bar in found.bars)
    share = silent / people if people else None
    return Section(
        slug="histogram",
        question="How many bring how many?",
        answer="Nobody was brought yet."
        if share is None
        else f"{percent(share)} of those who were brought have brought nobody so far.",
        lines=(line("k: how uneven people are", found.dispersion),),
        caveat="The upright scale is logarithmic, else the few who bring many could not be seen.",
        what=(
            (
                "Bars are people who were brought, by how many they brought themselves. The "
                "lines are what chance alone would give (all alike), and what people of unlike "
                "pull would (uneven)."
            ),
            (
                "k says how unlike they are: 0.1 is a handful of stars, 1 a usual crowd, unbounded "
                "everybody alike, as in rooms with a fixed size."
            ),
        ),
        table=table(
            "histogram",
            "People by friends brought",
            (
                ("Friends brought", Kind.COUNT),
                ("People", Kind.COUNT),
                ("If uneven (negative binomial)", Kind.NUMBER),
                ("If all alike (Poisson)", Kind.NUMBER),
            ),
            [
                (bar.referees, bar.participants, bar.negative_binomial, bar.poisson)
                for bar in found.bars
            ],
        ),
        picture=pictures.Bars("How many bring how many", "People by friends brought.", found.bars)
        if len(found.bars) > 1
        else None,
    )


def _end(report: WholeReport, found: Details) -> Section:
    naive = report.spreading.k.naive
    lines = (
        line("Chance that it ends by itself", found.extinction, percent),
        line("Growth a day, as K and the delays imply", found.growth_rate, _growth_words),
        line("Naive K, whatever people’s ages: reads low", naive),
    )
    return Section(
        slug="end",
        question="Does it end by itself?",
        answer=f"The chance that it ends by itself is {value_of(found.extinction, percent)}."
        if found.extinction.value is not None
        else f"{str(found.extinction.reason).capitalize()}: {found.extinction.why}.",
        lines=lines,
        caveat="If K, the delays and how uneven people are stay as they are, and no new seeds come.",
        what=(
            (
                "Below K = 1 every tree ends. Above it some do all the same, by bad luck in "
                "their first rounds: the more uneven people are, the more of them."
            ),
            (
                f"Naive K divides all friends by all people: {value_of(naive)}. It is printed "
                "because others print it; it is too low as long as people are young."
            ),
        ),
        table=table(
            "end",
            "How it ends",
            (("What", Kind.TEXT), *figure_columns("Value", Kind.NUMBER)),
            [(each.label, *figure_cells(each.figure)) for each in lines],
        ),
    )


def _growth_words(rate: float) -> str:
    return f"{math.expm1(rate) * 100:+,.1f} %".replace("-", "−")


def _trees(found: Details) -> Section:
    first = found.trees[0] if found.trees else None
    virality = first.virality if first else absent(Reason.NOT_APPLICABLE, "there is no tree yet")
    return Section(
        slug="tree",
        question="Who brought whom?",
        answer="Nobody was brought yet."
        if first is None
        else f"The largest tree has {first.people:,} people in it, the last of them "
        f"{first.depth} steps from its seed.",
        lines=(line("Structural virality of the largest tree", virality),),
        caveat="Provisional participants are in it. "
        + (
            f"The picture shows the first {len(first.parents):,}, generation by generation."
            if first and first.people > len(first.parents)
            else ""
        ),
        what=(
            (
                "Structural virality is how many steps two members of a tree are apart on "
                "average: about 2 when one person brought everybody, more when friends of "
                "friends carry on."
            ),
        ),
        table=table(
            "trees",
            "The largest trees",
            (
                ("Seed", Kind.TEXT),
                ("People", Kind.COUNT),
                ("Generations", Kind.COUNT),
                *figure_columns("Structural virality", Kind.NUMBER),
            ),
            [
                (tree.root.public_id, tree.people, tree.depth, *figure_cells(tree.virality))
                for tree in found.trees
            ],
        ),
        picture=pictures.Tree(
            "The largest tree",
            f"A tree of {first.people:,} people over {first.depth} generations.",
            first.parents,
        )
        if first
        else None,
    )


def _credits(report: WholeReport, found: Details) -> Section:
    own = report.spreading.k
    as_set: Figure = own.k
    rows = [
        (str(rule).capitalize(), figure.value, _difference(figure, own.referees, own.exposure))
        for rule, figure in found.credits
    ]
    return Section(
        slug="credit",
        question="Would K be another if credit were shared otherwise?",
        answer=f"As the campaign attributes, K is {value_of(as_set)}."
        if rows
        else "Nobody’s touches are kept, so nothing can be shared otherwise.",
        lines=(),
        caveat="Attribution describes; none of these rules measures what a touch caused.",
        what=(
            (
                "Somebody who opened several people’s links can be counted for the first, the "
                "last, or for all of them in parts. Every rule gives 1 per friend, so K moves "
                "only as far as credit moves between seeds and those who were brought."
            ),
            (
                "The last column is the difference from the campaign’s own attribution, at the "
                f"same exposure of {plain(own.exposure)} people."
            ),
        ),
        table=table(
            "credit",
            "K under other attributions",
            (("Credit to", Kind.TEXT), ("K", Kind.NUMBER), ("Difference", Kind.NUMBER)),
            rows,
        ),
    )


def _difference(figure: Figure, referees: int, exposure: float) -> float | None:
    return None if figure.value is None or not exposure else figure.value - referees / exposure
