"""The report's sections: each answers one question of an operator. Pure."""

from apps.reports.sections.compared import (
    comparison,
    comparison_table,
    variants_compared,
    versus_tables,
)
from apps.reports.sections.counts import counts_tables
from apps.reports.sections.details import detail_sections
from apps.reports.sections.parts import Kind, Line, Section, Table
from apps.reports.sections.spread import (
    amplification_section,
    carriers_section,
    cycle_section,
    generations_section,
    k_section,
)
from apps.reports.sections.ways import (
    attributed_section,
    cost_section,
    forecast_section,
    funnel_section,
)
from apps.reports.selectors import WholeReport

__all__ = [
    "Kind",
    "Line",
    "Section",
    "Table",
    "comparison",
    "comparison_table",
    "counts_tables",
    "default_sections",
    "detail_sections",
    "variants_compared",
    "versus_tables",
]


def default_sections(report: WholeReport, *, money: bool = True) -> tuple[Section, ...]:
    """The nine questions of the default report, in the order an operator asks them; those about
    money only where it may be seen."""
    sections = (
        k_section(report),
        forecast_section(report),
        generations_section(report),
        cycle_section(report),
        funnel_section(report),
        carriers_section(report),
        amplification_section(report),
        cost_section(report),
        attributed_section(report),
    )
    return tuple(section for section in sections if money or not section.is_money)
