"""Reading links, visits, participants and their chains."""

import datetime as dt
import functools
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.db.models import F, Q
from django.utils.crypto import salted_hmac

from apps.campaigns.models import Campaign
from apps.campaigns.selectors import audiences_of
from apps.core import statements
from apps.core.errors import Conflict, Invalid, NotFound
from apps.coupons.errors import CouponUnknown
from apps.coupons.selectors import coupons_by_code
from apps.invites.link_selectors import in_time
from apps.invites.models import Act, CouponLink, Draw, Link, Participant, Touch, Visit
from apps.invites.rules import BINDING, Attribution, Candidate, Source, attribute, code_meant
from apps.members.models import Member
from apps.members.selectors import Face, faces
from apps.orders.models import Order
from apps.orders.selectors import bought_before
from apps.tiers.selectors import tier_of

_VISIT_SALT = "invites.visit"
# How the token of a visit begins that comes out of a cookie. It is no secret: it makes it weaker.
_KEPT = "kept."
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


def cookie_token(token: str) -> str:
    """A visit's token as a cookie keeps it: it says of itself that it is weaker."""
    return f"{_KEPT}{token}"


def is_cookie_token(token: str) -> bool:
    """Whether a token came out of a cookie, not out of the link that was opened."""
    return token.startswith(_KEPT)


def visit_named(token: str) -> str:
    """The click id that a token of ours names, whichever way it is carried; "" of any other."""
    try:
        return signing.Signer(salt=_VISIT_SALT).unsign(token.removeprefix(_KEPT))
    except signing.BadSignature:
        return ""


def visit_by_token(token: str, *, pointer: str = "/visit_token") -> Visit:
    """The visit behind a token, its link loaded. Raises VisitTokenInvalid."""
    click_id = visit_named(token)
    if not click_id:
        raise VisitTokenInvalid(pointer=pointer)
    visit = (
        Visit.objects.select_related("link__participant__campaign")
        .filter(click_id=click_id)
        .first()
    )
    if visit is None:
        raise VisitTokenInvalid(pointer=pointer)
    return visit


def is_visit_token(token: str) -> bool:
    """Whether we signed this token; says nothing of its visit, and asks no database."""
    return bool(visit_named(token))


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
    """What somebody says brought them: a code they typed, a coupon's code, or the token of a visit.

    `visit_cookie` is a visit token that their page found in a cookie of its own, which counts less.
    `draw_token` brought them nowhere: it says which variant they saw before.
    """

    code: str = ""
    visit_token: str = ""
    draw_token: str = ""
    coupon: str = ""
    visit_cookie: str = ""

    def parts(self) -> "list[Brought]":
        """Each thing said on its own, for whoever takes what is good and leaves the rest."""
        said = (
            Brought(draw_token=self.draw_token),
            Brought(visit_cookie=self.visit_cookie),
            Brought(visit_token=self.visit_token),
            Brought(coupon=self.coupon),
            Brought(code=self.code),
        )
        return [part for part in said if part != Brought()]


@dataclass(frozen=True)
class Heard:
    """One thing that brought somebody, as a touch will keep it."""

    link: Link
    source: Source
    at: dt.datetime
    visit: Visit | None
    coupon: int | None = None


def heard(*, member_id: int, brought: Brought, now: dt.datetime) -> list[Heard]:
    """What somebody says brought them, the weakest first.

    A visit from when the link was opened; a code, or a coupon's, from `now`. A coupon that brings
    nobody is no mistake and is not heard. Raises LinkUnknown, VisitTokenInvalid, LinkOutOfTime for a
    code typed too early or too late, CouponUnknown (also for one in other hands), OwnCode (a visit to
    one's own link is heard and never wins: pages open them by themselves). What is of the other mode,
    live or test, is unknown.
    """
    found = []
    for name in ("visit_cookie", "visit_token"):
        if token := getattr(brought, name):
            in_cookie = name == "visit_cookie" or is_cookie_token(token)
            found.append(_visit_heard(member_id, token, in_cookie, now, f"/{name}"))
    if brought.coupon:
        found += _coupon_heard(member_id, brought.coupon, now)
    if brought.code:
        link = link_by_code(brought.code, pointer="/code")
        if not _in_one_mode(member_id, link):
            raise LinkUnknown(pointer="/code")
        if link.participant.member_id == member_id:
            raise OwnCode(pointer="/code")
        if not in_time(link, now):
            raise LinkOutOfTime(pointer="/code")
        found.append(Heard(link, Source.CODE, now, None))
    return found


def _visit_heard(
    member_id: int, token: str, in_cookie: bool, now: dt.datetime, pointer: str
) -> Heard:
    visit = visit_by_token(token, pointer=pointer)
    if not _in_one_mode(member_id, visit.link):
        raise VisitTokenInvalid(pointer=pointer)
    source = Source.COOKIE if in_cookie else Source.VISIT
    # The database's clock may be ahead of ours: nobody was brought later than now.
    return Heard(visit.link, source, min(visit.opened_at, now), visit)


def _coupon_heard(member_id: int, code: str, now: dt.datetime) -> list[Heard]:
    """Whose link a coupon belongs to, in each campaign it brings people to."""
    is_test = Member.objects.values_list("is_test", flat=True).get(pk=member_id)
    coupon = coupons_by_code([code], is_test=is_test).get(code)
    if coupon is None or coupon.member_id not in (None, member_id):
        raise CouponUnknown(pointer="/coupon")
    made_so = Q(template=coupon.template_id)
    if coupon.batch_id is not None:
        made_so |= Q(batch=coupon.batch_id)
    # A batch is more particular than its template.
    in_turn = (
        CouponLink.objects.filter(made_so)
        .select_related("link__participant__campaign")
        .order_by("campaign", F("batch").desc(nulls_last=True))
    )
    return [
        Heard(row.link, Source.COUPON, now, None, coupon.pk) for row in in_turn.distinct("campaign")
    ]


# A coupon that an operator revoked brings nobody; what it was used for since does not matter.
_COUPONS_IN_HAND = """
SELECT DISTINCT ON (c.id) c.id, b.link_id, c.issued_at
FROM coupons_coupon c
JOIN invites_couponlink b
  ON b.campaign_id = %s AND (b.template_id = c.template_id OR b.batch_id = c.batch_id)
WHERE c.member_id = %s AND c.issued_at IS NOT NULL AND c.status <> 'revoked'
ORDER BY c.id, b.batch_id NULLS LAST
"""


def coupons_heard(campaign: Campaign, member_id: int, now: dt.datetime) -> list[Heard]:
    """The coupons a member has taken that bring people to a campaign, each from when it was taken."""
    rows = statements.run(_COUPONS_IN_HAND, [campaign.pk, member_id])
    if not rows:
        return []
    links = Link.objects.select_related("participant__campaign").in_bulk([row[1] for row in rows])
    return [
        Heard(links[link], Source.COUPON, min(taken_at, now), None, coupon)
        for coupon, link, taken_at in rows
    ]


def _in_one_mode(member_id: int, link: Link) -> bool:
    mode = link.participant.campaign.is_test
    return Member.objects.filter(pk=member_id, is_test=mode).exists()


# A touch that is only supposed comes after all that are kept.
SUPPOSED = 2**63


def attribution_of(
    campaign: Campaign, member_id: int, *, now: dt.datetime, supposed: Iterable[Heard] = ()
) -> Attribution:
    """Who brought a member to a campaign, by the touches that are kept and those supposed besides."""
    besides = [
        _candidate(SUPPOSED, row)
        for row in supposed
        if row.link.participant.campaign_id == campaign.pk
    ]
    return attribution_among(
        [*kept_candidates(campaign, member_id), *besides], campaign, member_id, now
    )


def attribution_among(
    candidates: Iterable[Candidate], campaign: Campaign, member_id: int, now: dt.datetime
) -> Attribution:
    """Who of these brought a member to a campaign, as the campaign decides it."""
    return attribute(
        list(candidates),
        member=member_id,
        now=now,
        window=campaign.attribution_window,
        first=campaign.attribution == Campaign.Attribution.FIRST,
    )


def kept_candidates(campaign: Campaign, member_id: int) -> list[Candidate]:
    """A member's touches in a campaign, as a decision sees them."""
    rows = Touch.objects.filter(campaign=campaign, member_id=member_id)
    return [
        _candidate(row.pk, Heard(row.link, Source(row.source), row.touched_at, row.visit))
        for row in rows.select_related("link__participant", "visit")
    ]


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
        link=row.link.pk,
    )


def may_move(participant: Participant) -> bool:
    """Whether a better touch may still replace the referrer: not confirmed, brought nobody, and no
    operator has decided."""
    return (
        participant.status == Participant.Status.PROVISIONAL
        and not participant.referees.exists()
        and not participant.overrides.exists()
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
