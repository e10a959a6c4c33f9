"""Reading the chain: who stands above somebody, whom they brought, and how much hangs below.

Nothing here reads more than it shows: counting stops at `MOST_COUNTED`, so a page costs the same
whether a campaign has ten thousand participants or ten million, and however deep its chains are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

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


# A LATERAL with a LIMIT is never planned as one join over the whole table: each step asks the index.
# The outer LIMIT stops the recursion, which PostgreSQL runs level by level and only as far as asked.
_BELOW = """
SELECT top.id, direct.friends, counted.everybody, counted.depth
FROM unnest(%(tops)s::bigint[]) AS top (id)
CROSS JOIN LATERAL (
    SELECT count(*) AS friends FROM (
        SELECT FROM invites_participant WHERE referrer_id = top.id LIMIT %(most)s) friend
) direct
CROSS JOIN LATERAL (
    SELECT count(*) AS everybody, coalesce(max(depth), 0) AS depth FROM (
        WITH RECURSIVE below (id, depth) AS (
            SELECT top.id, 0
          UNION ALL
            SELECT friend.id, below.depth + 1
            FROM below CROSS JOIN LATERAL (
                SELECT id FROM invites_participant WHERE referrer_id = below.id LIMIT %(most)s
            ) friend
        )
        SELECT depth FROM below OFFSET 1 LIMIT %(most)s
    ) line
) counted
"""

_ABOVE = """
WITH RECURSIVE above (id, referrer_id, steps) AS (
    SELECT id, referrer_id, 0 FROM invites_participant WHERE id = %s
  UNION ALL
    SELECT p.id, p.referrer_id, steps + 1
    FROM above JOIN invites_participant p ON p.id = above.referrer_id WHERE steps < %s
)
SELECT id FROM above WHERE steps > 0 ORDER BY steps
"""


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
    """Those above a participant, the referrer first, at most so many."""
    ids = [row[0] for row in statements.run(_ABOVE, [participant.pk, most])]
    rows = Participant.objects.select_related("member__profile").in_bulk(ids)
    return [rows[pk] for pk in ids]


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
