"""Ann shares, bob is brought, the room fills, and everybody gets what was promised."""

import datetime as dt
from collections.abc import Callable

import pytest

from apps.campaigns.models import Campaign
from apps.campaigns.rules import Beneficiary, Trigger
from apps.groupbuy.models import Offer
from tests.flows.client import PRICE, Phone, Shop, accepted
from tests.makers import make_campaign, make_offer

HOLD = {"hold_seconds": 600}
JOINED = (Trigger.JOINED, Beneficiary.MEMBER, {"points": 10, **HOLD})
REFERRED = (
    Trigger.ORDER_PAID,
    Beneficiary.REFERRER,
    {"points": 100, "first_order_only": True, **HOLD},
)
INVITED = (Trigger.ORDER_PAID, Beneficiary.INVITER, {"points": 20, **HOLD})
HOSTED = (Trigger.ROOM_COMPLETED, Beneficiary.HOST, {"points": 50, **HOLD})


@pytest.fixture
def campaign(shop: Shop) -> Campaign:
    return make_campaign(
        JOINED, REFERRED, INVITED, HOSTED, qualifying_act="room", card_title="Tea together"
    )


@pytest.fixture
def offer(campaign: Campaign) -> Offer:
    return make_offer(campaign, size=2, stock=10)


def test_the_main_story(
    shop: Shop,
    ann: Phone,
    bob: Phone,
    campaign: Campaign,
    offer: Offer,
    drain: Callable[[], None],
    move_clock: Callable[[float], None],
) -> None:
    running = ann.get("/campaigns")["results"]
    assert [row["id"] for row in running] == [campaign.public_id]
    made = ann.put(f"/campaigns/{campaign.public_id}/link")
    link = accepted(made)
    assert link["scene"] == link["code"]
    assert link["url"].endswith(f"/s/{link['code']}")
    assert link["card"]["title"] == "Tea together"
    assert link["card"]["picture_url"].endswith("/card.png")  # the campaign has none of its own
    assert accepted(ann.put(f"/campaigns/{campaign.public_id}/link"), 200) == link

    room, host_seat = ann.open_room(offer.public_id)
    assert shop.room(room)["status"] == "pending"
    charge = shop.seat(host_seat)
    assert (charge["price_minor"], charge["currency"], charge["member"]) == (
        PRICE,
        "CNY",
        ann.member,
    )
    shop.paid(ann, host_seat)
    open_room = shop.room(room)
    assert (open_room["status"], open_room["paid"], open_room["missing"]) == ("open", 1, 1)
    room_code = ann.room_link(room)

    opened = accepted(bob.post("/visits", {"code": room_code, "channel": "chat"}))
    assert opened["counted"] is True
    assert opened["target"] == {"kind": "room", "room": room}
    assert opened["inviter"] == {"nickname": "Ann", "avatar_url": ""}
    seat = bob.seat(room, visit_token=opened["visit_token"])
    assert shop.room(room)["held"] == 1
    shop.paid(bob, seat)
    full = shop.room(room)
    assert (full["status"], full["paid"], full["missing"]) == ("completed", 2, 0)
    assert [(place["nickname"], place["is_host"]) for place in full["places"]] == [
        ("Ann", True),
        ("Bob", False),
    ]

    drain()
    # 10 for joining and 50 as the host; 100 and 20 for bob, whom she referred and invited.
    assert ann.wallet() == (0, 180, 0)
    assert bob.wallet() == (0, 10, 0)
    assert [grant["status"] for grant in ann.get("/me/grants")["results"]] == ["pending"] * 4

    move_clock(300)
    drain()
    assert ann.wallet() == (0, 180, 0)
    move_clock(660)
    drain()
    assert ann.wallet() == (180, 0, 0)
    assert bob.wallet() == (10, 0, 0)

    report = shop.get(f"/campaigns/{campaign.public_id}/report")
    assert report["people"] == {"participants": 2, "provisional": 0, "seeds": 1, "referred": 1}
    assert [{**row, "k": row["k"]["reason"]} for row in report["generations"]] == [
        {"generation": 0, "participants": 1, "referees": 1, "naive_k": 1.0, "k": "too early"},
        {"generation": 1, "participants": 1, "referees": 0, "naive_k": 0.0, "k": "too early"},
    ]
    assert (report["k"]["naive"], report["k"]["non_seeds"]) == (0.0, 1)
    assert (report["k"]["value"], report["k"]["reason"]) == (None, "too early")
    assert report["rooms"] == {
        "opened": 1,
        "open": 0,
        "completed": 1,
        "failed": 0,
        "cancelled": 0,
        "refunded": 0,
    }
    assert [(step["step"], step["count"]) for step in report["funnel"]] == [
        ("participants", 2),
        ("sharers", 1),
        ("visits", 1),
        ("brought", 1),
        ("orders", 1),
    ]
    assert report["rewards"] == {
        "grants": 5,
        "points_pending": 0,
        "points_settled": 190,
        "points_clawed_back": 0,
        "points_void": 0,
    }
    # 1,000 points cost 10.00; each of the five grants is rounded by itself.
    assert report["cost"]["spent_minor"] == 190
    assert report["cost"]["per_participant_minor"] == 95.0
    assert set(report["freshness"].values()) == {0}


def test_a_chain_of_three_generations(
    shop: Shop, ann: Phone, bob: Phone, cleo: Phone, drain: Callable[[], None]
) -> None:
    campaign = make_campaign(JOINED).public_id
    accepted(ann.join(campaign))
    accepted(bob.join(campaign, code=ann.link(campaign)))
    accepted(cleo.join(campaign, visit_token=cleo.visit(bob.link(campaign))))
    drain()
    top = ann.join(campaign).json()["id"]
    tree = shop.get(f"/participants/{top}/tree")
    assert (tree["participant"]["friends"], tree["participant"]["below"]) == (1, 2)
    friend = tree["results"][0]
    assert (friend["generation"], friend["friends"], friend["depth"]) == (1, 1, 1)
    deeper = shop.get(f"/participants/{friend['id']}/tree")
    assert [row["id"] for row in deeper["ancestors"]] == [top]
    assert [row["generation"] for row in deeper["results"]] == [2]
    report = shop.get(f"/campaigns/{campaign}/report")
    assert report["k"]["naive"] == 0.5


def test_a_refund_within_the_hold_takes_everything_back(
    shop: Shop,
    ann: Phone,
    bob: Phone,
    offer: Offer,
    drain: Callable[[], None],
    move_clock: Callable[[float], None],
) -> None:
    room, host_seat = ann.open_room(offer.public_id)
    shop.paid(ann, host_seat)
    order = shop.paid(bob, bob.seat(room, code=ann.room_link(room)))
    drain()
    assert ann.wallet() == (0, 180, 0)
    accepted(shop.refund(order))
    drain()
    # Joining is not undone; what bob's order and the full room earned is.
    assert ann.wallet() == (0, 10, 0)
    assert bob.wallet() == (0, 10, 0)
    assert shop.room(room)["status"] == "completed"
    assert shop.refusals(order) == ["not_kept", "not_kept"]
    move_clock(dt.timedelta(hours=1).total_seconds())
    drain()
    assert ann.wallet() == (10, 0, 0)
