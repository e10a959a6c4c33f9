"""Reading links, visits, participants and their chains."""

import datetime as dt
import functools
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.db import connection
from django.utils.crypto import salted_hmac

from apps.campaigns.models import Campaign
from apps.campaigns.selectors import audiences_of
from apps.core.errors import Conflict, Invalid, NotFound
from apps.invites.link_selectors import in_time
from apps.invites.models import Act, Draw, Link, Participant, Touch, Trace, Visit
from apps.invites.rules import BINDING, Attribution, Candidate, Source, attribute, code_meant
from apps.members.models import Member
from apps.members.selectors import Face, faces
from apps.orders.models import Order
from apps.orders.selectors import bought_before
from apps.tiers.selectors import tier_of

_VISIT_SALT = "invites.visit"
_DRAW_SALT = "invites.draw"


class LinkUnknown(NotFound):
    code = "link_unknown"
    is_guess = True
    message = "There is no link with this code."


class ParticipantUnknown(NotFound):
    code = "participant_unknown"
    message = "There is no such participant."


class VisitTokenInvalid(Invalid):
    code = "visit_token_invalid"
    message = "This visit token is not one of ours."


class DrawTokenInvalid(Invalid):
    code = "draw_token_invalid"
    message = "This draw token is not one of ours, or of another campaign."


class OwnCode(Conflict):
    code = "own_code"
    message = "Nobody can bring themselves: this is the member's own code."


class LinkOutOfTime(Conflict):
    code = "link_out_of_time"
    message = "The link with this code has expired, or does not open yet."


def link_by_code(code: str, *, pointer: str = "") -> Link:
    """The link with this code, its participant and campaign loaded. Raises LinkUnknown.

    Codes are small letters; a phone may begin one with a capital.
    """
    link = (
        Link.objects.select_related("participant__campaign", "participant__member")
        .filter(code=code_meant(code))
        .first()
    )
    if link is None:
        raise LinkUnknown(pointer=pointer)
    return link


def visit_token(visit: Visit) -> str:
    """The signed token that carries a visit through a link, an app or an order."""
    return f"{visit.click_id}:{visit_signature(visit.click_id)}"


def visit_signature(click_id: str) -> str:
    """What `Signer` signs a click id with, for whoever signs thousands: it derives its key each time."""
    pen = _visit_pen().copy()
    pen.update(click_id.encode())
    return signing.b64_encode(pen.digest()).decode()


@functools.cache
def _visit_pen() -> hmac.HMAC:
    """The key that `Signer` derives, ready to sign with."""
    signer = signing.Signer(salt=_VISIT_SALT)
    return salted_hmac(f"{_VISIT_SALT}signer", b"", secret=signer.key, algorithm=signer.algorithm)


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


def is_visit_token(token: str) -> bool:
    """Whether we signed this token; says nothing of its visit, and asks no database."""
    try:
        signing.Signer(salt=_VISIT_SALT).unsign(token)
    except signing.BadSignature:
        return False
    return True


def guest_link(token: str, campaign: Campaign) -> Link | None:
    """The link by which a guest with this visit token came to a campaign; None where it is none.

    A guest's token may be old, cut off, revoked or of another campaign: no reason to show them less.
    """
    try:
        link = visit_by_token(token).link if token else None
    except VisitTokenInvalid:
        return None
    if link is None or link.revoked_at is not None:
        return None
    return link if link.participant.campaign_id == campaign.pk else None


def face_of(link: Link | None) -> Face | None:
    """The face of whose link it is."""
    if link is None:
        return None
    owner = link.participant.member_id
    return faces({owner}).get(owner)


def draw_token(draw: Draw) -> str:
    """The signed token by which a visitor keeps their draw."""
    return signing.Signer(salt=_DRAW_SALT).sign(draw.public_id)


def draw_by_token(token: str) -> Draw:
    """The draw behind a token, its campaign loaded. Raises DrawTokenInvalid."""
    try:
        public_id = signing.Signer(salt=_DRAW_SALT).unsign(token)
    except signing.BadSignature:
        raise DrawTokenInvalid(pointer="/draw_token") from None
    draw = Draw.objects.select_related("campaign").filter(public_id=public_id).first()
    if draw is None:
        raise DrawTokenInvalid(pointer="/draw_token")
    return draw


def draw_heard(token: str, member_id: int) -> Draw:
    """The draw a member tells of. Raises DrawTokenInvalid, also for one of the other mode."""
    draw = draw_by_token(token)
    if not Member.objects.filter(pk=member_id, is_test=draw.campaign.is_test).exists():
        raise DrawTokenInvalid(pointer="/draw_token")
    return draw


def draw_of(campaign: Campaign, member_id: int) -> str:
    """The variant of the first draw that a member told us of; "" when they told none."""
    told = Draw.objects.filter(
        campaign=campaign,
        visitor__in=Member.objects.filter(pk=member_id).values_list("public_id"),
    )
    return told.values_list("variant", flat=True).first() or ""


@dataclass(frozen=True)
class Brought:
    """What somebody says brought them: a code they typed, or the token of a visit.

    `draw_token` brought them nowhere: it says which variant they saw before.
    """

    code: str = ""
    visit_token: str = ""
    draw_token: str = ""

    def parts(self) -> "list[Brought]":
        """Each thing said on its own, for whoever takes what is good and leaves the rest."""
        said = (
            Brought(draw_token=self.draw_token),
            Brought(visit_token=self.visit_token),
            Brought(code=self.code),
        )
        return [part for part in said if part != Brought()]


def brought_links(brought: Brought) -> tuple[Visit | None, Link | None]:
    """The visit behind the token and the link behind the code. Raises VisitTokenInvalid, LinkUnknown."""
    visit = visit_by_token(brought.visit_token) if brought.visit_token else None
    link = link_by_code(brought.code, pointer="/code") if brought.code else None
    return visit, link


@dataclass(frozen=True)
class Heard:
    """One thing that brought somebody, as a touch will keep it."""

    link: Link
    source: Source
    at: dt.datetime
    visit: Visit | None


def heard(*, member_id: int, brought: Brought, now: dt.datetime) -> list[Heard]:
    """What somebody says brought them: a visit from when the link was opened, a typed code from `now`.

    Raises LinkUnknown, VisitTokenInvalid, LinkOutOfTime for a code typed too early or too late, and
    OwnCode (a visit to one's own link is heard and never
    wins: pages open them by themselves). What is of the other mode, live or test, is unknown.
    """
    visit, link = brought_links(brought)
    found = []
    if visit is not None:
        if not _in_one_mode(member_id, visit.link):
            raise VisitTokenInvalid(pointer="/visit_token")
        # The database's clock may be ahead of ours: nobody was brought later than now.
        found.append(Heard(visit.link, Source.VISIT, min(visit.opened_at, now), visit))
    if link is not None:
        if not _in_one_mode(member_id, link):
            raise LinkUnknown(pointer="/code")
        if link.participant.member_id == member_id:
            raise OwnCode(pointer="/code")
        if not in_time(link, now):
            raise LinkOutOfTime(pointer="/code")
        found.append(Heard(link, Source.CODE, now, None))
    return found


def _in_one_mode(member_id: int, link: Link) -> bool:
    mode = link.participant.campaign.is_test
    return Member.objects.filter(pk=member_id, is_test=mode).exists()


# A touch that is only supposed comes after all that are kept.
_SUPPOSED = 2**63


def attribution_of(
    campaign: Campaign, member_id: int, *, now: dt.datetime, supposed: Iterable[Heard] = ()
) -> Attribution:
    """Who brought a member to a campaign, by the touches that are kept and those supposed besides."""
    rows = Touch.objects.filter(campaign=campaign, member_id=member_id)
    kept = [
        (row.pk, Heard(row.link, Source(row.source), row.touched_at, row.visit))
        for row in rows.select_related("link__participant", "visit")
    ]
    besides = [
        (_SUPPOSED, row) for row in supposed if row.link.participant.campaign_id == campaign.pk
    ]
    return attribute(
        [_candidate(touch, row) for touch, row in [*kept, *besides]],
        member=member_id,
        now=now,
        window=campaign.attribution_window,
        first=campaign.attribution == Campaign.Attribution.FIRST,
    )


def _candidate(touch: int, row: Heard) -> Candidate:
    return Candidate(
        touch=touch,
        source=row.source,
        referrer=row.link.participant_id,
        referrer_member=row.link.participant.member_id,
        touched_at=row.at,
        counted=row.visit is None or row.visit.skipped in BINDING,
        revoked=row.link.revoked_at is not None,
        channel=row.visit.channel if row.visit else "",
    )


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


def campaigns_joined(member_id: int, campaigns: Iterable[Campaign]) -> set[int]:
    """The primary keys of those campaigns in which the member is a participant; one query."""
    joined = Participant.objects.filter(member_id=member_id, campaign__in=list(campaigns))
    return set(joined.values_list("campaign_id", flat=True))


def circumstances(
    member_id: int, *, channel: str = "", order: Order | None = None
) -> dict[str, Any]:
    """Who a member is right now, as `campaigns.rules.Circumstances` keeps it.

    New is who has no paid order ever, the shop's own history included; at an order, none before it.
    """
    return {
        "tier": tier_of(member_id),
        "audiences": list(audiences_of(member_id)),
        "channel": channel,
        "is_new": not bought_before(member_id, order),
    }


def campaigns_counting(act_key: str) -> list[str]:
    """The public ids of the campaigns in which an act with this key counts."""
    acts = Act.objects.filter(key=act_key).order_by("campaign_id")
    return list(acts.values_list("campaign__public_id", flat=True))


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
