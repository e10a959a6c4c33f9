"""Finding what an operator should be told of a campaign, and recording it as events."""

import datetime as dt
import zoneinfo
from collections.abc import Iterator
from typing import Any

from apps.campaigns.models import Campaign
from apps.campaigns.services import campaigns_to_watch, watch_claim
from apps.core.models import Event
from apps.core.services import event_record
from apps.core.sweepers import BATCH, each_due
from apps.core.transactions import in_transaction, retrying
from apps.reports import alert_rules
from apps.reports.alert_rules import Alert
from apps.reports.selectors import watching

# Each campaign is looked over once an hour, from its second day on.
EVERY = dt.timedelta(hours=1)
FIRST_AT = dt.timedelta(days=1)

Found = tuple[Alert, dict[str, Any]]


def alerts_find() -> int:
    """Look over the campaigns whose turn it is; how many that were."""
    due = campaigns_to_watch(every=EVERY, age=FIRST_AT).order_by("pk")
    return each_due(list(due.values_list("pk", flat=True)[:BATCH]), _look)


def _look(campaign_id: int) -> int:
    """Take the turn, and then look: of two sweepers at once one looks and one does not.

    The turn is taken in a transaction of its own. A look that fails is logged and comes again with
    the next turn, not every second.
    """
    now = watch_claim(campaign_id=campaign_id, every=EVERY)
    if now is None:
        return 0
    retrying(lambda: alerts_record(campaign_id=campaign_id, now=now))
    return 1


@in_transaction
def alerts_record(*, campaign_id: int, now: dt.datetime) -> None:
    """Record what there is to tell of one campaign: at most one event per kind and day. Locks nothing."""
    campaign = Campaign.objects.get(pk=campaign_id)
    for kind, figures in found_in(campaign, now=now):
        alert_record(campaign=campaign, kind=kind, figures=figures, now=now)


def found_in(campaign: Campaign, *, now: dt.datetime) -> Iterator[Found]:
    """All that the rules find worth telling. Only reads."""
    pace = watching.pace_of(campaign, now=now)
    if pace is not None and (changed := alert_rules.k_changed(pace)) is not None:
        yield changed
    burn = watching.burn_of(campaign, now=now)
    if burn is not None and (burning := alert_rules.burns(burn)) is not None:
        yield Alert.BUDGET_BURN, burning
    links, channels = watching.sources_of(campaign, now=now)
    for named, sources in (("link", links), ("channel", channels)):
        if (leapt := alert_rules.sudden(sources)) is not None:
            source, figures = leapt
            yield Alert.SUDDEN_SOURCE, {named: source.name, **figures}
            break  # the link says more than its channel
    if (refunds := alert_rules.refunds_high(*watching.refunds_of(campaign, now=now))) is not None:
        yield Alert.REFUNDS_HIGH, refunds


@in_transaction
def alert_record(
    *, campaign: Campaign, kind: Alert, figures: dict[str, Any], now: dt.datetime
) -> Event | None:
    """Tell of something, once per campaign, kind and day (the campaign's); None when it was told.

    The event's key holds that. Whoever calls it has taken the campaign's turn.
    """
    day = now.astimezone(zoneinfo.ZoneInfo(campaign.time_zone)).date().isoformat()
    key = f"{kind}:{campaign.public_id}:{day}"
    if Event.objects.filter(key=key).exists():
        return None  # told today already, with the figures of then
    return event_record(
        key=key,
        kind=kind,
        payload={"campaign": campaign.public_id, "day": day, **figures},
        occurred_at=now,
        is_test=campaign.is_test,
        wakes=False,
    )
