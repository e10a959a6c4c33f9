"""What is sent, where to, and when again."""

import datetime as dt
import json
from typing import Any
from urllib.parse import urlsplit

# After the 1st, 2nd, … failed attempt; the steps Standard Webhooks suggests. Then it is parked.
PAUSES = (
    dt.timedelta(seconds=5),
    dt.timedelta(minutes=5),
    dt.timedelta(minutes=30),
    dt.timedelta(hours=2),
    dt.timedelta(hours=5),
    dt.timedelta(hours=10),
    dt.timedelta(hours=10),
)
MAX_ATTEMPTS = len(PAUSES) + 1
# A pause grows by up to this share, so that a shop which was down is not met by all at once.
JITTER = 0.2

URL_LENGTH = 500


def pause_after(attempts: int, *, jitter: float) -> dt.timedelta | None:
    """How long to wait after `attempts` failed attempts (1 or more); None: give up.

    `jitter` is a random share between 0 and 1.
    """
    if attempts > len(PAUSES):
        return None
    return PAUSES[attempts - 1] * (1 + JITTER * jitter)


def message_body(kind: str, key: str, occurred_at: dt.datetime, payload: dict[str, Any]) -> str:
    """A message as JSON. The same event always gives the same text, so a retry is a true repeat."""
    message = {
        "type": kind,
        "id": key,
        "timestamp": occurred_at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z"),
        "data": payload,
    }
    return json.dumps(message, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def address_problem(url: str) -> str:
    """Why messages cannot be posted to `url`, in a sentence; empty when they can."""
    if len(url) > URL_LENGTH:
        return f"A webhook address has at most {URL_LENGTH} characters."
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 – raises when it is no number
    except ValueError:
        return "This is not an address."
    if parts.scheme not in ("https", "http") or not parts.hostname:
        return "A webhook address starts with https:// or http:// and names a host."
    if parts.username is not None or parts.fragment:
        return "A webhook address carries neither a password nor a fragment."
    return ""
