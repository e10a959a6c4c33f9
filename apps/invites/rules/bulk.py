"""What a line of a file of links says, or why it cannot be meant. Pure."""

import csv
import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from apps.invites.rules.links import Afterwards, LinkKind

# The first is needed.
COLUMNS = (
    *("external_id", "code", "label", "kind", "reference", "channel"),
    *("starts_at", "expires_at", "max_opens", "afterwards"),
)
MOST_LINES = 1_000


class FileUnreadable(Exception):
    """The file as a whole cannot be meant; says why."""


class CellUnreadable(Exception):
    """One cell cannot be meant; says which and why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


@dataclass(frozen=True)
class LinkLine:
    """A line with its number in the file; every known column, empty where absent."""

    number: int
    cells: dict[str, str]
    broken: str = ""


def link_lines(source: IO[str]) -> Iterator[LinkLine]:
    """The lines of a CSV file with a header. Raises FileUnreadable, also past a thousand lines."""
    reader = csv.reader(source, strict=True)
    try:
        header = [name.strip().casefold() for name in next(reader, [])]
        _check_header(header)
        found = 0
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            found += 1
            if found > MOST_LINES:
                raise FileUnreadable(f"At most {MOST_LINES:,} lines at a time.")
            yield _line(reader.line_num, header, cells)
    except csv.Error as error:
        raise FileUnreadable(f"Line {reader.line_num}: {error}.") from error


def _check_header(header: list[str]) -> None:
    known = ", ".join(COLUMNS)
    if "external_id" not in header:
        raise FileUnreadable(f"The header lacks “external_id”. It may have: {known}.")
    if unknown := [name for name in header if name not in COLUMNS]:
        raise FileUnreadable(f"Unknown column “{'”, “'.join(unknown)}”. There may be: {known}.")
    if twice := sorted({name for name in header if header.count(name) > 1}):
        raise FileUnreadable(f"The column “{'”, “'.join(twice)}” is there twice.")


def _line(number: int, header: list[str], cells: list[str]) -> LinkLine:
    known = dict.fromkeys(COLUMNS, "")
    if len(cells) != len(header):
        return LinkLine(
            number, known, f"The header has {len(header)} columns, this line {len(cells)}."
        )
    return LinkLine(
        number, known | dict(zip(header, (cell.strip() for cell in cells), strict=True))
    )


def check_cells(line: LinkLine) -> None:
    """Raises CellUnreadable for what no cell of any line may be."""
    if line.broken:
        raise CellUnreadable("", line.broken)
    if not line.cells["external_id"]:
        raise CellUnreadable("external_id", "This must not be empty.")
    for field, text in line.cells.items():
        if "\ufffd" in text or "\0" in text:
            raise CellUnreadable(field, "This is not readable as UTF-8 text.")
        if len(text) > 128:
            raise CellUnreadable(field, "At most 128 characters.")


def kind_in(line: LinkLine) -> LinkKind:
    """What the link is of; a partner's where the line says nothing."""
    text = line.cells["kind"].casefold()
    if text and text not in {kind.value for kind in LinkKind}:
        raise CellUnreadable("kind", f"One of {', '.join(LinkKind)}.")
    return LinkKind(text) if text else LinkKind.PARTNER


def afterwards_in(line: LinkLine) -> Afterwards:
    text = line.cells["afterwards"].casefold()
    if text and text not in {end.value for end in Afterwards}:
        raise CellUnreadable("afterwards", f"One of {', '.join(Afterwards)}.")
    return Afterwards(text) if text else Afterwards.PAGE


def opens_in(line: LinkLine) -> int | None:
    text = line.cells["max_opens"]
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or int(text) < 1:
        raise CellUnreadable("max_opens", "A whole number above 0, in digits only.")
    return int(text)


def moment_in(line: LinkLine, field: str) -> dt.datetime | None:
    """A moment in ISO 8601; a day alone is its midnight, and without a zone it is UTC."""
    text = line.cells[field]
    if not text:
        return None
    try:
        read = dt.datetime.fromisoformat(text)
        read = (read if read.tzinfo else read.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise CellUnreadable(
            field, "Write it as 2026-05-31 or 2026-05-31T18:00:00+08:00."
        ) from None
    if not 1970 <= read.year <= 2200:
        raise CellUnreadable(field, "This year cannot be meant.")
    return read
