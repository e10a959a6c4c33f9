"""Whether a room still looks as it did: one cheap query for any number of rooms."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from apps.groupbuy.rules import TERMINAL, RoomStatus

# `xmin` is the transaction that wrote a row: PostgreSQL changes it with every change, whoever makes
# it, so nobody can forget to. Of what changes all the time (stock) only what is shown counts.
_MARKS_SQL = """
SELECT room.public_id, room.status,
       concat_ws(' ', room.xmin, offer.xmin, campaign.xmin,
                 room.deadline_at <= engine_now(),
                 campaign.starts_at <= engine_now(), campaign.ends_at <= engine_now(),
                 seats.mark, items.mark, own.mark)
FROM groupbuy_room room
JOIN groupbuy_offer offer ON offer.id = room.offer_id
JOIN campaigns_campaign campaign ON campaign.id = offer.campaign_id
LEFT JOIN LATERAL (
  SELECT string_agg(concat_ws('.', seat.id, seat.xmin, profile.xmin), ' ' ORDER BY seat.id) AS mark
  FROM groupbuy_seat seat LEFT JOIN members_profile profile ON profile.member_id = seat.member_id
  WHERE seat.room_id = room.id AND seat.status IN ('held', 'paid')
) AS seats ON true
LEFT JOIN LATERAL (
  SELECT string_agg(
           concat_ws('.', item.id, item.stock > item.held + item.sold), ' ' ORDER BY item.id
         ) AS mark
  FROM groupbuy_offeritem item WHERE item.offer_id = offer.id
) AS items ON true
LEFT JOIN LATERAL (
  SELECT string_agg(concat_ws('.', mine.id, mine.xmin, refund.xmin), ' ' ORDER BY mine.id) AS mark
  FROM groupbuy_seat mine LEFT JOIN groupbuy_refundorder refund ON refund.seat_id = mine.id
  WHERE mine.room_id = room.id AND mine.member_id = %(member)s
) AS own ON true
WHERE room.public_id = ANY(%(rooms)s)
  AND (%(is_test)s::boolean IS NULL OR campaign.is_test = %(is_test)s)
"""


@dataclass(frozen=True)
class Mark:
    """What a room's looks hang on, as one opaque word; and whether they can still change."""

    text: str
    is_over: bool


def room_marks(
    public_ids: Sequence[str], *, is_test: bool | None = None, member_id: int | None = None
) -> dict[str, Mark]:
    """The marks of those rooms that exist, in live or test mode (None: either); one query.

    Two equal marks mean that a room looks the same: status, seats, faces, prices, whether there is
    anything left, whether its time is up. With a member, also that their own seat and refund do.
    """
    asked = {"rooms": list(public_ids), "is_test": is_test, "member": member_id}
    with connection.cursor() as cursor:
        cursor.execute(_MARKS_SQL, asked)
        return {
            public_id: Mark(_digest(text), RoomStatus(status) in TERMINAL)
            for public_id, status, text in cursor.fetchall()
        }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:20]
