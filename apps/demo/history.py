"""Group-buy history as a file tells it: read and checked whole, before anything happens."""

import csv
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

COLUMNS = ["group_id", "initiator", "item", "status", "participants"]
COMPLETED, FAILED = "success", "failed"
# Not `int()` alone: it takes "+1", "1_000" and other alphabets' digits.
_INTEGER = re.compile(r"[0-9]{1,18}")


class HistoryRefused(Exception):
    """The history cannot be replayed; the message names file, line and reason."""


@dataclass(frozen=True, slots=True)
class Group:
    """One group-buy: who opened it for what, whether it completed, and who came."""

    line: int
    group_id: int
    initiator: int
    item: int
    completed: bool
    participants: tuple[int, ...]

    @property
    def size(self) -> int:
        """The seats of its room. A failed group's initiator waited for one more."""
        return len(self.participants) + 1 if self.completed else 2

    @property
    def refunded(self) -> bool:
        """Whether the demo refunds the first participant after completion."""
        return self.completed and self.group_id % 10 == 7


@dataclass(frozen=True, slots=True)
class History:
    """Groups in their order. `digest` stands for the whole of the data, however few are used."""

    name: str
    digest: str
    groups: tuple[Group, ...]

    @property
    def digest8(self) -> str:
        """Enough of the digest to name things by."""
        return self.digest[:8]

    def first(self, limit: int | None) -> "History":
        """The same history with its first `limit` groups; all of them for None."""
        return replace(self, groups=self.groups[:limit])


def read(path: Path) -> History:
    """The history in a `.csv` or `.csv.gz` file. Raises HistoryRefused."""
    try:
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
        text = content.decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise HistoryRefused(f"{path}: cannot be read: {reason}") from None
    digest = hashlib.sha256(content).hexdigest()
    return History(path.name, digest, _groups(str(path), text))


def _groups(source: str, text: str) -> tuple[Group, ...]:
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    groups: dict[int, Group] = {}
    try:
        if next(rows, []) != COLUMNS:
            raise ValueError(f"the columns must be {','.join(COLUMNS)}")
        for row in rows:
            group = _group(rows.line_num, row)
            if earlier := groups.get(group.group_id):
                raise ValueError(f"group {group.group_id} was already in line {earlier.line}")
            groups[group.group_id] = group
    except (ValueError, csv.Error) as error:
        line = max(1, rows.line_num)
        raise HistoryRefused(f"{source}, line {line}: {error}") from None
    return tuple(groups.values())


def _group(line: int, row: list[str]) -> Group:
    """One row as a group. Raises ValueError with what is wrong with it."""
    if len(row) != len(COLUMNS):
        raise ValueError(f"{len(COLUMNS)} columns are needed, not {len(row)}")
    status = row[3]
    if status not in (COMPLETED, FAILED):
        raise ValueError(f"unknown status “{status}”")
    group_id, initiator, item = _integers(row[:3])
    participants = _integers(row[4].split())
    if initiator in participants:
        raise ValueError(f"the initiator {initiator} is among the participants")
    if len(set(participants)) < len(participants):
        raise ValueError("a participant is named twice")
    if status == COMPLETED and not participants:
        raise ValueError("a success needs participants")
    if status == FAILED and participants:
        raise ValueError("a failed group has no participants")
    return Group(line, group_id, initiator, item, status == COMPLETED, participants)


def _integers(words: Sequence[str]) -> tuple[int, ...]:
    for word in words:
        if not _INTEGER.fullmatch(word):
            raise ValueError(f"“{word}” is not an integer")
    return tuple(int(word) for word in words)
