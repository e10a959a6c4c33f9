"""Reading links, visits, participants and their chains."""

from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.db import connection

from apps.campaigns.models import Campaign
from apps.core.errors import Invalid, NotFound
from apps.invites.models import Link, Participant, Trace, Visit

_VISIT_SALT = "invites.visit"


class LinkUnknown(NotFound):
    code = "link_unknown"
    message = "There is no link with this code."


class ParticipantUnknown(NotFound):
    code = "participant_unknown"
    message = "There is no such participant."


class VisitTokenInvalid(Invalid):
    code = "visit_token_invalid"
    message = "This visit token is not one of ours."


def link_by_code(code: str, *, pointer: str = "") -> Link:
    """The link with this code, its participant and campaign loaded. Raises LinkUnknown."""
    link = (
        Link.objects.select_related("participant__campaign", "participant__member")
        .filter(code=code)
        .first()
    )
    if link is None:
        raise LinkUnknown(pointer=pointer)
    return link


def visit_token(visit: Visit) -> str:
    """The signed token that carries a visit through a link, an app or an order."""
    return signing.Signer(salt=_VISIT_SALT).sign(visit.click_id)


def visit_by_token(token: str) -> Visit:
    """The visit behind a token, its link loaded. Raises VisitTokenInvalid."""
    try:
        click_id = signing.Signer(salt=_VISIT_SALT).unsign(token)
    except signing.BadSignature:
        raise VisitTokenInvalid(pointer="/visit_token") from None
    visit = (
        Visit.objects.select_related("link__participant__campaign")
        .filter(click_id=click_id)
        .first()
    )
    if visit is None:
        raise VisitTokenInvalid(pointer="/visit_token")
    return visit


@dataclass(frozen=True)
class Brought:
    """What somebody says brought them: a code they typed, or the token of a visit."""

    code: str = ""
    visit_token: str = ""


def brought_links(brought: Brought) -> tuple[Visit | None, Link | None]:
    """The visit behind the token and the link behind the code. Raises VisitTokenInvalid, LinkUnknown."""
    visit = visit_by_token(brought.visit_token) if brought.visit_token else None
    link = link_by_code(brought.code, pointer="/code") if brought.code else None
    return visit, link


def inviter_by(link: Link | None, campaign: Campaign, member_id: int) -> Participant | None:
    """Whose link somebody came by, when it is one of this campaign, not revoked, and not their own."""
    if link is None or link.revoked_at is not None:
        return None
    owner = link.participant
    theirs = owner.campaign_id == campaign.pk and owner.member_id != member_id
    return owner if theirs else None


def participant_by_public_id(public_id: str, *, is_test: bool) -> Participant:
    """The participant with this id. Raises ParticipantUnknown."""
    participant = (
        Participant.objects.select_related("campaign")
        .filter(public_id=public_id, campaign__is_test=is_test)
        .first()
    )
    if participant is None:
        raise ParticipantUnknown()
    return participant


def participant_of(campaign: Campaign, member_id: int) -> Participant | None:
    """The member's participant in a campaign, if there is one."""
    return Participant.objects.filter(campaign=campaign, member_id=member_id).first()


# The path guards against what the constraints make impossible: a read must never hang.
_TREE_SQL = """
WITH RECURSIVE below AS (
    SELECT id, public_id, referrer_id, generation, status, member_id, 0 AS depth, ARRAY[id] AS path
    FROM invites_participant WHERE id = %(top)s
  UNION ALL
    SELECT p.id, p.public_id, p.referrer_id, p.generation, p.status, p.member_id, depth + 1,
           path || p.id
    FROM invites_participant p JOIN below ON p.referrer_id = below.id
    WHERE depth < %(depth)s AND p.id <> ALL (path)
)
SELECT id, public_id, referrer_id, generation, status, member_id, depth
FROM below ORDER BY path LIMIT %(limit)s
"""


def tree_below(top: Participant, *, depth: int, limit: int) -> list[dict[str, Any]]:
    """The chain below a participant, parents before children, `depth` levels, at most `limit` rows."""
    with connection.cursor() as cursor:
        cursor.execute(_TREE_SQL, {"top": top.pk, "depth": depth, "limit": limit})
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def traces_of(participant: Participant) -> list[dict[str, Any]]:
    """Every decision about a participant's referrer, oldest first, with public ids."""
    traces = list(Trace.objects.filter(participant=participant).order_by("pk"))
    named = {row["referrer"] for trace in traces for row in trace.candidates}
    named |= {trace.referrer_id for trace in traces if trace.referrer_id is not None}
    ids = dict(Participant.objects.filter(pk__in=named).values_list("pk", "public_id"))
    return [
        {
            "decided_at": trace.decided_at,
            "referrer": ids[trace.referrer_id] if trace.referrer_id else None,
            "candidates": [{**row, "referrer": ids[row["referrer"]]} for row in trace.candidates],
        }
        for trace in traces
    ]
