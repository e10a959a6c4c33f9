from apps.reports.models.programme import Programme
from apps.reports.models.rollups import (
    SOURCES,
    Arrival,
    Cell,
    Counted,
    Grain,
    Journal,
    Mark,
    Owner,
    Pair,
    Reach,
    Rolled,
    Root,
)
from apps.reports.models.shares import SharedReport

__all__ = [
    "SOURCES",
    "Arrival",
    "Cell",
    "Counted",
    "Grain",
    "Journal",
    "Mark",
    "Owner",
    "Pair",
    "Programme",
    "Reach",
    "Rolled",
    "Root",
    "SharedReport",
]
