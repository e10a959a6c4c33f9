"""Which history the demo plays: the file it was given, or one of its own invention."""

from pathlib import Path

from apps.demo import history
from apps.demo.history import History
from apps.demo.simulator import Parameters, simulate

DEFAULT_LIMIT = 300
DRAWN = Parameters()


def limit_of(text: str) -> int | None:
    """A number of groups, or None for “all”. Raises ValueError."""
    if text == "all":
        return None
    limit = int(text)
    if limit < 1:
        raise ValueError("at least one group")
    return limit


def load(path: str, limit: int | None) -> History:
    """The whole history in the file at `path`; without a path an invented one, long enough.

    Raises HistoryRefused.
    """
    if path:
        return history.read(Path(path))
    return simulate(DRAWN, limit or DEFAULT_LIMIT)


def described(path: str, whole: History, used: History) -> str:
    """What is replayed, in a sentence for people."""
    if not path:
        return f"Synthetic history: {len(used.groups)} groups drawn by the simulator with {DRAWN}"
    if len(used.groups) == len(whole.groups):
        return f"{whole.name}: all {len(whole.groups):,} groups"
    return f"{whole.name}: the first {len(used.groups):,} of {len(whole.groups):,} groups"
