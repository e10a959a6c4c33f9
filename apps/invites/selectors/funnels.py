"""From the intent to share to the order: how far each link, channel and member's links came."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from apps.campaigns.models import Campaign
from apps.core import statements
from apps.invites.models import Link, Participant

MOST_ROWS = 100


@dataclass(frozen=True)
class Funnel:
    """The steps of one link, channel or member, in turn. `name` says which; "" is no channel.

    Intents are what phones told; visits are counted ones; brought are the participants it brought,
    those confirmed, and those with an order that was not refunded in full; orders are all of theirs,
    and `kept_minor` what is left of them after refunds.
    """

    name: str
    intents: int
    visits: int
    brought: int
    confirmed: int
    buyers: int
    orders: int
    kept_minor: int

    @property
    def steps(self) -> tuple[tuple[str, int], ...]:
        return (
            ("Meant to share", self.intents),
            ("Opened", self.visits),
            ("Brought", self.brought),
            ("Confirmed", self.confirmed),
            ("Bought", self.buyers),
        )


# What each participant that a link brought came to. Orders that count in the campaign and were not
# refunded in full.
_CAME_TO = """
came_to AS (
    SELECT p.id, p.link_id, p.circumstances ->> 'channel' AS channel, p.referrer_id,
           (p.status = 'confirmed')::int AS confirmed,
           count(o.id) AS orders, coalesce(sum(o.paid_minor - o.refunded_minor), 0) AS kept
    FROM invites_participant p
    LEFT JOIN invites_campaignorder c ON c.participant_id = p.id
    LEFT JOIN orders_order o ON o.id = c.order_id AND o.refunded_minor < o.paid_minor
    WHERE p.link_id IN (SELECT id FROM link)
    GROUP BY p.id
)
"""

_BY_LINK = f"""
WITH link AS (
    SELECT l.id, l.code AS name FROM invites_link l WHERE l.code = ANY(%(codes)s::text[])
), {_CAME_TO}
SELECT link.name,
       (SELECT count(*) FROM invites_share s WHERE s.link_id = link.id),
       (SELECT count(*) FROM invites_visit v WHERE v.link_id = link.id AND v.skipped = ''),
       count(came_to.id), coalesce(sum(confirmed), 0),
       count(came_to.id) FILTER (WHERE orders > 0), coalesce(sum(orders), 0), coalesce(sum(kept), 0)
FROM link LEFT JOIN came_to ON came_to.link_id = link.id
GROUP BY link.id, link.name ORDER BY array_position(%(codes)s::text[], link.name::text)
"""

# Every step by the channel it came by: where it was meant to go, where it was opened.
_BY_CHANNEL = f"""
WITH link AS (
    SELECT l.id FROM invites_link l JOIN invites_participant p ON p.id = l.participant_id
    WHERE p.campaign_id = %(campaign)s AND (%(owner)s::bigint IS NULL OR p.id = %(owner)s::bigint)
), {_CAME_TO}, step AS (
    SELECT channel, count(*) AS intents, 0 AS visits, 0 AS brought, 0 AS confirmed, 0 AS buyers,
           0 AS orders, 0::numeric AS kept
    FROM invites_share WHERE link_id IN (SELECT id FROM link) GROUP BY 1
  UNION ALL
    SELECT channel, 0, count(*), 0, 0, 0, 0, 0
    FROM invites_visit WHERE link_id IN (SELECT id FROM link) AND skipped = '' GROUP BY 1
  UNION ALL
    SELECT coalesce(channel, ''), 0, 0, count(*), sum(confirmed),
           count(*) FILTER (WHERE orders > 0), sum(orders), sum(kept)
    FROM came_to GROUP BY 1
)
SELECT channel, sum(intents), sum(visits), sum(brought), sum(confirmed), sum(buyers), sum(orders),
       sum(kept)
FROM step GROUP BY channel ORDER BY sum(brought) DESC, sum(visits) DESC, channel LIMIT %(most)s
"""

# Whose links brought most, by the participants they brought.
_TOP_OWNERS = """
SELECT referrer_id FROM invites_participant
WHERE campaign_id = %s AND link_id IS NOT NULL
GROUP BY referrer_id ORDER BY count(*) DESC, referrer_id LIMIT %s
"""

_TOP_LINKS = """
SELECT l.code FROM (
    SELECT link_id FROM invites_participant
    WHERE campaign_id = %s AND link_id IS NOT NULL
    GROUP BY link_id ORDER BY count(*) DESC, link_id LIMIT %s) best
JOIN invites_link l ON l.id = best.link_id
"""

_BY_OWNER = f"""
WITH owner AS (
    SELECT id, public_id FROM invites_participant WHERE id = ANY(%(owners)s::bigint[])
), link AS (
    SELECT l.id, l.participant_id FROM invites_link l JOIN owner ON owner.id = l.participant_id
), {_CAME_TO}
SELECT owner.public_id,
       (SELECT count(*) FROM invites_share s JOIN link ON link.id = s.link_id
        WHERE link.participant_id = owner.id),
       (SELECT count(*) FROM invites_visit v JOIN link ON link.id = v.link_id
        WHERE link.participant_id = owner.id AND v.skipped = ''),
       count(came_to.id), coalesce(sum(confirmed), 0),
       count(came_to.id) FILTER (WHERE orders > 0), coalesce(sum(orders), 0), coalesce(sum(kept), 0)
FROM owner LEFT JOIN came_to ON came_to.referrer_id = owner.id
GROUP BY owner.id, owner.public_id ORDER BY array_position(%(owners)s::bigint[], owner.id)
"""


def funnels_by_link(codes: Sequence[str]) -> list[Funnel]:
    """The funnel of each of these links, in this order; unknown codes are left out."""
    return _funnels(_BY_LINK, {"codes": list(codes)}) if codes else []


def funnels_of_best_links(campaign: Campaign) -> list[Funnel]:
    """The funnels of the links that brought most, the best first."""
    codes = [row[0] for row in statements.run(_TOP_LINKS, [campaign.pk, MOST_ROWS])]
    return sorted(funnels_by_link(codes), key=lambda row: (-row.brought, row.name))


def funnels_by_channel(campaign: Campaign, *, owner: int | None = None) -> list[Funnel]:
    """The funnel of each channel in a campaign, or of one participant's links; the best first."""
    return _funnels(_BY_CHANNEL, {"campaign": campaign.pk, "owner": owner, "most": MOST_ROWS})


def funnels_by_owner(campaign: Campaign, *, owner: int | None = None) -> list[Funnel]:
    """The funnel of all links of one participant, a partner or anybody: of `owner`, else of those
    who brought most. Named by the participant's public id.
    """
    owners = (
        [row[0] for row in statements.run(_TOP_OWNERS, [campaign.pk, MOST_ROWS])]
        if owner is None
        else [owner]
    )
    return _funnels(_BY_OWNER, {"owners": owners}) if owners else []


def funnels_of_owner(participant: Participant, *, most: int | None = None) -> Iterator[Funnel]:
    """The funnels of a participant's links, the newest first, read a hundred links at a time."""
    links = Link.objects.filter(participant=participant).order_by("-pk")
    before, left = None, most
    while left is None or left > 0:
        page = links if before is None else links.filter(pk__lt=before)
        rows = list(page.values_list("pk", "code")[: min(left or MOST_ROWS, MOST_ROWS)])
        if not rows:
            return
        yield from funnels_by_link([code for _, code in rows])
        before = rows[-1][0]
        left = None if left is None else left - len(rows)


def summed(rows: Sequence[Funnel], name: str = "") -> Funnel:
    """Several funnels as one."""
    return Funnel(
        name=name,
        intents=sum(row.intents for row in rows),
        visits=sum(row.visits for row in rows),
        brought=sum(row.brought for row in rows),
        confirmed=sum(row.confirmed for row in rows),
        buyers=sum(row.buyers for row in rows),
        orders=sum(row.orders for row in rows),
        kept_minor=sum(row.kept_minor for row in rows),
    )


def _funnels(sql: str, values: dict[str, object]) -> list[Funnel]:
    return [
        Funnel(row[0], *(int(count) for count in row[1:])) for row in statements.run(sql, values)
    ]
