"""Every way a friend can be brought, and that each is really counted as what it is."""

import datetime as dt
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from apps.coupons.models import Batch, Coupon, Template
from apps.coupons.services import batch_continue, batch_order, template_activate
from apps.invites.models import Link, Participant, Touch, Visit
from apps.invites.services import coupon_link_make
from tests.flows.client import Phone, Shop, accepted, assert_refused
from tests.flows.test_joining import referrer_of, verdicts
from tests.makers import make_campaign, make_offer, now

BROWSER = "Mozilla/5.0 (Linux; Android 15) Chrome/130"


def sources(phone: Phone) -> list[str]:
    """How the latest touches of a member came about, the oldest first."""
    rows = Touch.objects.filter(member__public_id=phone.member).order_by("pk")
    return list(rows.values_list("source", flat=True))


def days_pass(days: float) -> None:
    """All visits so far were so many days ago."""
    for visit in Visit.objects.all():
        earlier = visit.opened_at - dt.timedelta(days=days)
        Visit.objects.filter(pk=visit.pk).update(opened_at=earlier)


def make_template(name: str = "Partner coupon") -> Template:
    template = Template.objects.create(
        name=name, currency="CNY", face_minor=500, is_public=True, member_limit=3
    )
    return template_activate(template_id=template.pk)


def codes_of(template: Template, count: int = 2) -> tuple[Batch, list[str]]:
    """A batch of codes that belong to nobody yet."""
    batch = batch_order(
        template=template.public_id, count=count, key=template.name, ordered_by=None, now=now()
    )
    batch_continue(batch_id=batch.pk, now=now())
    return batch, list(Coupon.objects.filter(batch=batch).values_list("code", flat=True))


def test_a_card_opened_without_login_brings_them_when_they_join_elsewhere_days_later(
    shop: Shop, ann: Phone, http: httpx.Client
) -> None:
    """In a mini-program nobody is logged in; the token waits there until the friend is."""
    campaign = make_campaign().public_id
    stranger = Shop(http, User_Agent=BROWSER)
    opened = accepted(stranger.post("/visits", {"code": ann.link(campaign)}, key=""))
    days_pass(4)
    bob = shop.phone("bob")
    accepted(bob.post("/me/touches", {"visit_token": opened["visit_token"]}), 204)
    accepted(bob.join(campaign))  # on another page, which knows of no token
    assert referrer_of(shop, bob, campaign) == ann.member
    assert sources(bob) == ["visit"]


def test_a_deferred_link_of_an_app_that_had_to_be_installed_first(
    shop: Shop, ann: Phone, http: httpx.Client
) -> None:
    """The store lets the page's token through the installation; the app reports it after login."""
    campaign = make_campaign(shop_url="https://shop.example/app").public_id
    page = http.get(f"/s/{ann.link(campaign)}", headers={"User-Agent": BROWSER})
    (token,) = {
        value
        for word in page.text.split('"')
        if word.startswith("https://shop.example")
        for value in parse_qs(urlsplit(word.replace("&amp;", "&")).query).get("visit", [])
    }
    days_pass(2)
    bob = shop.phone("bob")
    accepted(bob.join(campaign, visit_token=token))
    assert referrer_of(shop, bob, campaign) == ann.member


def test_a_code_on_a_poster_in_the_shop_is_a_visit_of_its_own(
    shop: Shop, ann: Phone, bob: Phone
) -> None:
    """The scene of a mini-program's QR code is the link's code; a scan is an opened link."""
    campaign = make_campaign().public_id
    scanned = accepted(bob.post("/visits", {"code": ann.link(campaign), "channel": "shop-window"}))
    accepted(bob.join(campaign, visit_token=scanned["visit_token"]))
    assert referrer_of(shop, bob, campaign) == ann.member
    mine = Participant.objects.get(member__public_id=bob.member)
    assert mine.circumstances["channel"] == "shop-window"
    assert mine.link == Link.objects.get(code=ann.link(campaign))


def test_a_typed_code_alone(shop: Shop, ann: Phone, bob: Phone) -> None:
    campaign = make_campaign().public_id
    accepted(bob.join(campaign, code=ann.link(campaign)))
    assert (referrer_of(shop, bob, campaign), sources(bob)) == (ann.member, ["code"])


def room_visit(http: httpx.Client, code: str) -> tuple[str, str]:
    """Open a room's link in a browser: (the token in the address, the one in the cookie)."""
    to_room = http.get(f"/s/{code}", headers={"User-Agent": BROWSER})
    address = parse_qs(urlsplit(to_room.headers["location"]).query)["visit"][0]
    http.cookies.clear()
    return address, to_room.cookies["visit"].strip('"')


def test_refused_cookies_lose_nobody_and_a_cookie_counts_less_than_the_link(
    shop: Shop, ann: Phone, bob: Phone, cleo: Phone, http: httpx.Client
) -> None:
    campaign = make_campaign(shop_url="https://shop.example")
    offer = make_offer(campaign).public_id
    links = []
    for host in (ann, bob):
        room, seat = host.open_room(offer)
        shop.paid(host, seat)
        links.append(host.room_link(room))
    token, _ = room_visit(http, links[0])
    _, cookie = room_visit(http, links[1])
    assert token != cookie
    dora = shop.phone("dora")
    accepted(dora.join(campaign.public_id, visit_token=token))
    assert referrer_of(shop, dora, campaign.public_id) == ann.member
    # The cookie is younger, and comes without the link: it is weaker.
    accepted(cleo.post("/me/touches", {"visit_token": cookie}), 204)
    accepted(cleo.post("/me/touches", {"visit_token": token}), 204)
    accepted(cleo.join(campaign.public_id))
    assert sources(cleo) == ["cookie", "visit"]
    assert referrer_of(shop, cleo, campaign.public_id) == ann.member
    assert verdicts(shop, cleo, campaign.public_id) == ["won", "weaker_source"]


def test_the_group_page_hands_on_what_its_cookie_keeps(
    shop: Shop, ann: Phone, bob: Phone, http: httpx.Client
) -> None:
    campaign = make_campaign(shop_url="https://shop.example")
    room, seat = ann.open_room(make_offer(campaign).public_id)
    shop.paid(ann, seat)
    address, cookie = room_visit(http, ann.room_link(room))
    page = http.get(f"/g/{room}", headers={"User-Agent": BROWSER, "Cookie": f"visit={cookie}"})
    assert f"visit={cookie.replace(':', '%3A')}" in page.text
    accepted(bob.join(campaign.public_id, visit_token=cookie))
    assert (referrer_of(shop, bob, campaign.public_id), sources(bob)) == (ann.member, ["cookie"])
    # Told again with the link's own token, it is the link that brought them.
    accepted(bob.post("/me/touches", {"visit_token": address}), 204)
    accepted(bob.post("/me/touches", {"visit_token": cookie}), 204)
    assert sources(bob) == ["visit"]


def test_a_token_the_shop_kept_in_a_cookie_of_its_own(
    shop: Shop, ann: Phone, bob: Phone, cleo: Phone
) -> None:
    campaign = make_campaign().public_id
    accepted(
        cleo.join(
            campaign,
            visit_cookie=cleo.visit(bob.link(campaign)),
            visit_token=cleo.visit(ann.link(campaign)),
        )
    )
    assert referrer_of(shop, cleo, campaign) == ann.member
    assert verdicts(shop, cleo, campaign) == ["weaker_source", "won"]
    forged = bob.join(campaign, visit_cookie="vis_1:forged")
    assert_refused(forged, 422, "visit_token_invalid", "/visit_cookie")


def test_ones_own_link_fetched_by_the_page_costs_the_inviter_nothing(
    shop: Shop, ann: Phone, bob: Phone, http: httpx.Client
) -> None:
    """Bob opens ann's link; the shop's page then loads with bob's own link in its address."""
    campaign = make_campaign(qualifying_act="room")
    offer = make_offer(campaign, size=1).public_id
    own = bob.link(campaign.public_id)
    anns = bob.visit(ann.link(campaign.public_id))
    accepted(bob.post("/me/touches", {"visit_token": anns}), 204)
    for _ in range(3):
        loaded = http.get(f"/s/{own}", headers={"User-Agent": BROWSER})
        assert loaded.status_code == 200
        accepted(bob.post("/me/touches", {"visit_token": bob.visit(own)}), 204)
    _, seat = bob.open_room(offer, visit_token=bob.visit(own))
    shop.paid(bob, seat, visit_token=bob.visit(own))
    assert referrer_of(shop, bob, campaign.public_id) == ann.member
    assert verdicts(shop, bob, campaign.public_id)[0] == "won"


def test_a_coupon_brings_whoever_takes_it(shop: Shop, ann: Phone, bob: Phone, cleo: Phone) -> None:
    campaign = make_campaign(enrolment="everyone", qualifying_act="order")
    template = make_template()
    batch, codes = codes_of(template)
    link = Link.objects.get(code=ann.link(campaign.public_id))
    coupon_link_make(link=link, batch=batch)
    accepted(bob.post("/me/coupons", {"code": codes[0]}))
    accepted(bob.join(campaign.public_id))  # says nothing of the coupon
    assert (referrer_of(shop, bob, campaign.public_id), sources(bob)) == (ann.member, ["coupon"])
    # Cleo sets hers aside for an order, which makes her a participant.
    reserve = {"member": "cleo", "order_id": "o-cleo"}
    accepted(shop.post(f"/coupons/{codes[1]}/reserve", reserve), 200)
    accepted(shop.order("o-cleo", cleo))
    assert (referrer_of(shop, cleo, campaign.public_id), sources(cleo)) == (ann.member, ["coupon"])
    # A coupon of the same template that is not of this batch brings nobody.
    dora = shop.phone("dora")
    accepted(dora.post("/me/coupons", {"template": template.public_id}))
    accepted(dora.join(campaign.public_id))
    assert referrer_of(shop, dora, campaign.public_id) is None


def test_a_coupon_that_is_only_named(shop: Shop, ann: Phone, bob: Phone, cleo: Phone) -> None:
    campaign = make_campaign().public_id
    template = make_template()
    _, codes = codes_of(template)
    coupon_link_make(link=Link.objects.get(code=ann.link(campaign)), template=template)
    accepted(bob.join(campaign, coupon=codes[0].upper()))
    assert referrer_of(shop, bob, campaign) == ann.member
    accepted(bob.post("/me/coupons", {"code": codes[1]}))
    assert_refused(cleo.join(campaign, coupon=codes[1]), 404, "coupon_unknown", "/coupon")
    assert_refused(cleo.join(campaign, coupon="nosuch"), 404, "coupon_unknown", "/coupon")


def test_a_code_beats_a_coupon_and_a_coupon_beats_a_link(
    shop: Shop, ann: Phone, bob: Phone, cleo: Phone
) -> None:
    campaign = make_campaign(qualifying_act="room").public_id
    template = make_template()
    coupon_link_make(link=Link.objects.get(code=ann.link(campaign)), template=template)
    accepted(cleo.post("/me/coupons", {"template": template.public_id}))
    accepted(cleo.join(campaign, visit_token=cleo.visit(bob.link(campaign))))
    assert referrer_of(shop, cleo, campaign) == ann.member
    assert sorted(verdicts(shop, cleo, campaign)) == ["weaker_source", "won"]
    accepted(cleo.join(campaign, code=bob.link(campaign)), 200)
    assert referrer_of(shop, cleo, campaign) == bob.member


def test_an_order_that_names_its_coupon_dry_and_for_real(
    shop: Shop, ann: Phone, bob: Phone
) -> None:
    campaign = make_campaign(enrolment="everyone").public_id
    template = make_template()
    _, codes = codes_of(template)
    coupon_link_make(link=Link.objects.get(code=ann.link(campaign)), template=template)
    report: dict[str, Any] = shop.report("o-1", bob, coupon=codes[0])
    tried = accepted(shop.post("/orders", {**report, "dry_run": True}), 200)
    assert tried["campaigns"][0]["referrer"] is not None
    assert not Participant.objects.filter(member__public_id=bob.member).exists()
    accepted(shop.post("/orders", report))
    assert referrer_of(shop, bob, campaign) == ann.member


@pytest.mark.parametrize(("attribution", "winner"), [("first", "ann"), ("last", "bob")])
def test_the_first_or_the_last_coupon(
    shop: Shop, ann: Phone, bob: Phone, cleo: Phone, attribution: str, winner: str
) -> None:
    campaign = make_campaign(attribution=attribution).public_id
    for phone in (ann, bob):
        template = make_template(f"of {phone.name}")
        coupon_link_make(link=Link.objects.get(code=phone.link(campaign)), template=template)
        accepted(cleo.post("/me/coupons", {"template": template.public_id}))
    accepted(cleo.join(campaign))
    assert referrer_of(shop, cleo, campaign) == {"ann": ann, "bob": bob}[winner].member


def test_a_coupon_taken_before_the_window_brings_nobody(
    shop: Shop, ann: Phone, bob: Phone, drain: Callable[[], None]
) -> None:
    campaign = make_campaign(attribution_window=dt.timedelta(days=1)).public_id
    template = make_template()
    coupon_link_make(link=Link.objects.get(code=ann.link(campaign)), template=template)
    accepted(bob.post("/me/coupons", {"template": template.public_id}))
    Coupon.objects.update(issued_at=now() - dt.timedelta(days=2))
    accepted(bob.join(campaign))
    assert referrer_of(shop, bob, campaign) is None
    assert verdicts(shop, bob, campaign) == ["outside_window"]
    drain()
