"""Two campaigns side by side. Pure."""

from dataclasses import dataclass

from apps.reports import pictures
from apps.reports.pictures import Mark
from apps.reports.sections.parts import Line, Section
from apps.reports.sections.spread import amplification_section, carriers_section, cycle_section
from apps.reports.sections.spread import k_section as k_of
from apps.reports.sections.ways import cost_section, forecast_section, funnel_section
from apps.reports.selectors import WholeReport
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


def _lines(section: Section) -> tuple[Line, ...]:
    """Its figures; of who carries the spread only what was seen, not what models would have."""
    return section.lines[:1] if section.slug == "carriers" else section.lines


def _alt(pair: Pair) -> str:
    return f"K of this campaign: {pair.first.value}; of the other: {pair.second.value}."


def _apart(ours: Figure, theirs: Figure) -> bool | None:
    if None in (ours.low, ours.high, theirs.low, theirs.high):
        return None
    return bool(ours.high < theirs.low or theirs.high < ours.low)  # type: ignore[operator]
