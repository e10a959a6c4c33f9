"""Pictures of the report: dataclasses in, SVG or PNG out. No Django, no database, no clock."""

from apps.reports.pictures.budget import Burn
from apps.reports.pictures.canvas import Picture, inline_svg, png, svg
from apps.reports.pictures.growth import Growth
from apps.reports.pictures.intervals import Intervals, Mark, OverTime
from apps.reports.pictures.months import Arrivals, Foretold, Retention
from apps.reports.pictures.shares import Bars, Concentration, Cycle, Funnel
from apps.reports.pictures.trees import Tree

__all__ = [
    "Arrivals",
    "Bars",
    "Burn",
    "Concentration",
    "Cycle",
    "Foretold",
    "Funnel",
    "Growth",
    "Intervals",
    "Mark",
    "OverTime",
    "Picture",
    "Retention",
    "Tree",
    "inline_svg",
    "png",
    "svg",
]
