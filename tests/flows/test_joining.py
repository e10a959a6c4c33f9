"""Codes, visits and joining: who brought whom, and what does not count."""

import datetime as dt
from collections.abc import Callable

import httpx
import pytest

from apps.campaigns.services import campaign_end, campaign_pause, campaign_resume
from apps.invites.models import Link, Participant, Touch, Visit
from apps.invites.services import link_revoke
from tests.flows.client import Phone, Shop, accepted, assert_refused
from tests.makers import make_campaign, make_offer, now


def referrer_of(shop: Shop, phone: Phone, campaign: str) -> str | None:
    """The member who brought `phone` there."""
    mine = Participant.objects.get(member__public_id=phone.member, campaign__public_id=campaign)
    return mine.referrer.member.public_id if mine.referrer else None


def verdicts(shop: Shop, phone: Phone, campaign: str) -> list[str]:
    """What the latest decision said about each touch, oldest first."""
    mine = Participant.objects.get(member__public_id=phone.member, campaign__public_id=campaign)
    traces = shop.get(f"/participants/{mine.public_id}/trace")["results"]
    return [row["verdict"] for row in traces[-1]["candidates"]]


def test_an_unknown_code_brings_nobody_in(shop: Shop, ann: Phone) -> None:
    campaign = make_campaign().public_id
    assert_refused(ann.join(campaign, code="nosuchcode"), 404, "link_unknown", "/code")
    assert_refused(ann.post("/visits", {"code": "nosuchcode"}), 404, "link_unknown", "/code")
    forged = ann.join(campaign, visit_token="vis_1:forged")
    assert_refused(forged, 422, "visit_token_invalid", "/visit_token")
    assert not Participant.objects.exists()


def test_nobody_brings_themselves(shop: Shop, ann: Phone) -> None:
    campaign = make_campaign(qualifying_act="room").public_id
    code = ann.link(campaign)
    assert_refused(ann.join(campaign, code=code), 409, "own_code", "/code")
    assert_refused(ann.post("/me/touches", {"code": code}), 409, "own_code", "/code")
    # A visit is not typed by anybody: pages report it by themselves.
    accepted(ann.join(campaign, visit_token=ann.visit(code)), 200)
    assert referrer_of(shop, ann, campaign) is None


def test_the_trace_says_that_a_visit_was_to_the_own_link(
    shop: Shop, ann: Phone, bob: Phone
) -> None:
    campaign = make_campaign(qualifying_act="room").public_id
    own = ann.visit(ann.link(campaign))
    accepted(ann.post("/me/touches", {"visit_token": own}), 204)
    accepted(ann.join(campaign, visit_token=ann.visit(bob.link(campaign))), 200)
    assert referrer_of(shop, ann, campaign) == bob.member
    assert verdicts(shop, ann, campaign) == ["own_link", "won"]


def test_joining_again_is_the_same_participant(shop: Shop, ann: Phone, bob: Phone) -> None:
    campaign = make_campaign().public_id
    first = accepted(bob.join(campaign, code=ann.link(campaign)))
    assert (first["status"], first["generation"], first["brought"]) == ("confirmed", 1, True)
    assert accepted(bob.join(campaign), 200) == first
    assert Participant.objects.count() == 2


def test_the_last_touch_wins_or_the_first(shop: Shop, ann: Phone, bob: Phone, cleo: Phone) -> None:
    for attribution, winner in (("last", bob), ("first", ann)):
        campaign = make_campaign(attribution=attribution).public_id
        for phone in (ann, bob):
            token = cleo.visit(phone.link(campaign))
            accepted(cleo.post("/me/touches", {"visit_token": token}), 204)
        accepted(cleo.join(campaign))
        assert referrer_of(shop, cleo, campaign) == winner.member
        assert sorted(verdicts(shop, cleo, campaign)) == [f"not_{attribution}", "won"]


def test_a_code_is_stronger_than_a_visit(shop: Shop, ann: Phone, bob: Phone, cleo: Phone) -> None:
    campaign = make_campaign().public_id
    accepted(cleo.post("/me/touches", {"code": ann.link(campaign)}), 204)
    accepted(cleo.join(campaign, visit_token=cleo.visit(bob.link(campaign))))
    assert referrer_of(shop, cleo, campaign) == ann.member
    assert verdicts(shop, cleo, campaign) == ["won", "weaker_source"]


def test_an_old_touch_is_outside_the_window(shop: Shop, ann: Phone, bob: Phone) -> None:
    campaign = make_campaign(attribution_window=dt.timedelta(hours=1)).public_id
    token = bob.visit(ann.link(campaign))
    Visit.objects.update(opened_at=now() - dt.timedelta(hours=2))
    accepted(bob.join(campaign, visit_token=token))
    assert referrer_of(shop, bob, campaign) is None
    assert verdicts(shop, bob, campaign) == ["outside_window"]


def test_a_database_clock_ahead_of_the_web_servers_loses_no_touch(
    shop: Shop, ann: Phone, bob: Phone, move_clock: pytest.FixtureRequest
) -> None:
    campaign = make_campaign().public_id
    move_clock(30)  # type: ignore[operator]
    accepted(bob.join(campaign, visit_token=bob.visit(ann.link(campaign))))
    assert referrer_of(shop, bob, campaign) == ann.member


def test_bots_previews_and_revoked_links_bring_nobody(
    shop: Shop, ann: Phone, bob: Phone, http: httpx.Client
) -> None:
    campaign = make_campaign().public_id
    code = ann.link(campaign)
    bot = Shop(http, User_Agent="Googlebot/2.1 (+http://www.google.com/bot.html)")
    crawled = accepted(bot.post("/visits", {"code": code}))
    assert crawled["counted"] is False
    accepted(bob.post("/me/touches", {"visit_token": crawled["visit_token"]}), 204)
    ahead = bob.ask("POST", "/visits", {"code": code}, Sec_Purpose="prefetch", Idempotency_Key="p")
    accepted(bob.post("/me/touches", {"visit_token": accepted(ahead)["visit_token"]}), 204)
    assert accepted(bob.post("/visits", {"code": code}))["counted"] is True
    token = bob.visit(code)
    accepted(bob.post("/me/touches", {"visit_token": token}), 204)
    link_revoke(link_id=Link.objects.get(code=code).pk)
    accepted(bob.join(campaign))
    assert referrer_of(shop, bob, campaign) is None
    assert verdicts(shop, bob, campaign) == ["not_counted", "not_counted", "link_revoked"]


def test_a_code_of_another_campaign(shop: Shop, ann: Phone, bob: Phone) -> None:
    spring, autumn = make_campaign().public_id, make_campaign(name="Autumn").public_id
    code = ann.link(spring)
    assert_refused(bob.join(autumn, code=code), 409, "code_of_other_campaign", "/code")
    assert not Participant.objects.filter(member__public_id=bob.member).exists()
    assert not Touch.objects.exists()


def test_a_better_touch_replaces_a_provisional_referrer_until_the_act(
    shop: Shop, ann: Phone, bob: Phone, cleo: Phone
) -> None:
    campaign = make_campaign(qualifying_act="room")
    offer = make_offer(campaign, size=1).public_id
    accepted(cleo.join(campaign.public_id, code=ann.link(campaign.public_id)))
    accepted(cleo.join(campaign.public_id, code=bob.link(campaign.public_id)), 200)
    assert referrer_of(shop, cleo, campaign.public_id) == bob.member
    _, seat = cleo.open_room(offer)
    shop.paid(cleo, seat)
    confirmed = accepted(cleo.join(campaign.public_id, code=ann.link(campaign.public_id)), 200)
    assert confirmed["status"] == "confirmed"
    assert referrer_of(shop, cleo, campaign.public_id) == bob.member


def test_who_has_referees_keeps_their_referrer(
    shop: Shop, ann: Phone, bob: Phone, cleo: Phone
) -> None:
    campaign = make_campaign(qualifying_act="room").public_id
    accepted(cleo.join(campaign, code=bob.link(campaign)))
    accepted(bob.join(campaign, code=cleo.link(campaign)), 200)
    assert referrer_of(shop, bob, campaign) is None
    accepted(bob.join(campaign, code=ann.link(campaign)), 200)
    assert referrer_of(shop, bob, campaign) is None


def test_paused_and_ended_campaigns_admit_nobody_new(shop: Shop, ann: Phone, bob: Phone) -> None:
    campaign = make_campaign()
    offer = make_offer(campaign).public_id
    first = accepted(ann.join(campaign.public_id))
    campaign_pause(campaign_id=campaign.pk)
    assert ann.get("/campaigns")["results"] == []
    assert_refused(bob.join(campaign.public_id), 409, "campaign_not_running")
    for phone in (ann, bob):
        refused = phone.post(f"/offers/{offer}/rooms")
        assert_refused(refused, 409, "campaign_not_running")
    assert accepted(ann.join(campaign.public_id), 200) == first
    campaign_resume(campaign_id=campaign.pk)
    accepted(bob.join(campaign.public_id))
    campaign_end(campaign_id=campaign.pk)
    cleo = shop.phone("cleo")
    assert_refused(cleo.join(campaign.public_id), 409, "campaign_not_running")
    assert_refused(cleo.put(f"/campaigns/{campaign.public_id}/link"), 409, "campaign_not_running")
    assert Participant.objects.count() == 2


def test_a_repeat_is_no_second_visit_and_brings_all_the_same(
    shop: Shop, ann: Phone, bob: Phone, drain: Callable[[], None]
) -> None:
    campaign = make_campaign().public_id
    code = ann.link(campaign)
    bob.visit(code)  # the page is closed again, its token lost
    again = accepted(bob.post("/visits", {"code": code}))
    assert again["counted"] is False
    accepted(bob.join(campaign, visit_token=again["visit_token"]))
    assert referrer_of(shop, bob, campaign) == ann.member
    assert verdicts(shop, bob, campaign) == ["won"]
    assert list(Visit.objects.order_by("pk").values_list("skipped", flat=True)) == ["", "repeat"]
    drain()
    funnel = {
        row["step"]: row["count"] for row in shop.get(f"/campaigns/{campaign}/report")["funnel"]
    }
    assert (funnel["visits"], funnel["brought"]) == (1, 1)


def test_who_calls_is_told_apart_by_what_the_shop_calls_them(
    shop: Shop, ann: Phone, http: httpx.Client
) -> None:
    code = ann.link(make_campaign().public_id)
    for visitor in ("", "", "bob", "cleo", "bob"):  # by the shop's own server
        accepted(shop.post("/visits", {"code": code, "visitor": visitor}))
    app = Shop(http, User_Agent="okhttp/4.12.0")
    page = "https://servicewechat.com/wx1234/7/page-frame.html"
    mini = Shop(
        http, User_Agent="Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X)", Referer=page
    )
    for caller in (app, mini):
        assert accepted(caller.post("/visits", {"code": code}, key=""))["counted"] is True
    visits = Visit.objects.order_by("pk").values_list("device", "skipped")
    assert [skipped for _, skipped in visits] == ["", "", "", "", "repeat", "", ""]
    assert [device for device, _ in visits][-2:] == ["app", "mini_program"]


def test_a_revoked_link_is_opened_by_no_call(shop: Shop, ann: Phone, bob: Phone) -> None:
    code = ann.link(make_campaign().public_id)
    link_revoke(link_id=Link.objects.get(code=code).pk)
    assert_refused(bob.post("/visits", {"code": code}), 410, "link_revoked")


def test_a_draft_and_a_campaign_to_come_are_closed(shop: Shop, ann: Phone) -> None:
    draft = make_campaign(published=False).public_id
    assert_refused(ann.join(draft), 404, "campaign_unknown")
    later = make_campaign(starts_at=now() + dt.timedelta(hours=1)).public_id
    assert_refused(ann.join(later), 409, "campaign_not_running")


def test_pages_say_what_a_link_is(shop: Shop, ann: Phone, http: httpx.Client) -> None:
    campaign = make_campaign(card_title="Tea together")
    code = ann.link(campaign.public_id)
    page = http.get(f"/s/{code}", headers={"User-Agent": "Mozilla/5.0 Chrome/130"})
    assert page.status_code == 200
    assert "Tea together" in page.text
    assert http.get("/s/nosuchcode").status_code == 404
    assert http.get("/s/nosuchcode/qr.png").status_code == 404
    assert http.get(f"/s/{code}/qr.png").headers["content-type"] == "image/png"
    assert http.get(f"/s/{code}/qr.svg").headers["content-type"] == "image/svg+xml"
    assert Visit.objects.filter(skipped="").count() == 1
    http.head(f"/s/{code}")
    assert set(Visit.objects.values_list("skipped", flat=True)) == {"", "head"}
    room, seat = ann.open_room(make_offer(campaign).public_id)
    assert "not open yet" in http.get(f"/g/{room}").text
    shop.paid(ann, seat)
    shown = http.get(f"/s/{ann.room_link(room)}")
    assert shown.status_code == 302
    assert shown.headers["location"].startswith(f"/g/{room}?visit=")
    assert http.get(shown.headers["location"]).status_code == 200
    assert http.get("/g/room_unknown").status_code == 404
