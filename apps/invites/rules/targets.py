"""Where a link leads on, by platform, and what it carries there. Pure.

Addresses come from the operator alone. A request adds nothing but values of known names, percent-encoded
into places the operator left for them, so no request ever chooses where somebody is sent.
"""

import enum
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from apps.invites.rules.links import line_problem


class Platform(enum.StrEnum):
    """Where a page was opened, as coarsely as its targets need it."""

    WECHAT = "wechat"
    IOS = "ios"
    ANDROID = "android"
    DESKTOP = "desktop"


_PLATFORMS = (
    (Platform.WECHAT, re.compile(r"MicroMessenger", re.IGNORECASE)),
    (Platform.IOS, re.compile(r"iPhone|iPad|iPod", re.IGNORECASE)),
    (Platform.ANDROID, re.compile(r"Android|HarmonyOS|OpenHarmony", re.IGNORECASE)),
)

UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
UTM_LONGEST = 100

# What an address may ask for, as `{name}`; `{query}` is all that is carried as one encoded value. A code
# is carried only where an address asks for it: told with a visit it would count as typed.
CARRIED = ("visit", "room", "offer", "variant", *UTM)
PLACES = (*CARRIED, "code", "query")
_PLACE = re.compile(r"\{([^{}]*)\}")


def platform_of(agent: str) -> Platform:
    """The platform of a user agent; what nobody knows is a desktop."""
    found = (platform for platform, pattern in _PLATFORMS if pattern.search(agent))
    return next(found, Platform.DESKTOP)


def utm_of(query: str) -> tuple[tuple[str, str], ...]:
    """The campaign parameters in a query string, in their usual order, each once and cut to length."""
    told = dict(parse_qsl(query, errors="replace")) if "utm_" in query else {}
    kept = ((name, told.get(name, "")[:UTM_LONGEST]) for name in UTM)
    return tuple((name, value) for name, value in kept if value and not line_problem(value))


def address_problem(address: str, schemes: frozenset[str]) -> str:
    """Why an operator's address cannot be a target; "" when it can.

    https with a host and nobody's password in it, or one of the app schemes the installation knows.
    Places such as {visit} stand behind the host only.
    """
    if not address.isascii() or re.search(r"[\s\\\"'<>`^|\x00-\x1f\x7f]", address):
        return "An address has no spaces, quotes or characters outside ASCII: encode them as %20."
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "This is no address."
    if parts.scheme != "https" and parts.scheme not in schemes:
        known = ", ".join(sorted({"https", *schemes}))
        return f"An address begins with one of these: {known}."
    if not host or "@" in parts.netloc:
        return "An address names its host, and no user or password before it."
    return _places_problem(address, parts.netloc)


def _places_problem(address: str, host: str) -> str:
    if "{" in host or "}" in host:
        return "The host stands fixed: places such as {visit} come behind it."
    unknown = [name for name in _PLACE.findall(address) if name not in PLACES]
    if unknown or re.search(r"[{}]", _PLACE.sub("", address)):
        return f"Places are {', '.join(f'{{{name}}}' for name in PLACES)}."
    return ""


def filled(address: str, carried: Mapping[str, str], *, code: str = "") -> str:
    """The address with what is not empty of `carried`: in its places, else added to its query.

    Every value is percent-encoded, so it stays a value whatever it holds.
    """
    given = {name: value for name, value in carried.items() if value}
    query = urlencode(given, quote_via=quote, safe="")
    if _PLACE.search(address):
        values = {**given, "code": code, "query": query}
        return _PLACE.sub(lambda place: quote(values.get(place[1], ""), safe=""), address)
    if not address or not query:
        return address
    base, hash_sign, fragment = address.partition("#")
    return f"{base}{'&' if '?' in base else '?'}{query}{hash_sign}{fragment}"
