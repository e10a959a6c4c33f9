"""Pictures of the report: dataclasses in, SVG or PNG out. No Django, no database, no clock."""

from apps.reports.pictures.budget import Burn
from apps.reports.pictures.canvas import Picture, inline_svg, png, svg
from apps.reports.pictures.growth import Growth
from apps.reports.pictures.intervals import Intervals, Mark, OverTime
from apps.reports.pictures.shares import Bars, Concentration, Cycle, Funnel
from apps.reports.pictures.trees import Tree

__all__ = [
    "Bars",
    "Burn",
    "Concentration",
    "Cycle",
    "Funnel",
    "Growth",
    "Intervals",
    "Mark",
    "OverTime",
    "Picture",
    "Tree",
    "inline_svg",
    "png",
    "svg",
]
