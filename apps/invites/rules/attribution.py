"""Who brought somebody: touches in, a winner and everybody's reason out. Pure."""

import datetime as dt
import enum
from collections.abc import Sequence
from dataclasses import dataclass


class Source(enum.StrEnum):
    """How a touch came about, the strongest first: manual > code > coupon > visit > cookie."""

    MANUAL = "manual"
    CODE = "code"
    COUPON = "coupon"
    VISIT = "visit"
    COOKIE = "cookie"


_STRENGTH = {source: rank for rank, source in enumerate(reversed(Source))}


class Verdict(enum.StrEnum):
    """What became of a touch."""

    WON = "won"
    OWN_LINK = "own_link"
    OUTSIDE_WINDOW = "outside_window"
    NOT_COUNTED = "not_counted"
    LINK_REVOKED = "link_revoked"
    WEAKER_SOURCE = "weaker_source"
    NOT_FIRST = "not_first"
    NOT_LAST = "not_last"


@dataclass(frozen=True)
class Candidate:
    """A touch as the decision sees it. `referrer` is the participant whose link it was."""

    touch: int
    source: Source
    referrer: int
    referrer_member: int
    touched_at: dt.datetime
    counted: bool = True
    revoked: bool = False
    channel: str = ""


@dataclass(frozen=True)
class Judged:
    candidate: Candidate
    verdict: Verdict


@dataclass(frozen=True)
class Attribution:
    """The winning candidate, if any, and a verdict on every one."""

    winner: Candidate | None
    judged: tuple[Judged, ...]


def attribute(
    candidates: Sequence[Candidate],
    *,
    member: int,
    now: dt.datetime,
    window: dt.timedelta,
    first: bool,
) -> Attribution:
    """Choose the touch that brought `member`: the strongest source, then the first or the last.

    A touch counts in the half-open window (now − window, now]. Ties in time go to the lower touch
    id, so the order of the candidates never matters.
    """
    eligible = [c for c in candidates if _objection(c, member, now, window) is None]

    def rank(candidate: Candidate) -> tuple[int, float, int]:
        age = candidate.touched_at.timestamp()
        return (-_STRENGTH[candidate.source], age if first else -age, candidate.touch)

    winner = min(eligible, key=rank, default=None)
    judged = [
        Judged(c, _objection(c, member, now, window) or _comparison(c, winner, first))
        for c in sorted(candidates, key=lambda c: (c.touched_at, c.touch))
    ]
    return Attribution(winner, tuple(judged))


def _objection(
    candidate: Candidate, member: int, now: dt.datetime, window: dt.timedelta
) -> Verdict | None:
    if candidate.referrer_member == member:
        return Verdict.OWN_LINK
    if not candidate.counted:
        return Verdict.NOT_COUNTED
    if candidate.revoked:
        return Verdict.LINK_REVOKED
    if not now - window < candidate.touched_at <= now:
        return Verdict.OUTSIDE_WINDOW
    return None


def _comparison(candidate: Candidate, winner: Candidate | None, first: bool) -> Verdict:
    if winner is None or candidate == winner:
        return Verdict.WON
    if candidate.source is not winner.source:
        return Verdict.WEAKER_SOURCE
    return Verdict.NOT_FIRST if first else Verdict.NOT_LAST
