"""Share pages drawn ahead, with a blank in place of the token of the visit."""

import datetime as dt
import secrets
from dataclasses import dataclass

from apps.core.ids import new_id
from apps.invites.models import Link

# Where the front door puts a sheet among the variables of a request. No header can set it: the names
# of those begin with HTTP_.
SHEET = "engine.sheet"

# As long as what takes their place, and of characters that neither HTML nor an address escapes. Drawn
# anew by each process, so that no name or text of somebody's can hold them.
_CLICK_ID = new_id("vis")
_SIGNATURE = secrets.token_hex(32)[:43]


@dataclass
class Sheet:
    """A page asked for before anybody opens it; `link_id` is None while none was drawn.

    What the page shows may hang on the link, the address, host, scheme and method of the request, and
    the coarse device and the platform; a view that looks at anything else must not draw on a sheet.
    """

    link_id: int | None = None
    channel: str = ""
    until: dt.datetime | None = None

    def draw(self, *, link: Link, channel: str, until: dt.datetime | None) -> str:
        """Take the page of `link`, good before `until`; what to put where the token goes."""
        self.link_id, self.channel, self.until = link.pk, channel, until
        return f"{_CLICK_ID}:{_SIGNATURE}"


Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Page:
    """A drawn sheet as it was answered: status, headers and body, to be filled in for each visit.

    The times are of the monotonic clock.
    """

    link_id: int
    channel: str
    status: int
    headers: Headers
    body: bytes
    fresh_until: float
    good_until: float

    def filled(self, click_id: str, signature: str) -> tuple[Headers, bytes]:
        """The headers and the body for a visit."""
        body = self.body.replace(_CLICK_ID.encode(), click_id.encode())
        body = body.replace(_SIGNATURE.encode(), signature.encode())
        if not any(_CLICK_ID in value for _, value in self.headers):
            return self.headers, body
        headers = tuple(
            (name, value.replace(_CLICK_ID, click_id).replace(_SIGNATURE, signature))
            for name, value in self.headers
        )
        return headers, body
