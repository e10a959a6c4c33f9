from apps.reports.models.ahead import Ahead
from apps.reports.models.money import (
    Earning,
    Given,
    GrantMark,
    Moment,
    Reward,
    Sale,
    Sold,
)
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
    "Ahead",
    "Arrival",
    "Cell",
    "Counted",
    "Earning",
    "Given",
    "Grain",
    "GrantMark",
    "Journal",
    "Mark",
    "Moment",
    "Owner",
    "Pair",
    "Programme",
    "Reach",
    "Reward",
    "Rolled",
    "Root",
    "Sale",
    "SharedReport",
    "Sold",
]
