"""Alerts that were told, as operators read them."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from apps.campaigns.models import Campaign
from apps.core.models import Event
from apps.reports.alert_rules import Alert

KEPT_IN_SIGHT = dt.timedelta(days=7)
SHOWN = 12


@dataclass(frozen=True)
class Told:
    """One alert: its kind, its figures, when, and of which campaign."""

    kind: Alert
    figures: dict[str, Any]
    at: dt.datetime
    campaign: Campaign


def alerts_of(campaign: Campaign) -> QuerySet[Event]:
    """All alerts of a campaign, as long as events are kept; few of all there are, and found by kind."""
    kinds = list(Alert)
    return Event.objects.filter(kind__in=kinds, payload__campaign=campaign.public_id)


def alerts_lately(*, now: dt.datetime, shown: int = SHOWN) -> list[Told]:
    """Those of the last seven days, the newest first. Two queries."""
    since = now - KEPT_IN_SIGHT
    rows = Event.objects.filter(kind__in=list(Alert), occurred_at__gt=since).order_by("-pk")
    events = list(rows[:shown])
    named = {event.payload["campaign"] for event in events}
    campaigns = {row.public_id: row for row in Campaign.objects.filter(public_id__in=named)}
    return [
        Told(Alert(event.kind), event.payload, event.occurred_at, campaigns[of])
        for event in events
        if (of := event.payload["campaign"]) in campaigns
    ]
