"""The programme report as tables and pictures: what its files and its paper are made of. Pure.

`figures` is a report as it was kept, with each figure a `Figure` again.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.reports.pictures import Arrivals, Foretold, Funnel, Picture, Retention
from apps.reports.programme.shapes import MARGIN, REFERRED, SOURCE_WORDS, Source
from apps.reports.sections.parts import Cell, Kind, Table, figure_cells, figure_columns, table
from apps.reports.sections.words import percent
from apps.reports.viral.figures import Figure

Figures = Mapping[str, Any]


@dataclass(frozen=True)
class Part:
    """One part of the report: its tables, a picture where there is something to draw, what to know."""

    slug: str
    title: str
    tables: tuple[Table, ...]
    note: str
    picture: Picture | None = None


def programme_parts(figures: Figures) -> tuple[Part, ...]:
    """All parts, in the order of the page."""
    return (
        _members(figures),
        _retention(figures, "retention", "cohorts", "Who buys again"),
        _retention(
            figures, "retention-brought", "cohorts_brought", "Who buys again, of those brought"
        ),
        _cohorts(figures),
        _chain(figures),
        _worth(figures),
        _backtest(figures),
        _segments(figures),
    )


def money_note(figures: Figures) -> str:
    """What money is of in this report, and what is assumed of it."""
    known: Figure = figures["margin_known"]
    if known.value is None:
        return "Nothing was paid yet."
    share = percent(known.value)
    if figures["measure"] == MARGIN:
        rest = (
            ""
            if known.value >= 1
            else f" It is known of {share} of the revenue; the rest earns nothing."
        )
        return (
            "Money is margin: of what was paid and not refunded, after group discounts, by what the "
            f"shop told of a line, else by the rates of today.{rest}"
        )
    return (
        "Money is revenue: what was paid and not refunded. The margin is known of "
        f"{share} of it; from 90\u00a0% on the report is of margin."
    )


def _members(figures: Figures) -> Part:
    rows = figures["members"]
    sources = [source for source in Source if any(row["by_source"].get(source) for row in rows)]
    months = [_day(row["month"]) for row in rows]
    brought = [
        sum(many for source, many in row["by_source"].items() if source in REFERRED) for row in rows
    ]
    columns = (
        ("Month", Kind.MONTH),
        ("New members", Kind.COUNT),
        *((SOURCE_WORDS[source].capitalize(), Kind.COUNT) for source in sources),
        *figure_columns("Brought by a link", Kind.SHARE),
    )
    told = [
        (
            month,
            row["members"],
            *(row["by_source"].get(source, 0) for source in sources),
            *figure_cells(row["referred"]),
        )
        for month, row in zip(months, rows, strict=True)
    ]
    others = tuple(row["members"] - many for row, many in zip(rows, brought, strict=True))
    title = "New members by what brought them"
    return Part(
        "members",
        title,
        (table("members", title, columns, told),),
        "By the month they first appeared in, under what brought them while they had not bought "
        "yet. Attributed, not incremental: some would have come anyway.",
        Arrivals(
            title,
            f"{sum(brought):,} of {sum(brought) + sum(others):,} new members were brought by a link.",
            tuple(months),
            tuple(brought),
            others,
        )
        if sum(row["members"] for row in rows)
        else None,
    )


def _retention(figures: Figures, slug: str, rows_of: str, title: str) -> Part:
    rows, width = figures[rows_of], figures["span_days"]
    spans = [f"{at * width + 1}–{(at + 1) * width}" for at in range(len(rows[0]["cells"]))]
    columns = (
        ("First order in", Kind.MONTH),
        ("Buyers", Kind.COUNT),
        *((f"Days {span}", Kind.SHARE) for span in spans),
    )
    told = [
        (_day(row["month"]), row["members"], *(cell.value for cell in row["cells"])) for row in rows
    ]
    shown = [row for row in rows if any(cell.value is not None for cell in row["cells"])]
    reach = max((_reach(row["cells"]) for row in shown), default=0)
    return Part(
        slug,
        title,
        (table(slug, title, columns, told),),
        "The share with an order on a later day in each span after the first order. A cell is blank "
        "until everybody of its row has had all its days.",
        Retention(
            title,
            "The share who bought again, by the month of the first order and the days after it.",
            tuple(_day(row["month"]) for row in shown),
            tuple(spans[:reach]),
            tuple(tuple(cell.value for cell in row["cells"][:reach]) for row in shown),
        )
        if shown
        else None,
    )


def _reach(cells: Sequence[Figure]) -> int:
    return max(at for at, cell in enumerate(cells, 1) if cell.value is not None)


def _cohorts(figures: Figures) -> Part:
    title = "Orders, revenue and margin by first order"
    tables = tuple(
        table(
            slug,
            words,
            (
                ("First order in", Kind.MONTH),
                ("Buyers", Kind.COUNT),
                ("Orders", Kind.COUNT),
                ("Revenue", Kind.MONEY),
                ("Margin", Kind.MONEY),
                ("Margin known of the revenue", Kind.SHARE),
                (f"{_measure(figures)} each", Kind.MONEY),
                ("Each, first 90 days", Kind.MONEY),
            ),
            [_cohort(row) for row in figures[rows]],
            figures["currency"],
        )
        for slug, rows, words in (
            ("cohorts", "cohorts", title),
            ("cohorts-brought", "cohorts_brought", "The same of those brought"),
        )
    )
    return Part("cohorts", title, tables, money_note(figures))


def _cohort(row: Figures) -> tuple[Cell, ...]:
    return (
        _day(row["month"]),
        row["members"],
        row["orders"],
        row["kept_minor"],
        row["margin_minor"],
        row["margin_known"].value,
        row["per_member_minor"].value,
        row["first_spans_minor"].value,
    )


def _chain(figures: Figures) -> Part:
    found, title = figures["chain"], "From appearing to paying"
    columns = (
        ("Step", Kind.TEXT),
        ("What it is", Kind.TEXT),
        ("Members", Kind.COUNT),
        *figure_columns("Of those who appeared", Kind.SHARE),
    )
    told = [
        (step["step"].capitalize(), step["meaning"], step["members"], *figure_cells(step["share"]))
        for step in found["steps"]
    ]
    steps = tuple(
        (step["step"].capitalize(), step["members"], _rate(step["share"]) if number else "")
        for number, step in enumerate(found["steps"])
    )
    return Part(
        "chain",
        title,
        (table("chain", title, columns, told),),
        f"Members who first appeared from {found['first']} to {found['last']}, each watched for "
        f"{found['watched_days']} days; shares are of all of them.",
        Funnel(title, "Members by how far they came.", steps) if steps[0][1] else None,
    )


def _worth(figures: Figures) -> Part:
    found, title = figures["worth"], "What members are still worth"
    rows = (
        ("Each buyer", found["each_minor"]),
        ("Each of those somebody’s link brought", found["brought_minor"]),
        ("Each of the others", found["others_minor"]),
        ("All together", found["all_minor"]),
    )
    columns = (("What", Kind.TEXT), *figure_columns(_measure(figures), Kind.MONEY))
    told = [(words, *figure_cells(figure)) for words, figure in rows]
    return Part(
        "worth",
        title,
        (table("worth", title, columns, told, figures["currency"]),),
        f"{_measure(figures)} to come within {found['days']} days, discounted by "
        f"{percent(found['discount'])} every 30 days, by BG/NBD and Gamma-Gamma. "
        f"{found['dependence'].capitalize()}.",
    )


def _backtest(figures: Figures) -> Part:
    found, title = figures["worth"]["backtest"], "Would it have been right?"
    columns = (
        ("Had bought again", Kind.COUNT),
        ("Buyers", Kind.COUNT),
        ("Bought since, each", Kind.NUMBER),
        ("Foretold", Kind.NUMBER),
    )
    rows = found["rows"]
    told = [
        (row["repeats"], row["members"], row["actual"].value, row["foretold"].value) for row in rows
    ]
    whole = table(
        "backtest-totals",
        "Foretold and as it was",
        (
            ("What", Kind.TEXT),
            ("As it was", Kind.NUMBER),
            ("Foretold", Kind.NUMBER),
            ("Off", Kind.SHARE),
        ),
        [("Purchases", found["actual"], found["foretold"].value, found["error"].value)],
    )
    money = table(
        "backtest-money",
        f"{_measure(figures)}, foretold and as it was",
        (("As it was", Kind.MONEY), ("Foretold", Kind.MONEY), ("Off", Kind.SHARE)),
        [(found["actual_minor"], found["foretold_minor"].value, found["error_minor"].value)],
        figures["currency"],
    )
    why = found["foretold"].why
    return Part(
        "backtest",
        title,
        (table("backtest", title, columns, told), whole, money),
        why.capitalize() + "."
        if why
        else f"From what was known on {found['cut']} alone, of the {found['days']} days after it.",
        Foretold(
            title,
            "Purchases of each after the cut, as they were and as foretold.",
            tuple(row["repeats"] for row in rows),
            tuple(row["actual"].value or 0.0 for row in rows),
            tuple(row["foretold"].value or 0.0 for row in rows),
        )
        if rows
        else None,
    )


def _segments(figures: Figures) -> Part:
    title, rows = "Segments", figures["segments"]
    columns = (
        ("Segment", Kind.TEXT),
        ("Members", Kind.COUNT),
        ("Share", Kind.SHARE),
        ("Days since the last order", Kind.DAYS),
        ("Orders each", Kind.NUMBER),
        (f"{_measure(figures)} each", Kind.MONEY),
    )
    told = [
        (
            row["segment"].capitalize(),
            row["members"],
            *(
                row[name].value
                for name in ("share", "days_since", "orders_each", "kept_each_minor")
            ),
        )
        for row in rows
    ]
    bars = tuple((row["segment"].capitalize(), row["members"], _rate(row["share"])) for row in rows)
    return Part(
        "segments",
        title,
        (table("segments", title, columns, told, figures["currency"]),),
        "By recency, frequency and money, each in fifths by rank: a comparison among these members, "
        "no forecast.",
        Funnel(title, "Members by segment.", bars) if bars else None,
    )


def _measure(figures: Figures) -> str:
    return str(figures["measure"]).capitalize()


def _rate(share: Figure) -> str:
    return "" if share.value is None else percent(share.value)


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text[:10])
