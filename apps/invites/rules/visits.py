"""What opening a link was: a person's visit, on what, or something that counts nowhere. Pure."""

from dataclasses import dataclass

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
