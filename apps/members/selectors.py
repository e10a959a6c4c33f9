"""Reading members and their credentials."""

import json
from dataclasses import dataclass

from apps.core import statements
from apps.core.errors import NotFound
from apps.members.credentials import server_key_hash
from apps.members.models import Member, Profile


class MemberUnknown(NotFound):
    code = "member_unknown"
    message = "There is no member with this id."


# Without the ORM: nearly every request of a shop asks these two, and building them costs more than
# running them.
_MEMBER = """
SELECT member.id, member.public_id, member.is_test, member.first_order_at, member.created_at
FROM members_identity identity JOIN members_member member ON member.id = identity.member_id
WHERE identity.is_test = %s AND identity.kind = 'external_id' AND identity.namespace = ''
  AND identity.value = %s
"""
_MEMBER_FIELDS = ("id", "public_id", "is_test", "first_order_at", "created_at")
_KEY = """
SELECT key.public_id, key.is_test, key.scopes, identity.member_id
FROM members_serverkey key LEFT JOIN members_identity identity
  ON identity.is_test = key.is_test AND identity.kind = 'external_id' AND identity.namespace = ''
 AND identity.value = %s
WHERE key.hashed = %s AND key.revoked_at IS NULL
"""


def member_by_external_id(external_id: str, *, is_test: bool, pointer: str = "") -> Member:
    """The member the shop knows as `external_id`. Raises MemberUnknown."""
    rows = statements.run(_MEMBER, [is_test, external_id])
    if not rows:
        raise _unknown(external_id, pointer)
    return Member.from_db("default", _MEMBER_FIELDS, rows[0])


def _unknown(external_id: str, pointer: str = "") -> MemberUnknown:
    message = f"There is no member with the external_id “{external_id}”."
    return MemberUnknown(message, pointer=pointer)


@dataclass(frozen=True)
class KnownKey:
    """A server key that is good, and the member it acts for, if it names one."""

    public_id: str
    is_test: bool
    scopes: frozenset[str]
    member_id: int | None


def server_key_by_text(text: str, *, acting_for: str = "") -> KnownKey | None:
    """The unrevoked server key with this text, if there is one.

    `acting_for` is the external_id of the member it acts for. Raises MemberUnknown.
    """
    rows = statements.run(_KEY, [acting_for, server_key_hash(text)])
    if not rows:
        return None
    public_id, is_test, scopes, member_id = rows[0]
    if acting_for and member_id is None:
        raise _unknown(acting_for)
    named = member_id if acting_for else None
    return KnownKey(public_id, is_test, frozenset(json.loads(scopes)), named)


# Keys that were good when they were asked for, by their hash. Only for doors that look at the key
# again in the statement that does their work.
_SEEN: dict[str, KnownKey] = {}
_MOST_SEEN = 1000


def server_key_seen(text: str) -> KnownKey | None:
    """A server key as this process last saw it, which may be revoked by now; else asked for."""
    hashed = server_key_hash(text)
    if hashed not in _SEEN and (key := server_key_by_text(text)):
        if len(_SEEN) >= _MOST_SEEN:
            _SEEN.clear()
        _SEEN[hashed] = key
    return _SEEN.get(hashed)


@dataclass(frozen=True)
class Face:
    """How a member is shown to others: never more than nickname and picture."""

    nickname: str
    avatar_url: str


def faces(member_ids: set[int]) -> dict[int, Face]:
    """The faces of these members, in one query. Members without a profile are left out."""
    profiles = Profile.objects.filter(member_id__in=member_ids)
    return {row.member_id: Face(row.nickname, row.avatar_url) for row in profiles}
