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


# Whoever brings the token of such a visit was brought by its link.
BINDING = ("", "repeat")

# Messengers and networks that draw a card of a link somebody sends.
_PREVIEWERS = (
    "facebookexternalhit",
    "facebot",
    "whatsapp",
    "telegrambot",
    "twitterbot",
    "slackbot",
    "slack-imgproxy",
    "discordbot",
    "linkedinbot",
    "skypeuripreview",
    "vkshare",
    "viber",
    "iframely",
    "embedly",
    "redditbot",
    "pinterest",
    "snapchat",
    "mastodon",
)
_MINI_PROGRAMS = ("miniprogram", "microapp")
_MINI_PROGRAM_PAGES = "https://servicewechat.com/"
_APP_CLIENTS = ("okhttp", "cfnetwork", "dart/", "alamofire")


@dataclass(frozen=True)
class Opening:
    """How a link was opened, as far as headers tell, on what, and by whom: a hash, or "" for nobody."""

    method: str
    purpose: str
    is_bot: bool
    is_previewer: bool = False
    device: str = ""
    visitor: str = ""


def skip_reason(opening: Opening) -> str:
    """Why an opened link is no visit of a person: "head", "prefetch", "preview", "bot"; "" when it is."""
    if opening.method == "HEAD":
        return "head"
    purpose = opening.purpose.lower()
    if "prefetch" in purpose:
        return "prefetch"
    if opening.is_previewer or "preview" in purpose:
        return "preview"
    return "bot" if opening.is_bot else ""


def is_previewer(agent: str) -> bool:
    """Whether a user agent is that of somebody who only draws a card."""
    words = agent.lower()
    return any(name in words for name in _PREVIEWERS)


def is_app_client(agent: str) -> bool:
    """Whether a user agent is that of a library with which apps on phones call an API."""
    words = agent.lower()
    return any(name in words for name in _APP_CLIENTS)


def device_of(agent: str, *, system: str, model: str, in_mini_program: bool = False) -> str:
    """The coarse device behind a user agent, whose system and model a library has read; "" if unclear."""
    words = agent.lower()
    if in_mini_program or any(name in words for name in _MINI_PROGRAMS):
        return "mini_program"
    if is_app_client(agent):
        return "app"
    if model == "iPad" or "tablet" in words:
        return "tablet"
    if system in ("iOS", "Windows Phone", "KaiOS") or "mobile" in words:
        return "phone"
    if system == "Android":
        return "phone" if "Smartphone" in model else "tablet"
    return "desktop" if system else ""


def is_mini_program_page(page: str) -> bool:
    """Whether the page that asks (`Referer`) is one of a mini-program."""
    return page.startswith(_MINI_PROGRAM_PAGES)
