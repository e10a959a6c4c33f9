"""K, had the credit for a referee been shared in another way among those whose links they touched."""

from typing import Any

from django.db import connection

from apps.campaigns.models import Campaign
from apps.reports.viral import attribution
from apps.reports.viral.attribution import Credit
from apps.reports.viral.figures import Figure, ratio

# More touches than these are not read: the page must not grow with the campaign.
MOST_TOUCHES = 200_000

_TOUCHES_SQL = """
SELECT c.id, extract(epoch FROM t.touched_at) / 86400,
       p.generation > 0 AND p.status = 'confirmed'
FROM invites_participant c
JOIN invites_touch t ON t.campaign_id = c.campaign_id AND t.member_id = c.member_id
JOIN invites_link l ON l.id = t.link_id
JOIN invites_participant p ON p.id = l.participant_id
WHERE c.campaign_id = %s AND c.status = 'confirmed' AND c.referrer_id IS NOT NULL
  AND p.id <> c.id AND t.touched_at <= c.joined_at
ORDER BY c.id, t.touched_at, t.id LIMIT %s
"""


def k_by_credit(campaign: Campaign, exposure: float) -> tuple[tuple[Credit, Figure], ...]:
    """Σ of the credit that falls on non-seeds over their `exposure` ΣF, by each rule. Empty where
    nobody's touches are kept, or too many are."""
    with connection.cursor() as cursor:
        cursor.execute(_TOUCHES_SQL, [campaign.pk, MOST_TOUCHES + 1])
        found: Any = cursor.fetchall()
    if not found or len(found) > MOST_TOUCHES:
        return ()
    referee, at, carries = zip(*found, strict=True)
    days = [float(moment) for moment in at]
    shares = ((rule, attribution.credit(referee, days, rule)) for rule in Credit)
    return tuple(
        (rule, ratio(float(share[list(carries)].sum()), exposure)) for rule, share in shares
    )
