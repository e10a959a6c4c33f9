"""The chain from a participant to those they brought, for the latest whose whole window is over."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import connection

from apps.campaigns.models import Campaign
from apps.reports.models import Ahead
from apps.reports.selectors.ahead import Kept
from apps.reports.viral.figures import Reason, absent
from apps.reports.viral.funnel import Funnel, funnel

# So many participants are asked about, the latest ones: with all of them, the page would get slower with
# each visit.
COHORT = 5_000

# Everything is counted within the attribution window of the participant it belongs to. Who never told
# of an intent to share, but whose link was opened, shared all the same.
_CHAIN_SQL = """
WITH mature AS MATERIALIZED (
    SELECT id, confirmed_at + %(window)s + interval '1 minute' AS until
    FROM invites_participant
    WHERE campaign_id = %(campaign)s AND status = 'confirmed' AND confirmed_at <= %(now)s - %(window)s
      AND (%(variant)s::text IS NULL OR variant = %(variant)s::text)
    ORDER BY confirmed_at DESC LIMIT %(cohort)s
), meant AS (
    SELECT l.participant_id, count(*) AS times
    FROM mature m JOIN invites_link l ON l.participant_id = m.id
    JOIN invites_share s ON s.link_id = l.id AND s.shared_at < m.until
    GROUP BY 1
), opened AS (
    SELECT l.participant_id, count(*) AS times
    FROM mature m JOIN invites_link l ON l.participant_id = m.id
    JOIN invites_visit v ON v.link_id = l.id AND v.skipped = '' AND v.opened_at < m.until
    GROUP BY 1
)
SELECT (SELECT count(*) FROM mature),
       (SELECT count(*) FROM meant FULL JOIN opened USING (participant_id)),
       (SELECT coalesce(sum(times), 0) FROM meant),
       (SELECT coalesce(sum(times), 0) FROM opened),
       (SELECT count(*) FROM mature m JOIN invites_participant c ON c.referrer_id = m.id
        WHERE c.joined_at < m.until),
       (SELECT count(*) FROM mature m JOIN invites_participant c ON c.referrer_id = m.id
        WHERE c.status = 'confirmed' AND c.confirmed_at < m.until)
"""
STEPS = ("participants", "sharers", "share intents", "links opened", "joined", "confirmed")


def mature_chain(campaign: Campaign, *, now: dt.datetime, variant: str | None = None) -> Funnel:
    """The steps of those confirmed at least one attribution window ago, 5,000 at most, the latest; of
    all variants or of one. Their product is referees per participant. Where phones told of no intent
    to share, that step is left out. One query."""
    given: dict[str, Any] = {
        "campaign": campaign.pk,
        "window": campaign.attribution_window,
        "now": now,
        "cohort": COHORT,
        "variant": variant,
    }
    with connection.cursor() as cursor:
        cursor.execute(_CHAIN_SQL, given)
        counts = cursor.fetchone()
    steps = [(name, int(count)) for name, count in zip(STEPS, counts, strict=True)]
    return _chain([(name, count) for name, count in steps if count or name != "share intents"])


def chain_told(campaign: Campaign, *, now: dt.datetime) -> list[Any]:
    """The same as JSON."""
    return [[step.name, step.count] for step in mature_chain(campaign, now=now).steps]


def chain_counted(
    campaign: Campaign, kept: Kept, *, now: dt.datetime
) -> tuple[Funnel, dt.datetime]:
    """The same as it was counted last, ten minutes ago at the most while workers run, and when; as of
    now where it was not counted yet, or by another window."""
    within = campaign.attribution_window
    found = kept.read(Ahead.What.CHAIN, within, lambda: chain_told(campaign, now=now))
    return _chain([(name, count) for name, count in found.counted]), found.counted_at


def _chain(counts: Sequence[tuple[str, int]]) -> Funnel:
    early = absent(Reason.TOO_EARLY, "nobody’s attribution window is over yet")
    return funnel(counts, nobody=early)
