"""Who is at the other end, behind a known number of proxies."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings


def client_address(meta: Mapping[str, Any]) -> str:
    """The address of whoever asks, as the outermost of our TRUSTED_PROXIES proxies saw it.

    Each of them adds to X-Forwarded-For whom it heard from, so that the last entries are theirs and
    everything before may be made up. Without proxies the header is nothing but a claim.
    """
    heard = str(meta.get("REMOTE_ADDR") or "")
    if not settings.TRUSTED_PROXIES:
        return heard
    told = [part.strip() for part in str(meta.get("HTTP_X_FORWARDED_FOR", "")).split(",")]
    told = [part for part in told if part]
    return told[-min(settings.TRUSTED_PROXIES, len(told))] if told else heard
