"""Two campaigns, or two variants of one, side by side. Pure."""

from dataclasses import dataclass

from apps.core.templatetags.money import in_units
from apps.reports import pictures
from apps.reports.pictures import Mark
from apps.reports.sections.lines import (
    amplification_lines,
    carriers_lines,
    cycle_lines,
    forecast_lines,
    funnel_lines,
    k_lines,
)
from apps.reports.sections.parts import (
    Cell,
    Kind,
    Line,
    Section,
    Table,
    figure_cells,
    figure_columns,
    table,
)
from apps.reports.sections.spread import amplification_section, carriers_section, cycle_section
from apps.reports.sections.spread import k_section as k_of
from apps.reports.sections.ways import (
    STEP_WORDS,
    cost_section,
    forecast_section,
    funnel_section,
)
from apps.reports.sections.words import line, money_in
from apps.reports.selectors import WholeReport
from apps.reports.selectors.variants import OfVariant, Versus
from apps.reports.viral.figures import Figure

_SECTIONS = (
    *(k_of, forecast_section, cycle_section, funnel_section, carriers_section),
    *(amplification_section, cost_section),
)


@dataclass(frozen=True)
class Pair:
    """One figure of both. `apart` says whether their intervals leave no doubt that they differ; None
    where one of them has no interval."""

    label: str
    first: Line
    second: Line
    apart: bool | None


@dataclass(frozen=True)
class Comparison:
    pairs: tuple[Pair, ...]
    picture: pictures.Intervals


def comparison(first: WholeReport, second: WholeReport) -> Comparison:
    """The figures of the default report of both, in its order, and their K as a picture."""
    pairs = tuple(
        Pair(ours.label, ours, theirs, _apart(ours.figure, theirs.figure))
        for section in _SECTIONS
        for ours, theirs in zip(_lines(section(first)), _lines(section(second)), strict=True)
    )
    marks = tuple(
        Mark(name, report.spreading.k.k)
        for name, report in (("This campaign", first), ("The other", second))
    )
    return Comparison(pairs, pictures.Intervals("K of both", _alt(pairs[0]), marks))


def variants_compared(found: Versus) -> Comparison:
    """The same figures of two variants, and what a seed of each brought."""
    sides = (found.first, found.second)
    ours, theirs = (_variant_lines(side, found.campaign.currency) for side in sides)
    pairs = tuple(
        Pair(mine.label, mine, other, _apart(mine.figure, other.figure))
        for mine, other in zip(ours, theirs, strict=True)
    )
    marks = tuple(Mark(f"“{side.key}”", side.spreading.k.k) for side in sides)
    return Comparison(pairs, pictures.Intervals("K of both", _alt(pairs[0]), marks))


def _variant_lines(of: OfVariant, currency: str) -> tuple[Line, ...]:
    money = money_in(currency)
    return (
        *k_lines(of.spreading),
        *forecast_lines(of.forecast),
        *cycle_lines(of.spreading),
        *funnel_lines(of.chain),
        *carriers_lines(of.concentration)[:1],
        *amplification_lines(of.spreading),
        line("Rewards per person brought", of.reward, money),
        line("Conversions per seed", of.per_seed.conversions),
        line("Margin per seed, before group discounts", of.per_seed.margin, money),
        line("Margin per seed, less group discounts and rewards", of.per_seed.net, money),
    )


def comparison_table(compared: Comparison, names: tuple[str, str]) -> Table:
    """The same as numbers. Shares are fractions and money is in whole units, as `unit` says; it is that
    of both where they differ."""
    columns = [("Figure", Kind.TEXT), ("Unit", Kind.TEXT)]
    for name in names:
        (_, kind), *ends = figure_columns("", Kind.NUMBER)
        columns += [(name, kind), *((f"{name}: {end.lower()}", of) for end, of in ends)]
    columns.append(("Their intervals do not touch", Kind.TEXT))
    rows = [
        (
            pair.label,
            ", ".join(dict.fromkeys(filter(None, (pair.first.unit, pair.second.unit)))),
            *_numbers(pair.first),
            *_numbers(pair.second),
            {True: "yes", False: "no", None: ""}[pair.apart],
        )
        for pair in compared.pairs
    ]
    return table("compared", "Side by side", columns, rows)


def _numbers(of: Line) -> tuple[Cell, ...]:
    if of.unit in ("", "share", "days"):
        return figure_cells(of.figure)
    figure = of.figure
    ends = (
        None if minor is None else in_units(minor, of.unit)
        for minor in (figure.value, figure.low, figure.high)
    )
    return *ends, figure_cells(figure)[-1]


def versus_tables(found: Versus) -> tuple[Table, ...]:
    """Who stands behind it, the steps of each funnel, and the difference per seed."""
    sides, currency = (found.first, found.second), found.campaign.currency
    counts: tuple[tuple[Cell, ...], ...]
    names = tuple((f"“{side.key}”", Kind.COUNT) for side in sides)
    counts = (
        ("Participants, confirmed", *(side.participants for side in sides)),
        ("Of them seeds", *(side.seeds for side in sides)),
        ("Seeds whose window is over", *(side.mature for side in sides)),
        ("Seeds too young to count", *(side.waiting for side in sides)),
    )
    steps = [{step.name: step.count for step in side.chain.steps} for side in sides]
    funnel = tuple(
        (words, *(counted.get(name) for counted in steps))
        for name, words in STEP_WORDS.items()
        if any(name in counted for counted in steps)
    )
    by = found.difference
    people = [("Conversions per seed", *figure_cells(by.conversions))]
    money = (
        ("Margin per seed", *figure_cells(by.margin)),
        ("Less group discounts and rewards", *figure_cells(by.net)),
    )
    less = f"“{found.second.key}” less “{found.first.key}”"
    return (
        table("counts", "Who stands behind it", (("", Kind.TEXT), *names), counts),
        table(
            "funnel", "Those whose attribution window is over", (("", Kind.TEXT), *names), funnel
        ),
        table(
            "people",
            f"{less}: people",
            (("", Kind.TEXT), *figure_columns("People", Kind.NUMBER)),
            people,
        ),
        table(
            "money",
            f"{less}: money",
            (("", Kind.TEXT), *figure_columns("Money", Kind.MONEY)),
            money,
            currency,
        ),
    )


# Of who carries the spread only what was seen, not what models would have; of K only what every
# campaign has.
_FIRST = {"carriers": 1, "k": 2}


def _lines(section: Section) -> tuple[Line, ...]:
    """Its figures that are compared."""
    return section.lines[: _FIRST.get(section.slug, len(section.lines))]


def _alt(pair: Pair) -> str:
    return f"K of this campaign: {pair.first.value}; of the other: {pair.second.value}."


def _apart(ours: Figure, theirs: Figure) -> bool | None:
    if None in (ours.low, ours.high, theirs.low, theirs.high):
        return None
    return bool(ours.high < theirs.low or theirs.high < ours.low)  # type: ignore[operator]
