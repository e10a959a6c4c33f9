"""The signed tokens of visits and draws."""

import functools
import hmac

from django.core import signing
from django.utils.crypto import constant_time_compare, salted_hmac

from apps.campaigns.models import Campaign
from apps.core.errors import Invalid
from apps.invites.models import Draw, Visit
from apps.members.models import Member

_VISIT_SALT = "invites.visit"
# How the token of a visit begins that comes out of a cookie. It is no secret: it makes it weaker.
_KEPT = "kept."
_DRAW_SALT = "invites.draw"


class VisitTokenInvalid(Invalid):
    code = "visit_token_invalid"
    message = "This visit token is not one of ours."


class DrawTokenInvalid(Invalid):
    code = "draw_token_invalid"
    message = "This draw token is not one of ours, or of another campaign."


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
    token = token.removeprefix(_KEPT)
    click_id, _, signature = token.partition(":")
    if constant_time_compare(signature, visit_signature(click_id)):
        return click_id
    try:
        return signing.Signer(salt=_VISIT_SALT).unsign(token)  # by an older key, perhaps
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
