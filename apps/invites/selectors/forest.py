"""Reading the chain: who stands above somebody, whom they brought, and how much hangs below.

Nothing here reads more than it shows: counting stops at `MOST_COUNTED`, so a page costs the same
whether a campaign has ten thousand participants or ten million, and however deep its chains are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import DEFAULT_DB_ALIAS
from django.db.models import QuerySet

from apps.core import statements
from apps.invites.models import Participant

MOST_COUNTED = 500
MOST_ABOVE = 20


@dataclass(frozen=True)
class Below:
    """What hangs below a participant: direct friends, everybody, and how deep the longest line goes.

    `is_more`: counting stopped, so each is at least that many.
    """

    friends: int
    everybody: int
    depth: int
    is_more: bool


# A LATERAL with a LIMIT is never planned as one join over the whole table, and ORDER BY leaves no cheaper
# way than the index that has this order. A step is a whole level: friends came one after the other, so
# what is below them lies side by side in the index, which PostgreSQL (17 and later) goes down once for
# all of them and not once for each.
_BELOW = """
SELECT top.id, counted.friends, counted.everybody, counted.depth
FROM unnest(%(tops)s::bigint[]) AS top (id)
CROSS JOIN LATERAL (
    WITH RECURSIVE level (depth, ids, everybody) AS (
        SELECT 0, ARRAY[top.id], 0
      UNION ALL
        SELECT level.depth + 1, next.ids, level.everybody + cardinality(next.ids)
        FROM level CROSS JOIN LATERAL (
            SELECT array_agg(id) AS ids FROM (
                SELECT id FROM invites_participant WHERE referrer_id = ANY (level.ids)
                ORDER BY referrer_id, id LIMIT %(most)s
            ) friend
        ) next
        WHERE level.everybody < %(most)s AND next.ids IS NOT NULL
    )
    SELECT coalesce(max(cardinality(ids)) FILTER (WHERE depth = 1), 0) AS friends,
           max(everybody) AS everybody, max(depth) AS depth
    FROM level
) counted
"""

_PLACE = tuple(
    field.attname
    for field in Participant._meta.concrete_fields
    if field.attname != "circumstances"  # as text: nothing here shows them
)
# Each row is visited once, and carried along.
_ABOVE_WITH = """
WITH RECURSIVE above AS (
    SELECT {columns}, 1 AS steps FROM invites_participant p WHERE p.id = %(referrer)s::bigint
  UNION ALL
    SELECT {columns}, steps + 1
    FROM above JOIN invites_participant p ON p.id = above.referrer_id WHERE steps < %(most)s::int
)
SELECT {names} FROM above ORDER BY steps
"""
_ABOVE = _ABOVE_WITH.format(
    columns=", ".join(f"p.{name}" for name in _PLACE), names=", ".join(_PLACE)
)


def below(participant_ids: Iterable[int]) -> dict[int, Below]:
    """What hangs below each of these participants. One query, whose cost has a bound for each."""
    tops = list(participant_ids)
    if not tops:
        return {}
    rows = statements.run(_BELOW, {"tops": tops, "most": MOST_COUNTED + 1})
    return {
        top: Below(
            friends=min(friends, MOST_COUNTED),
            everybody=min(everybody, MOST_COUNTED),
            depth=depth,
            is_more=everybody > MOST_COUNTED,
        )
        for top, friends, everybody, depth in rows
    }


def ancestors(participant: Participant, *, most: int = MOST_ABOVE) -> list[Participant]:
    """Those above a participant, the referrer first, at most so many; without their circumstances."""
    if participant.referrer_id is None or most < 1:
        return []
    rows = statements.run(_ABOVE, {"referrer": participant.referrer_id, "most": most})
    return [Participant.from_db(DEFAULT_DB_ALIAS, _PLACE, row) for row in rows]


def friends(participant: Participant) -> QuerySet[Participant]:
    """Whom a participant brought themselves, to be paged by primary key."""
    return Participant.objects.filter(referrer=participant)


def friends_of_member(member_id: int, campaign: str = "") -> QuerySet[Participant]:
    """Whom a member brought, in one campaign (by public id) or in any, to be paged by primary key."""
    mine = Participant.objects.filter(member_id=member_id)
    if campaign:
        mine = mine.filter(campaign__public_id=campaign)
    places: Sequence[int] = list(mine.order_by("pk").values_list("pk", flat=True))
    rows = Participant.objects.select_related("member__profile", "campaign")
    return rows.filter(referrer=places[0]) if len(places) == 1 else rows.filter(referrer__in=places)
