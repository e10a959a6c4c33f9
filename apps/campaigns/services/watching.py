"""Looking a campaign over: whose turn it is, and that nobody else looks meanwhile."""

import datetime as dt
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from apps.campaigns.models import Campaign
from apps.core.clock import EngineNow
from apps.core.transactions import in_transaction

# A conflict on the row waits for whoever claims it, and then looks at what they left.
_CLAIM = """
INSERT INTO campaigns_watch AS watch (campaign_id, looked_at) VALUES (%(campaign)s, engine_now())
ON CONFLICT (campaign_id) DO UPDATE SET looked_at = excluded.looked_at
  WHERE watch.looked_at <= excluded.looked_at - %(every)s
RETURNING looked_at
"""


def campaigns_to_watch(*, every: dt.timedelta, age: dt.timedelta) -> QuerySet[Campaign]:
    """Those that run since `age` at the least, and were last looked over `every` ago or never."""
    published = (Campaign.Status.SCHEDULED, Campaign.Status.RUNNING, Campaign.Status.PAUSED)
    return Campaign.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=EngineNow()),
        Q(watch=None) | Q(watch__looked_at__lte=EngineNow() - every),
        status__in=published,
        starts_at__lte=EngineNow() - age,
    )


@in_transaction
def watch_claim(*, campaign_id: int, every: dt.timedelta) -> dt.datetime | None:
    """Take the turn to look a campaign over: the moment of it, or None where somebody had it less
    than `every` ago. Locks the watch's row until the transaction ends."""
    given: dict[str, Any] = {"campaign": campaign_id, "every": every}
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, given)
        row = cursor.fetchone()
    return row[0] if row else None
