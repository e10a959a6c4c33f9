"""Copying into `reports_counted` what participants are, and what they are to one another."""

from apps.reports.services.contributions import Given, run

_COLUMNS = (
    "participant_id, campaign_id, referrer_id, variant, generation, bucket, joined_day, "
    "confirmed_at, day, hour, orders"
)
# What the base tables say of participants. Whoever must not count would be left out here.
_FRESH = """
SELECT p.id AS participant_id, p.campaign_id, p.referrer_id, p.variant, p.generation,
       coalesce(p.root_id, p.id) %% %(buckets)s AS bucket,
       date_trunc('day', p.joined_at, %(zone)s) AS joined_day, p.confirmed_at,
       date_trunc('day', p.confirmed_at, %(zone)s) AS day,
       date_trunc('hour', p.confirmed_at, %(zone)s) AS hour,
       (SELECT count(*) FROM invites_campaignorder co JOIN orders_order o ON o.id = co.order_id
        WHERE co.participant_id = p.id AND o.refunded_minor < o.paid_minor) AS orders
FROM invites_participant p WHERE p.campaign_id = %(campaign)s
"""

# Whole minutes from a referrer's confirmation (r) to a referee's (f); none for who was earlier.
_DELAY = "greatest(floor(extract(epoch FROM f.confirmed_at - r.confirmed_at) / 60), 0)"

_COPY_SOME = f"""
INSERT INTO reports_counted ({_COLUMNS}, delay, referees, late)
SELECT {_COLUMNS}, NULL, 0, 0 FROM ({_FRESH} AND p.id = ANY(%(people)s)) AS fresh
ON CONFLICT (participant_id) DO UPDATE SET
    referrer_id = excluded.referrer_id, variant = excluded.variant, bucket = excluded.bucket,
    generation = excluded.generation, joined_day = excluded.joined_day, orders = excluded.orders,
    confirmed_at = excluded.confirmed_at, day = excluded.day, hour = excluded.hour
"""

_COPY_ALL = f"""
WITH fresh AS MATERIALIZED ({_FRESH}), below AS MATERIALIZED (
    SELECT f.participant_id, f.referrer_id, {_DELAY} AS delay
    FROM fresh f JOIN fresh r ON r.participant_id = f.referrer_id
    WHERE f.confirmed_at IS NOT NULL AND r.confirmed_at IS NOT NULL
), brought AS (
    SELECT referrer_id, count(*) FILTER (WHERE delay <= %(window)s) AS referees,
           count(*) FILTER (WHERE delay > %(window)s) AS late
    FROM below GROUP BY 1
)
INSERT INTO reports_counted ({_COLUMNS}, delay, referees, late)
SELECT fresh.*, below.delay, coalesce(brought.referees, 0), coalesce(brought.late, 0)
FROM fresh LEFT JOIN below USING (participant_id)
LEFT JOIN brought ON brought.referrer_id = fresh.participant_id
"""

_SET_DELAYS = f"""
UPDATE reports_counted f SET delay = (
    SELECT {_DELAY} FROM reports_counted r
    WHERE r.participant_id = f.referrer_id AND r.confirmed_at IS NOT NULL
      AND f.confirmed_at IS NOT NULL)
WHERE f.participant_id = ANY(%(people)s)
"""

_COUNT_REFEREES = """
UPDATE reports_counted r
SET referees = r.referees {sign} f.referees, late = r.late {sign} f.late
FROM (SELECT referrer_id, count(*) FILTER (WHERE delay <= %(window)s) AS referees,
             count(*) FILTER (WHERE delay > %(window)s) AS late
      FROM reports_counted WHERE participant_id = ANY(%(people)s) AND delay IS NOT NULL
      GROUP BY 1) f
WHERE r.participant_id = f.referrer_id
"""


def copy_some(given: Given) -> None:
    """Have the rows of `people` say what the base tables say now; not yet what follows from it."""
    run(_COPY_SOME, given)


def copy_all(given: Given) -> int:
    """Make the rows of a whole campaign, which has none; how many."""
    run(_COPY_ALL, given)
    return int(
        run("SELECT count(*) FROM reports_counted WHERE campaign_id = %(campaign)s", given)[0][0]
    )


def delays_set(given: Given) -> None:
    """Set how long after their referrers `people` were confirmed."""
    run(_SET_DELAYS, given)


def referees_count(given: Given, *, sign: str = "+") -> None:
    """Count `people` among the referees of their referrers; with the sign "-", no longer."""
    run(_COUNT_REFEREES.format(sign=sign), given)
