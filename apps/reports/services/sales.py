"""What was sold: copied into `reports_sold` line by line's source, and added up by day and by age.

As with participants, what was counted is taken out as its copy says, and put in anew. A sale stands
with its buyer's variant and day of confirmation, as `reports_counted` says them.
"""

from apps.reports.selectors.margins import margins_sql
from apps.reports.services.contributions import EVERYBODY, Given, merge, run

_RATES = "%(rates)s::jsonb"
_COPY = """
INSERT INTO reports_sold
    (campaign_id, participant_id, day, age, source, revenue, refunded, margin, discount)
WITH {margins}, bought AS (
    SELECT m.*, p.id, date_trunc('day', m.occurred_at, %(zone)s) AS day,
           greatest(floor(extract(epoch FROM m.occurred_at - p.confirmed_at) / 86400), 0)::int AS age
    FROM margins m JOIN invites_participant p ON p.id = m.participant_id
)
SELECT %(campaign)s, id, day, age, source, round(sum(revenue), 6), round(sum(refunded), 6),
       round(coalesce(sum(margin), 0), 6), round(sum(discount), 6)
FROM bought GROUP BY id, day, age, source
"""
_COPY_ALL = _COPY.format(margins=margins_sql(rates=_RATES))
_COPY_SOME = _COPY.format(
    margins=margins_sql(rates=_RATES, among="AND co.participant_id = ANY(%(people)s)")
)
_FORGET_SOME = """
DELETE FROM reports_sold
WHERE campaign_id = %(campaign)s AND participant_id = ANY(%(people)s)
"""

_SOLD = """
    SELECT s.*, c.variant, c.day AS confirmed_day
    FROM reports_counted c JOIN reports_sold s
      ON s.campaign_id = c.campaign_id AND s.participant_id = c.participant_id
    WHERE c.campaign_id = %(campaign)s AND {which}"""
_SUMS = ("revenue", "refunded", "margin", "discount")
_SALES = merge(
    "reports_sale",
    ("campaign_id", "day", "variant", "source"),
    {"parts": "count(*)", **{name: f"sum({name})" for name in _SUMS}},
    _SOLD,
)
_EARNINGS = merge(
    "reports_earning",
    ("campaign_id", "day", "variant", "age"),
    {"parts": "count(*)", "margin": "sum(margin - discount)"},
    f"""SELECT campaign_id, confirmed_day AS day, variant, age, margin, discount
    FROM ({_SOLD}) AS sold WHERE age IS NOT NULL AND confirmed_day IS NOT NULL""",
)


def sales_add(which: str, given: Given, *, sign: str = "+") -> None:
    """Add what was sold to these participants, as it was copied; with the sign "-", take it away."""
    for statement in (_SALES, _EARNINGS):
        run(statement.format(which=which, sign=sign), given)


def sales_copy(given: Given) -> None:
    """Have the copies of what `people` bought say what their orders say now."""
    run(_FORGET_SOME, given)
    run(_COPY_SOME, given)


def sales_build(given: Given) -> None:
    """Copy and add up all that was sold in a campaign anew, at the given rates."""
    for table in ("sold", "sale", "earning"):
        run(f"DELETE FROM reports_{table} WHERE campaign_id = %(campaign)s", given)
    run(_COPY_ALL, given)
    sales_add(EVERYBODY, given)
