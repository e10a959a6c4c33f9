"""K where a completed room is what confirms: beside the settled one, with those whose room is open."""

import datetime as dt
from typing import Any

import numpy as np
from django.db import connection

from apps.campaigns.models import Campaign
from apps.reports.selectors.spreading import Spreading, exposure
from apps.reports.viral import multiplication
from apps.reports.viral.multiplication import Settling
from apps.reports.viral.offspring import Offspring

# A row per non-seed whose referees or who themselves sit in a room that may still complete: whether
# they are confirmed, their age in minutes, their referees confirmed within the window, and those who
# wait. What it reads is bounded by the rooms that are open.
_WAITING = """
WITH waiting AS MATERIALIZED (
    SELECT DISTINCT p.id, p.referrer_id, p.generation, p.joined_at
    FROM groupbuy_offer o
    JOIN groupbuy_room r ON r.offer_id = o.id AND r.status IN ('open', 'closing')
    JOIN groupbuy_seat s ON s.room_id = r.id AND s.status = 'paid'
    JOIN invites_participant p ON p.campaign_id = o.campaign_id AND p.member_id = s.member_id
    WHERE o.campaign_id = %(campaign)s AND p.status = 'provisional'
      AND p.referrer_id IS NOT NULL AND p.joined_at <= %(now)s
), people AS (
    SELECT id, false AS confirmed, joined_at AS since FROM waiting
    UNION
    SELECT p.id, true, p.confirmed_at FROM waiting w JOIN invites_participant p ON p.id = w.referrer_id
    WHERE p.status = 'confirmed' AND p.generation > 0 AND p.confirmed_at <= %(now)s
)
SELECT q.confirmed, (extract(epoch FROM %(now)s - q.since) / 60)::int,
       (SELECT count(*) FROM invites_participant c
        WHERE c.referrer_id = q.id AND c.status = 'confirmed'
          AND c.confirmed_at <= least(q.since + %(window)s, %(now)s)),
       (SELECT count(*) FROM waiting w
        WHERE w.referrer_id = q.id AND w.joined_at <= q.since + %(window)s)
FROM people q
"""


def settling_of(campaign: Campaign, spreading: Spreading, *, now: dt.datetime) -> Settling | None:
    """K of completed rooms alone, and with all who sit in a room that is open; None where rooms
    confirm nobody. One query."""
    if campaign.qualifying_act != Campaign.QualifyingAct.ROOM:
        return None
    given: dict[str, Any] = {
        "campaign": campaign.pk,
        "now": now,
        "window": campaign.attribution_window,
    }
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, given)
        rows = cursor.fetchall()
    return multiplication.settling(_joined(spreading, rows), spreading.k)


def _joined(spreading: Spreading, rows: list[tuple[bool, int, int, int]]) -> Offspring:
    """The confirmed non-seeds with those who wait for them, and those who wait themselves."""
    found = spreading.everybody
    mine = found.generation > 0
    settled = Offspring(found.rows.referees[mine], found.rows.exposure[mine], found.rows.n[mine])
    ages = np.array([max(age, 0) for _, age, _, _ in rows], dtype=np.int64)
    shares = exposure(ages, np.zeros_like(ages), spreading.delays)
    moves = [
        (referees, float(share), waiting)
        for (confirmed, _, referees, waiting), share in zip(rows, shares, strict=True)
        if confirmed
    ]
    arrived = Offspring.of(
        [waiting for confirmed, _, _, waiting in rows if not confirmed],
        [share for (confirmed, *_), share in zip(rows, shares, strict=True) if not confirmed],
    )
    return settled.moved(moves).and_also(arrived)
