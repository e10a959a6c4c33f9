"""Which rooms somebody is shown, and in which order."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from apps.groupbuy.models import Offer, Room, Seat


@dataclass(frozen=True)
class Spot:
    """Where a room stands in an offer's list: friends' first, fewest seats left, soonest deadline."""

    rank: int
    free: int
    deadline_at: dt.datetime
    pk: int


@dataclass(frozen=True)
class Listed:
    """A room of an offer's list."""

    room: Room
    spot: Spot

    @property
    def with_friends(self) -> bool:
        return self.spot.rank == 0


# Counting seats is one walk along the offer's open rooms; only then the order is known.
_LISTED_SQL = """
WITH listed AS (
  SELECT room.id, room.listing, room.deadline_at, room.size - count(seat.id) AS free,
         CASE WHEN bool_or(seat.member_id = ANY(%(friends)s::bigint[])) THEN 0 ELSE 1 END AS rank
  FROM groupbuy_room room
  LEFT JOIN groupbuy_seat seat ON seat.room_id = room.id AND seat.status IN ('held', 'paid')
  WHERE room.offer_id = %(offer)s AND room.status = 'open'
    AND room.deadline_at > (SELECT engine_now())
    AND (room.listing = 'public' OR room.listing = 'friends' AND cardinality(%(friends)s::bigint[]) > 0)
  GROUP BY room.id
)
SELECT rank, free, deadline_at, id FROM listed
WHERE free > 0 AND (listing = 'public' OR rank = 0)
  AND (%(after)s::boolean IS NOT TRUE
       OR (rank, free, deadline_at, id)
          > (%(rank)s::int, %(free)s::bigint, %(deadline)s::timestamptz, %(pk)s::bigint))
ORDER BY rank, free, deadline_at, id
LIMIT %(limit)s
"""


def listed_rooms(
    offer: Offer, *, friends: Collection[int], after: Spot | None = None, limit: int
) -> list[Listed]:
    """The offer's rooms that somebody with these friends may find and join; two queries.

    Rooms where a friend sits come first, then those with the fewest seats left, then the soonest
    deadlines. A room listed for friends is shown to them alone, one by link to nobody. `after` is
    the last spot of the page before; a room that moved meanwhile may come twice or not at all.
    """
    asked: dict[str, Any] = {
        "offer": offer.pk,
        "friends": list(friends),
        "limit": limit,
        "after": after is not None,
        "rank": after and after.rank,
        "free": after and after.free,
        "deadline": after and after.deadline_at,
        "pk": after and after.pk,
    }
    with connection.cursor() as cursor:
        cursor.execute(_LISTED_SQL, asked)
        spots = [Spot(*row) for row in cursor.fetchall()]
    rooms = Room.objects.in_bulk([spot.pk for spot in spots])
    for room in rooms.values():
        room.offer = offer
    return [Listed(rooms[spot.pk], spot) for spot in spots if spot.pk in rooms]


def member_rooms(member_id: int) -> QuerySet[Room]:
    """The rooms in which a member has, or had, a seat. The host always has had one."""
    return Room.objects.filter(
        pk__in=Seat.objects.filter(member_id=member_id).values("room_id")
    ).select_related("offer__campaign")
