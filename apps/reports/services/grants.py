"""What rewards cost: grants copied into `reports_given`, and added up by the days they were made and
settled.

A grant that changes leaves a mark by the event that says so; a new one is found by its id, as whoever
makes it records no event of it.
"""

from apps.core import statements
from apps.core.transactions import in_transaction
from apps.reports.services.contributions import Given, merge, run

_MARK = """
INSERT INTO reports_grantmark (campaign_id, grant_id)
SELECT campaign_id, id FROM rewards_grant WHERE public_id = %s
"""
_CLAIM = """
DELETE FROM reports_grantmark WHERE id IN (
    SELECT id FROM reports_grantmark WHERE campaign_id = %(campaign)s ORDER BY id LIMIT %(at_once)s)
RETURNING grant_id
"""

_COPY = """
INSERT INTO reports_given (
    grant_id, campaign_id, kind, status, granted_day, settled_day, kept, cost, clawed_back, voided)
SELECT g.id, g.campaign_id, g.kind, g.status, date_trunc('day', g.granted_at, %(zone)s),
       date_trunc('day', g.settled_at, %(zone)s), g.amount - g.taken_back, g.cost_minor,
       coalesce(b.clawed_back, 0), coalesce(b.voided, 0)
FROM rewards_grant g
LEFT JOIN (
    SELECT grant_id, sum(amount) FILTER (WHERE NOT while_pending) AS clawed_back,
           sum(amount) FILTER (WHERE while_pending) AS voided
    FROM rewards_clawback {backs} GROUP BY 1
) b ON b.grant_id = g.id
WHERE g.campaign_id = %(campaign)s {which}
"""
_COPY_ALL = _COPY.format(backs="", which="")
_COPY_SOME = _COPY.format(
    backs="WHERE grant_id = ANY(%(grants)s)", which="AND g.id = ANY(%(grants)s)"
)
_FORGET_SOME = "DELETE FROM reports_given WHERE grant_id = ANY(%(grants)s)"

_SOME = "g.grant_id = ANY(%(grants)s)"
_ALL = "g.campaign_id = %(campaign)s"
_SUMS = ("kept", "cost", "clawed_back", "voided")
_REWARDS = merge(
    "reports_reward",
    ("campaign_id", "moment", "day", "kind", "status"),
    {"grants": "count(*)", **{name: f"sum({name})" for name in _SUMS}},
    """SELECT g.*, m.moment, m.day FROM reports_given g
    CROSS JOIN LATERAL (VALUES ('granted', g.granted_day), ('settled', g.settled_day))
      AS m (moment, day)
    WHERE {which} AND m.day IS NOT NULL""",
)


@in_transaction
def grant_mark(*, public_id: str) -> None:
    """Have a grant counted again; another id is no grant's and changes nothing. Locks nothing."""
    statements.run(_MARK, [public_id])


def grants_fold(given: Given, *, at_once: int) -> int:
    """Count marked grants of a campaign again; how many marks that were. In the campaign's turn."""
    marks = run(_CLAIM, {**given, "at_once": at_once})
    if marks:
        asked = {**given, "grants": sorted({grant for (grant,) in marks})}
        run(_REWARDS.format(which=_SOME, sign="-"), asked)
        run(_FORGET_SOME, asked)
        run(_COPY_SOME, asked)
        run(_REWARDS.format(which=_SOME, sign="+"), asked)
    return len(marks)


def grants_build(given: Given) -> None:
    """Copy and add up all grants of a campaign anew. In its turn."""
    for table in ("given", "reward"):
        run(f"DELETE FROM reports_{table} WHERE campaign_id = %(campaign)s", given)
    run(_COPY_ALL, given)
    run(_REWARDS.format(which=_ALL, sign="+"), given)
