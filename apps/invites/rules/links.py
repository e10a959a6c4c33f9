"""What opening a link does, by its own terms and its campaign's; and what a code may look like. Pure."""

import datetime as dt
import enum
import re
import unicodedata
from dataclasses import dataclass


class LinkKind(enum.StrEnum):
    """What a link is a link of, besides its owner. Its `reference` says which one, in the shop's words.

    Whether it leads to the campaign or to one room of it is another question.
    """

    MEMBER = "member"
    OFFER = "offer"
    STORE = "store"
    LIVE = "live"
    COMMUNITY = "community"
    ASSISTANT = "assistant"
    PARTNER = "partner"


class Afterwards(enum.StrEnum):
    """What a link does that is over, while its campaign is not."""

    PAGE = "page"
    CAMPAIGN = "campaign"
    SHOP = "shop"


class Standing(enum.StrEnum):
    """What opening a link does: it OPENS, or the reason why it does not."""

    OPENS = "opens"
    REVOKED = "revoked"
    ENDED = "ended"
    EXPIRED = "expired"
    EXHAUSTED = "exhausted"
    PAUSED = "paused"
    EARLY = "early"
    NOT_YET = "not_yet"


# Of these the link itself is over: it never opens again by the passing of time.
OVER = frozenset({Standing.REVOKED, Standing.EXPIRED, Standing.EXHAUSTED})


@dataclass(frozen=True)
class LinkTerms:
    """When and how often a link opens: in [starts_at, expires_at), for `max_opens` counted visits."""

    revoked: bool = False
    starts_at: dt.datetime | None = None
    expires_at: dt.datetime | None = None
    max_opens: int | None = None


@dataclass(frozen=True)
class CampaignTerms:
    """When a campaign is shown. `over`: ended for good; `halted`: paused or under the emergency stop."""

    starts_at: dt.datetime
    ends_at: dt.datetime | None = None
    shown_from: dt.datetime | None = None
    over: bool = False
    halted: bool = False


def standing(
    link: LinkTerms, campaign: CampaignTerms, *, now: dt.datetime, opens: int = 0
) -> Standing:
    """What opening a link at `now` does, after so many counted visits.

    What is final is said before what passes, and of two final things the one the shop did. `opens`
    matters only to a link with `max_opens`. Whoever keeps what this reads may ask again later.
    """
    if link.revoked:
        return Standing.REVOKED
    if campaign.over or (campaign.ends_at is not None and now >= campaign.ends_at):
        return Standing.ENDED
    if link.expires_at is not None and now >= link.expires_at:
        return Standing.EXPIRED
    if link.max_opens is not None and opens >= link.max_opens:
        return Standing.EXHAUSTED
    if campaign.halted:
        return Standing.PAUSED
    if now < (campaign.shown_from or campaign.starts_at):
        return Standing.EARLY
    if link.starts_at is not None and now < link.starts_at:
        return Standing.NOT_YET
    return Standing.OPENS


def next_change(
    link: LinkTerms, campaign: CampaignTerms, *, now: dt.datetime
) -> dt.datetime | None:
    """The next moment at which time alone may change what opening a link does, or what its page says."""
    moments = (
        *(link.starts_at, link.expires_at),
        *(campaign.shown_from, campaign.starts_at, campaign.ends_at),
    )
    return min((moment for moment in moments if moment is not None and moment > now), default=None)


CODE_SHORTEST, CODE_LONGEST = 4, 32
_CUSTOM_CODE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)

# Words that would let a link pass for the shop, or that programs write where they mean nothing.
RESERVED_CODES = frozenset(
    {
        *("about", "account", "admin", "administrator", "alipay", "api", "billing", "campaign"),
        *("checkout", "coupon", "false", "gift", "help", "index", "link", "links", "login"),
        *("logout", "mail", "member", "none", "null", "official", "order", "pay", "payment"),
        *("poster", "refund", "robots", "root", "security", "service", "shop", "signup", "staff"),
        *("static", "store", "support", "system", "test", "true", "undefined", "wechat", "weixin"),
    }
)


def code_meant(typed: str) -> str:
    """The code somebody means who typed it, or whose phone began it with a capital."""
    return typed.strip().lower()


def code_problem(code: str) -> str:
    """Why a code cannot be chosen for a link; "" when it can.

    Chosen codes are read out and printed: lower case, digits and single hyphens, 4 to 32 characters,
    and no word that would pass for the shop itself.
    """
    if not CODE_SHORTEST <= len(code) <= CODE_LONGEST:
        return f"A code has {CODE_SHORTEST} to {CODE_LONGEST} characters."
    if not _CUSTOM_CODE.fullmatch(code):
        return "A code has small letters a–z, digits, and single hyphens between them."
    if code in RESERVED_CODES or any(word in ("official", "admin") for word in code.split("-")):
        return f"“{code}” is reserved: it would pass for the shop itself."
    return ""


def line_problem(text: str) -> str:
    """Why a text cannot be a label, a channel or a reference; "" when it can: one line, printable."""
    if any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in text):
        return "One line of text, without control characters."
    return ""
