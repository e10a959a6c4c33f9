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

SOURCE_WORDS = {
    Source.MANUAL: "an operator decided it",
    Source.CODE: "typed the code",
    Source.COUPON: "came with a coupon",
    Source.VISIT: "opened the link",
    Source.COOKIE: "had opened the link before, as a cookie remembers",
}


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
    OVERRULED = "overruled"


# Why a touch won or lost, as an operator would say it.
VERDICT_WORDS = {
    Verdict.WON: "Won.",
    Verdict.OWN_LINK: "Lost: it is their own link, and nobody brings themselves.",
    Verdict.OUTSIDE_WINDOW: "Lost: it was outside the attribution window.",
    Verdict.NOT_COUNTED: "Lost: a bot, a preview or a prefetch opened the link, no person.",
    Verdict.LINK_REVOKED: "Lost: the link was revoked by then.",
    Verdict.WEAKER_SOURCE: "Lost: there was something stronger.",
    Verdict.NOT_FIRST: "Lost: another came before it, and the first one counts here.",
    Verdict.NOT_LAST: "Lost: another came after it, and the last one counts here.",
    Verdict.OVERRULED: "Lost: an operator decided that nobody brought them.",
}


@dataclass(frozen=True)
class Candidate:
    """A touch as the decision sees it. `referrer` is the participant whose `link` it was."""

    touch: int
    source: Source
    referrer: int
    referrer_member: int
    touched_at: dt.datetime
    counted: bool = True
    revoked: bool = False
    channel: str = ""
    link: int = 0


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

    A touch counts in the half-open window (now − window, now]. Of an operator's decisions the last
    one stands, whatever the campaign says of touches. Ties in time go to the lower touch id, so the
    order of the candidates never matters.
    """
    eligible = [c for c in candidates if _objection(c, member, now, window) is None]

    def rank(candidate: Candidate) -> tuple[int, float, int]:
        age = candidate.touched_at.timestamp()
        earliest = first and candidate.source is not Source.MANUAL
        return (-_STRENGTH[candidate.source], age if earliest else -age, candidate.touch)

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
    if candidate.revoked and candidate.source is not Source.MANUAL:
        return Verdict.LINK_REVOKED
    if not now - window < candidate.touched_at <= now:
        return Verdict.OUTSIDE_WINDOW
    return None


def _comparison(candidate: Candidate, winner: Candidate | None, first: bool) -> Verdict:
    if winner is None or candidate == winner:
        return Verdict.WON
    if candidate.source is not winner.source:
        return Verdict.WEAKER_SOURCE
    earliest = first and winner.source is not Source.MANUAL
    return Verdict.NOT_FIRST if earliest else Verdict.NOT_LAST


def overruled(decided: Attribution) -> Attribution:
    """The same touches after an operator decided that nobody brought the member."""
    judged = tuple(
        Judged(row.candidate, Verdict.OVERRULED if _stood(row.verdict) else row.verdict)
        for row in decided.judged
    )
    return Attribution(None, judged)


def _stood(verdict: Verdict) -> bool:
    """Whether a touch would have counted, had there been no other."""
    compared = (Verdict.WON, Verdict.WEAKER_SOURCE, Verdict.NOT_FIRST, Verdict.NOT_LAST)
    return verdict in compared
