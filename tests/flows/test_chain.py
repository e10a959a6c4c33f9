"""The tree for the shop, the friends on a phone, and the way from an intent to an order."""

import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from apps.invites.models import Participant, Share, Visit
from tests.flows.client import Phone, Shop, accepted, assert_refused
from tests.makers import make_campaign


def joined(phone: Phone, campaign: str, code: str = "") -> str:
    """The id of a participant who joins, brought by this code."""
    return str(phone.join(campaign, **({"code": code} if code else {})).json()["id"])


def pages(caller: Any, path: str) -> list[list[dict[str, Any]]]:
    """All pages of a list."""
    found = []
    following: str | None = path
    while following:
        body = caller.get(following)
        found.append(body["results"])
        parts = urlsplit(body["next"] or "")
        following = f"{parts.path.removeprefix('/api/v1')}?{parts.query}" if body["next"] else None
    return found


def test_the_tree_is_paged_and_opens_one_friend_at_a_time(shop: Shop, ann: Phone) -> None:
    campaign = make_campaign().public_id
    top = joined(ann, campaign)
    friends = [joined(shop.phone(f"friend-{n}"), campaign, ann.link(campaign)) for n in range(5)]
    first = shop.phone("friend-0")
    deeper = joined(shop.phone("deep"), campaign, first.link(campaign))
    shown = pages(shop, f"/participants/{top}/tree?limit=2")
    assert [len(page) for page in shown] == [2, 2, 1]
    assert [row["id"] for page in shown for row in page] == friends[::-1]
    last = shown[-1][0]
    assert (last["friends"], last["below"], last["depth"], last["at_least"]) == (1, 1, 1, False)
    tree = shop.get(f"/participants/{deeper}/tree")
    assert [row["id"] for row in tree["ancestors"]] == [friends[0], top]
    assert tree["results"] == []
    assert tree["participant"]["generation"] == 2


def test_the_tree_and_the_trace_are_the_shops(shop: Shop, ann: Phone, bob: Phone) -> None:
    campaign = make_campaign().public_id
    top = joined(ann, campaign)
    for door in ("tree", "trace", "referrer"):
        path = f"/participants/{top}/{door}"
        answer = bob.ask("GET", path) if door != "referrer" else bob.post(path)
        assert_refused(answer, 403, "forbidden")
        unknown = f"/participants/par_nobody/{door}"
        body = {"referrer": None, "reason": "x"}
        lost = shop.post(unknown, body) if door == "referrer" else shop.ask("GET", unknown)
        assert_refused(lost, 404, "participant_unknown")


def test_a_phone_sees_faces_and_no_ids(shop: Shop, ann: Phone, bob: Phone, cleo: Phone) -> None:
    campaign, other = make_campaign(), make_campaign(name="Autumn", qualifying_act="room")
    joined(bob, campaign.public_id, ann.link(campaign.public_id))
    joined(cleo, campaign.public_id, bob.link(campaign.public_id))
    joined(cleo, other.public_id, ann.link(other.public_id))
    body = ann.get("/me/referrals")
    assert [(row["nickname"], row["campaign"], row["status"]) for row in body["results"]] == [
        ("Cleo", other.public_id, "provisional"),
        ("Bob", campaign.public_id, "confirmed"),
    ]
    told = json.dumps(body)
    ids = Participant.objects.values_list("public_id", "member__public_id")
    assert not any(name in told for row in ids for name in row)
    one = ann.get(f"/me/referrals?campaign={campaign.public_id}")["results"]
    assert [row["nickname"] for row in one] == ["Bob"]
    assert ann.get("/me/referrals?campaign=cmp_nosuch")["results"] == []
    assert [len(page) for page in pages(ann, "/me/referrals?limit=1")] == [1, 1]
    assert_refused(shop.ask("GET", "/me/referrals"), 403, "forbidden")


def test_an_intent_is_kept_for_the_links_owner_only(shop: Shop, ann: Phone, bob: Phone) -> None:
    campaign = make_campaign().public_id
    code = ann.link(campaign)
    told = accepted(ann.post(f"/links/{code}/shares", {"channel": "moments"}, key="same"))
    assert (told["code"], told["channel"]) == (code, "moments")
    accepted(ann.post(f"/links/{code}/shares", {"channel": "moments"}, key="same"))
    assert Share.objects.count() == 1
    others = bob.post(f"/links/{code}/shares")
    unknown = bob.post("/links/nosuchcode/shares")
    assert_refused(others, 404, "link_unknown")
    assert others.json() == unknown.json()
    long = ann.post(f"/links/{code}/shares", {"channel": "x" * 33})
    assert_refused(long, 422, "invalid", "/channel")


def funnel(shop: Shop, campaign: str, query: str = "") -> dict[str, tuple[int, ...]]:
    """(intents, visits, brought, confirmed, buyers, orders, kept) by name."""
    rows = shop.get(f"/campaigns/{campaign}/funnel{query}")["results"]
    return {row.pop("name"): tuple(row.values()) for row in rows}


def test_the_funnel_from_intent_to_order(shop: Shop, ann: Phone, bob: Phone, cleo: Phone) -> None:
    campaign = make_campaign().public_id
    code = ann.link(campaign)
    for channel in ("moments", "moments", "chat"):
        accepted(ann.post(f"/links/{code}/shares", {"channel": channel}))
    for phone, channel in ((bob, "moments"), (cleo, "chat")):
        visit = accepted(phone.post("/visits", {"code": code, "channel": channel}))
        accepted(phone.join(campaign, visit_token=visit["visit_token"]))
    bob.visit(code)
    Visit.objects.create(link_id=Visit.objects.first().link_id, skipped="bot")  # type: ignore[union-attr]
    shop.paid(bob, amount=1000)
    second = shop.paid(bob, amount=700)
    gone = shop.paid(cleo, amount=500)
    accepted(shop.refund(second, amount_minor=200))
    accepted(shop.refund(gone))
    dora = shop.phone("dora")
    joined(dora, campaign, bob.link(campaign))
    ann_id, bob_id = joined(ann, campaign), joined(bob, campaign)
    assert funnel(shop, campaign) == {
        "moments": (2, 1, 1, 1, 1, 2, 1500),
        "chat": (1, 1, 1, 1, 0, 0, 0),
        "": (0, 0, 1, 1, 0, 0, 0),  # dora's typed code; bob's second look is a repeat
    }
    assert funnel(shop, campaign, "?by=link") == {
        code: (3, 2, 2, 2, 1, 2, 1500),
        bob.link(campaign): (0, 0, 1, 1, 0, 0, 0),
    }
    assert funnel(shop, campaign, "?by=participant") == {
        ann_id: (3, 2, 2, 2, 1, 2, 1500),
        bob_id: (0, 0, 1, 1, 0, 0, 0),
    }
    assert funnel(shop, campaign, f"?by=link&participant={bob_id}").keys() == {bob.link(campaign)}
    assert funnel(shop, campaign, f"?participant={bob_id}") == {"": (0, 0, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize(
    ("query", "status", "code", "pointer"),
    [
        ("?by=weather", 422, "invalid", "/by"),
        ("?participant=par_nobody", 404, "participant_unknown", None),
    ],
)
def test_odd_funnels(shop: Shop, query: str, status: int, code: str, pointer: str | None) -> None:
    campaign = make_campaign().public_id
    assert_refused(shop.ask("GET", f"/campaigns/{campaign}/funnel{query}"), status, code, pointer)
    assert shop.get(f"/campaigns/{campaign}/funnel")["results"] == []
