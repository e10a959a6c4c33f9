"""Writes links to reports. Who made and who revoked them stays on the row."""

import datetime as dt

from django.contrib.auth.models import User
from django.db.models import Q

from apps.campaigns.models import Campaign
from apps.core.errors import Conflict, Invalid
from apps.reports.models import SharedReport

MOST_DAYS = 366
# How often it is noted that a link was opened: a page that many look at must not write each time.
NOTED_EVERY = dt.timedelta(minutes=1)


class ShareDays(Invalid):
    code = "share_days"
    message = f"A link to a report lasts from 1 to {MOST_DAYS} days."


class ShareRevoked(Conflict):
    code = "share_revoked"
    message = "This link is revoked already."


def report_share(
    *, campaign: Campaign, label: str, days: int, shows_money: bool, by: User, now: dt.datetime
) -> SharedReport:
    """Make a link to the campaign's report that lasts so many days.

    Raises ShareDays outside 1…366. Locks nothing.
    """
    if not 1 <= days <= MOST_DAYS:
        raise ShareDays(pointer="/days")
    return SharedReport.objects.create(
        campaign=campaign,
        label=label,
        shows_money=shows_money,
        made_by=by,
        made_at=now,
        expires_at=now + dt.timedelta(days=days),
    )


def report_share_revoke(*, share_id: int, by: User, now: dt.datetime) -> None:
    """The link shows nothing from now on, for good. Raises ShareRevoked where it was revoked before:
    the first one who did stays on the row. One conditional update."""
    open_ = SharedReport.objects.filter(pk=share_id, revoked_at=None)
    if not open_.update(revoked_at=now, revoked_by=by):
        raise ShareRevoked


def report_share_opened(*, share_id: int, now: dt.datetime) -> None:
    """Note that somebody looked, at most once a minute."""
    before = Q(last_opened_at=None) | Q(last_opened_at__lt=now - NOTED_EVERY)
    SharedReport.objects.filter(before, pk=share_id).update(last_opened_at=now)
