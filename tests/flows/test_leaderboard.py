"""The leaderboard on phones, if the campaign allows, and for the shop."""

import json
from typing import Any

import pytest

from apps.campaigns.models import Campaign
from apps.invites.models import Participant
from tests.flows.client import Phone, Shop, accepted, assert_refused
from tests.makers import make_campaign, make_key


@pytest.fixture
def campaign(shop: Shop, ann: Phone, bob: Phone, cleo: Phone) -> Campaign:
    """Ann brought bob and cleo, bob brought dora; eve brought nobody."""
    campaign = make_campaign(leaderboard_size=1)
    for phone, by in ((ann, None), (bob, ann), (cleo, ann), (shop.phone("dora"), bob)):
        code = {"code": by.link(campaign.public_id)} if by else {}
        accepted(phone.join(campaign.public_id, **code))
    accepted(shop.phone("eve").join(campaign.public_id))
    return campaign


def board(caller: Any, campaign: Campaign, query: str = "") -> dict[str, Any]:
    return dict(caller.get(f"/campaigns/{campaign.public_id}/leaderboard{query}"))


def test_a_phone_sees_faces_its_own_rank_and_no_ids(
    shop: Shop, campaign: Campaign, ann: Phone, bob: Phone
) -> None:
    mine = board(ann, campaign)
    assert mine["results"] == [
        {
            "rank": 1,
            "referees": 2,
            "nickname": "Ann",
            "avatar_url": "",
            "me": True,
            "participant": None,
        }
    ]
    assert (mine["participants"], mine["period"], mine["first_day"]) == (2, "all", None)
    his = board(bob, campaign, "?period=week")
    assert his["me"] == {"rank": 2, "referees": 1}
    assert [row["nickname"] for row in his["results"]] == ["Ann"]
    assert not his["results"][0]["me"]
    assert his["first_day"] < his["last_day"]
    assert board(shop.phone("eve"), campaign)["me"] == {"rank": None, "referees": 0}
    assert board(shop.phone("stranger"), campaign)["me"] is None
    ids = Participant.objects.values_list("public_id", "member__public_id")
    assert not any(name in json.dumps(his) for row in ids for name in row)


def test_a_phone_sees_none_unless_the_campaign_says_so(
    shop: Shop, campaign: Campaign, ann: Phone
) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(leaderboard_size=None)
    path = f"/campaigns/{campaign.public_id}/leaderboard"
    assert_refused(ann.ask("GET", path), 404, "leaderboard_hidden")
    for_ann = shop.ask("GET", path, On_Behalf_Of="ann")
    assert_refused(for_ann, 404, "leaderboard_hidden")
    assert len(board(shop, campaign)["results"]) == 2


def test_the_shop_asks_for_any_days(shop: Shop, campaign: Campaign) -> None:
    whole = board(shop, campaign, "?limit=1")
    assert whole["results"][0]["participant"].startswith("par_")
    assert (len(whole["results"]), whole["me"]) == (1, None)
    today = Participant.objects.first().confirmed_at.date().isoformat()  # type: ignore[union-attr]
    assert len(board(shop, campaign, f"?from={today}")["results"]) == 2
    long_ago = board(shop, campaign, "?from=2020-01-01&to=2020-02-29")
    assert (long_ago["results"], long_ago["participants"]) == ([], 0)
    assert long_ago["period"] is None


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("period=year", "/period"),
        ("period=week&from=2026-01-01", "/period"),
        ("from=yesterday", "/from"),
        ("to=2026-02-30", "/to"),
        ("to=0001-01-01", "/to"),
        ("to=9999-12-31", "/to"),
        ("from=2026-02-02&to=2026-02-01", "/to"),
        ("limit=0", "/limit"),
        ("limit=101", "/limit"),
        ("limit=x", "/limit"),
        ("limit=9999999999999", "/limit"),
    ],
)
def test_odd_questions(shop: Shop, campaign: Campaign, query: str, pointer: str) -> None:
    path = f"/campaigns/{campaign.public_id}/leaderboard?{query}"
    assert_refused(shop.ask("GET", path), 422, "invalid", pointer)


def test_who_may_ask(shop: Shop, ann: Phone) -> None:
    campaign = make_campaign(leaderboard_size=3)
    path = f"/campaigns/{campaign.public_id}/leaderboard"
    narrow = Shop(shop._http, make_key(scopes=["orders"]))
    assert_refused(narrow.ask("GET", path), 403, "forbidden")
    testing = Shop(shop._http, make_key(is_test=True))
    assert_refused(testing.ask("GET", path), 404, "campaign_unknown")
    assert_refused(ann.ask("GET", f"{path}?period=x"), 422, "invalid", "/period")
    unknown = "/campaigns/cmp_nosuch/leaderboard"
    assert_refused(ann.ask("GET", unknown), 404, "campaign_unknown")
