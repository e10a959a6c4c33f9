"""Signing a message and posting it. Touches no database."""

import asyncio
import datetime as dt
import logging
from dataclasses import dataclass

import httpx
from standardwebhooks import Webhook

from apps.core import clock

log = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 10.0


@dataclass(frozen=True)
class Parcel:
    """A delivery claimed by this sender until `leased_until`, with all it takes to post it."""

    delivery_id: int
    endpoint_id: int
    leased_until: dt.datetime
    attempts: int
    message_id: str
    url: str
    secret: str
    body: str


@dataclass(frozen=True)
class Answer:
    """What the shop answered, or why it did not."""

    status_code: int | None
    error: str = ""

    @property
    def accepted(self) -> bool:
        return self.status_code is not None and 200 <= self.status_code < 300

    @property
    def gone(self) -> bool:
        return self.status_code == httpx.codes.GONE


def client() -> httpx.AsyncClient:
    """An HTTP client that follows no redirect: a message goes where it was meant, or nowhere."""
    return httpx.AsyncClient(
        follow_redirects=False, timeout=httpx.Timeout(TOTAL_SECONDS, connect=CONNECT_SECONDS)
    )


async def post(through: httpx.AsyncClient, parcel: Parcel) -> Answer:
    """Post a parcel once; the answer, whatever happens. Takes at most 10 seconds in all."""
    try:
        # httpx limits each read by itself; a shop that drips bytes would hold it for ever.
        async with asyncio.timeout(TOTAL_SECONDS):
            content = parcel.body.encode()
            headers = signed_headers(parcel, clock.now())
            async with through.stream(
                "POST", parcel.url, content=content, headers=headers
            ) as response:
                status_code = response.status_code
    except TimeoutError:
        return Answer(None, f"No answer within {TOTAL_SECONDS:g} seconds.")
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        return Answer(None, _in_words(error))
    except Exception as error:
        # A bug, but this message's alone: it is put off like any other and the rest are sent.
        log.exception("message %s could not be posted", parcel.message_id)
        return Answer(None, _in_words(error))
    return Answer(status_code, "" if 200 <= status_code < 300 else f"HTTP {status_code}")


def signed_headers(parcel: Parcel, now: dt.datetime) -> dict[str, str]:
    """The headers of Standard Webhooks. The timestamp is this attempt's, the id the message's."""
    return {
        "content-type": "application/json",
        "user-agent": "referral-engine",
        "webhook-id": parcel.message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(parcel.secret).sign(parcel.message_id, now, parcel.body),
    }


def _in_words(error: Exception) -> str:
    # The shop's bytes may be quoted in it, and PostgreSQL stores no NUL.
    return f"{type(error).__name__}: {error}".replace("\0", "")[:300]
