"""Who somebody knows here. Bounded: the latest of each kind, however popular they are."""

from django.db import connection

# Of each kind. More would make a list no better and a query of unknown length.
LATEST = 300

# Each branch walks an index from the member; the last one only rooms that the member paid in.
_FRIENDS_SQL = """
(SELECT above.member_id FROM invites_participant mine
   JOIN invites_participant above ON above.id = mine.referrer_id
  WHERE mine.member_id = %(member)s ORDER BY mine.id DESC LIMIT %(latest)s)
UNION
(SELECT below.member_id FROM invites_participant mine
   JOIN invites_participant below ON below.referrer_id = mine.id
  WHERE mine.member_id = %(member)s ORDER BY below.id DESC LIMIT %(latest)s)
UNION
(SELECT inviter.member_id FROM groupbuy_seat seat
   JOIN invites_participant inviter ON inviter.id = seat.inviter_id
  WHERE seat.member_id = %(member)s ORDER BY seat.id DESC LIMIT %(latest)s)
UNION
(SELECT seat.member_id FROM invites_participant mine
   JOIN groupbuy_seat seat ON seat.inviter_id = mine.id
  WHERE mine.member_id = %(member)s ORDER BY seat.id DESC LIMIT %(latest)s)
UNION
(SELECT other.member_id
   FROM (SELECT room_id FROM groupbuy_seat
          WHERE member_id = %(member)s AND paid_at IS NOT NULL
          ORDER BY id DESC LIMIT 50) AS sat
   JOIN groupbuy_seat other ON other.room_id = sat.room_id AND other.paid_at IS NOT NULL
  ORDER BY other.id DESC LIMIT %(latest)s)
"""


def friends_of(member_id: int) -> set[int]:
    """The members whom a member knows, without themselves; one query.

    A friend is: who referred the member, whom the member referred, whose link brought the member to
    a seat and whom the member's link did, and who has paid in the same room as the member; in
    any campaign.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FRIENDS_SQL, {"member": member_id, "latest": LATEST})
        return {friend for (friend,) in cursor.fetchall()} - {member_id}
