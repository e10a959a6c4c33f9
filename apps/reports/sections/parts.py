"""What a section of the report is made of: words, figures, a picture and its table. Pure."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from apps.reports.pictures import Picture
from apps.reports.viral.figures import Figure

Cell = str | int | float | dt.date | None
REASON = "Reason"


class Kind(StrEnum):
    """What the cells of a column are, which says how to write them."""

    TEXT = "text"
    COUNT = "count"
    NUMBER = "number"
    SHARE = "share"
    DAYS = "days"  # a length of time
    DATE = "date"
    MONTH = "month"  # its first day
    MONEY = "money"  # minor units


@dataclass(frozen=True)
class Column:
    title: str
    kind: Kind


@dataclass(frozen=True)
class Table:
    """Rows under columns. `slug` names it in addresses and as a sheet; money is in `currency`."""

    slug: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    currency: str = ""

    @property
    def shown(self) -> tuple[Column, ...]:
        """The columns a page shows: without a reason where nothing needs one."""
        return tuple(self.columns[place] for place in self._places())

    @property
    def told(self) -> tuple[tuple[tuple[Column, Cell], ...], ...]:
        """Each cell that a page shows, with its column."""
        places = self._places()
        return tuple(tuple((self.columns[at], row[at]) for at in places) for row in self.rows)

    def _places(self) -> list[int]:
        return [
            place
            for place, column in enumerate(self.columns)
            if column.title != REASON or any(row[place] is not None for row in self.rows)
        ]


@dataclass(frozen=True)
class Line:
    """A figure with its name, in an operator's words: the value or the reason for none, its interval,
    and why. `figure` is the same as numbers, of the `unit` "share", "days", a currency (minor units), or
    none."""

    label: str
    value: str
    interval: str
    why: str
    figure: Figure
    unit: str = ""


@dataclass(frozen=True)
class Section:
    """One question an operator has, with its answer.

    `answer` is a sentence, `lines` the figures behind it, `caveat` what not to believe of them, `what`
    explains them with the campaign's own numbers, a paragraph each. Who may not see money does not
    get a section that `is_money`. `tile` names the first line's figure at the top of the page.
    `counted_at` is when it was counted, where that was before the rest of the report.
    """

    slug: str
    question: str
    answer: str
    lines: tuple[Line, ...]
    caveat: str
    what: tuple[str, ...]
    table: Table
    picture: Picture | None = None
    is_money: bool = False
    tile: str = ""
    counted_at: dt.datetime | None = None


def table(
    slug: str,
    title: str,
    columns: Sequence[tuple[str, Kind]],
    rows: Sequence[tuple[Cell, ...]],
    currency: str = "",
) -> Table:
    """A table from (title, kind) of its columns."""
    return Table(slug, title, tuple(Column(*column) for column in columns), tuple(rows), currency)


def figure_cells(figure: Figure | None) -> tuple[Cell, Cell, Cell, Cell]:
    """Value, low, high and, where something is missing, the reason: four cells."""
    if figure is None:
        return None, None, None, None
    reason = None if figure.reason is None else str(figure.reason)
    return figure.value, figure.low, figure.high, reason


INTERVAL = ("Lower end, 95 %", "Upper end, 95 %", REASON)


def figure_columns(title: str, kind: Kind) -> tuple[tuple[str, Kind], ...]:
    """The columns of `figure_cells`."""
    low, high, reason = INTERVAL
    return (title, kind), (low, kind), (high, kind), (reason, Kind.TEXT)
