"""What a line of a history file says, or why it cannot be meant. No database."""

import csv
import datetime as dt
import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

MOST_POINTS = 10**12


class ImportKind(enum.StrEnum):
    MEMBERS = "members"
    BALANCES = "balances"
    TIERS = "tiers"
    REFERRERS = "referrers"


# The first column of each is needed; so is whatever _NEEDED adds.
COLUMNS = {
    ImportKind.MEMBERS: (
        *("external_id", "nickname", "first_order_at", "phone_sha256"),
        *("openid", "openid_app_id", "unionid"),
    ),
    ImportKind.BALANCES: ("external_id", "points", "expires_at", "import_id"),
    ImportKind.TIERS: ("external_id", "tier", "until", "import_id"),
    ImportKind.REFERRERS: ("external_id", "referrer_external_id", "joined_at"),
}
NEEDED = {
    ImportKind.MEMBERS: ("external_id",),
    ImportKind.BALANCES: ("external_id", "points"),
    ImportKind.TIERS: ("external_id", "tier"),
    ImportKind.REFERRERS: ("external_id", "referrer_external_id"),
}
_LONGEST = {"nickname": 64, "import_id": 64, "openid_app_id": 64, "tier": 20}


class FileUnreadable(Exception):
    """The file as a whole cannot be meant; says why."""


class LineUnreadable(Exception):
    """One line cannot be meant."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


@dataclass(frozen=True)
class Line:
    """A line with its number in the file. `cells` has every known column, empty where absent."""

    number: int
    cells: dict[str, str]
    broken: str = ""


def lines_of(source: IO[str], kind: ImportKind) -> Iterator[Line]:
    """The lines of a CSV file with a header, one at a time. Raises FileUnreadable for its header."""
    reader = csv.reader(source, strict=True)
    try:
        header = [name.strip().casefold() for name in next(reader, [])]
        check_header(header, kind)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield _line(reader.line_num, header, cells, kind)
    except csv.Error as error:
        raise FileUnreadable(f"Line {reader.line_num}: {error}.") from error


def _line(number: int, header: list[str], cells: list[str], kind: ImportKind) -> Line:
    known = dict.fromkeys(COLUMNS[kind], "")
    if len(cells) != len(header):
        return Line(number, known, f"The header has {len(header)} columns, this line {len(cells)}.")
    return Line(number, known | dict(zip(header, (cell.strip() for cell in cells), strict=True)))


def check_header(header: list[str], kind: ImportKind) -> None:
    """Raises FileUnreadable, naming the columns that are missing, unknown or there twice."""
    known = ", ".join(COLUMNS[kind])
    if missing := [name for name in NEEDED[kind] if name not in header]:
        raise FileUnreadable(f"The header lacks “{'”, “'.join(missing)}”. It may have: {known}.")
    if unknown := [name for name in header if name not in COLUMNS[kind]]:
        raise FileUnreadable(f"Unknown column “{'”, “'.join(unknown)}”. There may be: {known}.")
    if twice := sorted({name for name in header if header.count(name) > 1}):
        raise FileUnreadable(f"The column “{'”, “'.join(twice)}” is there twice.")


def check_line(line: Line, kind: ImportKind) -> None:
    """Raises LineUnreadable for what is wrong with any line: cells missing, too long, unreadable."""
    if line.broken:
        raise LineUnreadable("", line.broken)
    for field, text in line.cells.items():
        if "\ufffd" in text or "\0" in text:
            raise LineUnreadable(field, "This is not readable as UTF-8 text.")
        if len(text) > _LONGEST.get(field, 128):
            raise LineUnreadable(field, f"At most {_LONGEST.get(field, 128)} characters.")
    for field in NEEDED[kind]:
        if not line.cells[field] and field != "referrer_external_id":
            raise LineUnreadable(field, "This must not be empty.")


def moment(line: Line, field: str) -> dt.datetime | None:
    """A moment in ISO 8601; a day alone is its midnight, and without a zone it is UTC."""
    text = line.cells[field]
    if not text:
        return None
    try:
        read = dt.datetime.fromisoformat(text)
        read = read if read.tzinfo else read.replace(tzinfo=dt.UTC)
        read = read.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise LineUnreadable(
            field, "Write it as 2026-05-31 or 2026-05-31T18:00:00+08:00."
        ) from None
    if not 1970 <= read.year <= 2200:
        raise LineUnreadable(field, "This year cannot be meant.")
    return read


def past(line: Line, field: str, now: dt.datetime) -> dt.datetime | None:
    """A moment that has been. Raises LineUnreadable for one to come."""
    read = moment(line, field)
    if read is not None and read > now:
        raise LineUnreadable(field, "This is still to come.")
    return read


def future(line: Line, field: str, now: dt.datetime) -> dt.datetime | None:
    """A moment to come. Raises LineUnreadable for one that has been."""
    read = moment(line, field)
    if read is not None and read <= now:
        raise LineUnreadable(field, "This is over already.")
    return read


def points(line: Line) -> int:
    text = line.cells["points"]
    if not re.fullmatch(r"[0-9]{1,13}", text, re.ASCII) or not 0 < int(text) <= MOST_POINTS:
        raise LineUnreadable("points", "A whole number from 1 to 10¹², in digits only.")
    return int(text)


def phone_hash(line: Line) -> str:
    text = line.cells["phone_sha256"].lower()
    if text and not re.fullmatch(r"[0-9a-f]{64}", text):
        raise LineUnreadable("phone_sha256", "The SHA-256 of the number: 64 hexadecimal digits.")
    return text


def key_of(kind: ImportKind, member: str, line: Line) -> str:
    """What makes a line count once: its import id, else its values (the member aside)."""
    own = line.cells["import_id"]
    if own:
        return f"import:{kind}:{member}:id:{own}"
    if kind is ImportKind.BALANCES:
        until = moment(line, "expires_at")
        return f"import:{kind}:{member}:{points(line)}:{until.isoformat() if until else 'never'}"
    until = moment(line, "until")
    return f"import:{kind}:{member}:{line.cells['tier']}:{until.isoformat() if until else 'open'}"
