"""Reading members and their credentials."""

from dataclasses import dataclass

from apps.core.errors import NotFound
from apps.members.credentials import server_key_hash
from apps.members.models import Identity, Member, Profile, ServerKey


class MemberUnknown(NotFound):
    code = "member_unknown"
    message = "There is no member with this id."


def member_by_external_id(external_id: str, *, is_test: bool, pointer: str = "") -> Member:
    """The member the shop knows as `external_id`. Raises MemberUnknown."""
    member = Member.objects.filter(
        identities__kind=Identity.Kind.EXTERNAL_ID,
        identities__namespace="",
        identities__value=external_id,
        identities__is_test=is_test,
    ).first()
    if member is None:
        raise MemberUnknown(
            f"There is no member with the external_id “{external_id}”.", pointer=pointer
        )
    return member


def server_key_by_text(text: str) -> ServerKey | None:
    """The unrevoked server key with this text, if there is one."""
    return ServerKey.objects.filter(hashed=server_key_hash(text), revoked_at=None).first()


@dataclass(frozen=True)
class Face:
    """How a member is shown to others: never more than nickname and picture."""

    nickname: str
    avatar_url: str


def faces(member_ids: set[int]) -> dict[int, Face]:
    """The faces of these members, in one query. Members without a profile are left out."""
    profiles = Profile.objects.filter(member_id__in=member_ids)
    return {row.member_id: Face(row.nickname, row.avatar_url) for row in profiles}
