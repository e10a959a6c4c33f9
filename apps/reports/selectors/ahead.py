"""Reading what was counted ahead."""

import datetime as dt
from typing import Any

from apps.campaigns.models import Campaign
from apps.reports.models import Ahead

# What is older was left by workers who are away, or whose campaign is no longer looked at.
STALE = dt.timedelta(days=2)


def counted_ahead(
    campaign: Campaign, what: Ahead.What, *, within: dt.timedelta, now: dt.datetime
) -> tuple[Any, dt.datetime] | None:
    """What was counted by this window last, and when; None where nobody has, or long ago."""
    return (
        Ahead.objects.filter(
            campaign=campaign,
            what=what,
            within=within,
            counted_at__lte=now,
            counted_at__gt=now - STALE,
        )
        .values_list("counted", "counted_at")
        .first()
    )
