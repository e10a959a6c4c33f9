"""What somebody says brought them, and what of it can be heard."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import F, Q

from apps.campaigns.models import Campaign
from apps.core import statements
from apps.core.errors import Conflict
from apps.coupons.errors import CouponUnknown
from apps.coupons.selectors import coupons_by_code
from apps.invites.models import CouponLink, Link, Visit
from apps.invites.rules import Source
from apps.invites.selectors.links import LinkUnknown, in_time, link_by_code
from apps.invites.selectors.tokens import (
    VisitTokenInvalid,
    is_cookie_token,
    visit_by_token,
)
from apps.members.models import Member


class OwnCode(Conflict):
    code = "own_code"
    message = "Nobody can bring themselves: this is the member's own code."


class LinkOutOfTime(Conflict):
    code = "link_out_of_time"
    message = "The link with this code has expired, or does not open yet."


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
