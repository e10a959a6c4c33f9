"""Finds shared reports by their link."""

import datetime as dt

from django.core import signing

from apps.core.errors import NotFound
from apps.reports.models import SharedReport

_SIGNER = signing.Signer(salt="reports.shared", sep="~")


class ShareUnknown(NotFound):
    code = "share_unknown"
    message = "This link leads to no report."


class ShareOver(NotFound):
    code = "share_over"
    message = "This link has expired or was revoked."


def share_token(share: SharedReport) -> str:
    """What the share's link ends in: its public id, signed."""
    return _SIGNER.sign(share.public_id)


def share_by_token(token: str, *, now: dt.datetime) -> SharedReport:
    """The share behind a link that still opens. Raises ShareUnknown for one we never signed, and
    ShareOver for one that has expired or was revoked."""
    try:
        public_id = _SIGNER.unsign(token)
    except signing.BadSignature:
        raise ShareUnknown from None
    share = SharedReport.objects.select_related("campaign").filter(public_id=public_id).first()
    if share is None:
        raise ShareUnknown
    if share.revoked_at is not None or share.expires_at <= now:
        raise ShareOver
    return share
