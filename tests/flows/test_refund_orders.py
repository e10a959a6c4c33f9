"""What the shop owes, from the webhook to its answer, with a shop that answers late or never."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import accumulate
from typing import Any

import pytest

from apps.groupbuy.models import Offer
from apps.groupbuy.refund_rules import MOST_REMINDERS, PAUSES
from apps.orders.models import Order
from apps.webhooks.services import deliveries_send
from tests.conftest import ROOT
from tests.flows.client import PRICE, Phone, Shop, accepted, assert_refused
from tests.makers import make_campaign, make_key, make_offer
from tests.webhooks.shop import Shop as Listener
from tests.webhooks.shop import open_shop

Drain = Callable[[], None]
MoveClock = Callable[[float], None]

DURATION = timedelta(hours=1)


@pytest.fixture
def offer(shop: Shop) -> Offer:
    """Rooms of three for an hour."""
    return make_offer(make_campaign(qualifying_act="room"), size=3)


@pytest.fixture
def listener(shop: Shop) -> Iterator[Listener]:
    """The shop's end of its webhooks about refunds. It takes every message, and does nothing."""
    kinds = ("requested", "reminded", "reduced", "confirmed", "failed", "parked")
    with open_shop() as listener:
        body = {"url": listener.url, "kinds": [f"refund.{kind}" for kind in kinds]}
        accepted(shop.post("/webhook-endpoints", body))
        yield listener


@pytest.fixture
def owed(
    shop: Shop, listener: Listener, ann: Phone, bob: Phone, offer: Offer, later: Callable[..., None]
) -> dict[str, dict[str, Any]]:
    """What ann and bob are to get back of a room that failed, by their order."""
    room, seat = ann.open_room(offer.public_id)
    shop.paid(ann, seat)
    shop.paid(bob, bob.seat(room))
    later(DURATION + timedelta(seconds=1))
    return {row["order_id"]: row for row in shop.refund_orders("requested")}


@pytest.fixture
def later(drain: Drain, move_clock: MoveClock) -> Callable[..., None]:
    """Let so much time pass in all, do what is due, and send what is to be told."""

    def pass_time(since_start: timedelta) -> None:
        move_clock(since_start.total_seconds())
        drain()
        while deliveries_send():
            pass

    return pass_time


def heard(listener: Listener, refund_order: str) -> list[dict[str, Any]]:
    """What the shop was told of a refund order, in order of the facts."""
    messages = [json.loads(message.body) for message in listener.received]
    about = [row for row in messages if row["data"]["refund_order"] == refund_order]
    return sorted(about, key=lambda row: row["timestamp"])


def kinds(listener: Listener, refund_order: str) -> list[str]:
    return [row["type"].removeprefix("refund.") for row in heard(listener, refund_order)]


def test_everybodys_refund_is_filed_under_their_own_order(
    shop: Shop, listener: Listener, owed: dict[str, dict[str, Any]]
) -> None:
    payers = dict(Order.objects.values_list("order_id", "member__identities__value"))
    assert set(payers.values()) == {"ann", "bob"}
    assert set(owed) == set(payers)
    for order_id, row in owed.items():
        (told,) = heard(listener, row["id"])
        assert told["type"] == "refund.requested"
        assert told["data"] == {
            "refund_order": row["id"],
            "order_id": order_id,
            "line_id": "1",
            "amount_minor": PRICE,
            "asked_minor": PRICE,
            "currency": "CNY",
            "room": row["room"],
            "seat": row["seat"],
            "reason": "room_failed",
            "attempt": 1,
        }


def test_delivered_and_never_answered_it_is_asked_for_again_and_parked(
    shop: Shop,
    listener: Listener,
    owed: dict[str, dict[str, Any]],
    later: Callable[..., None],
) -> None:
    anns, bobs = owed.values()
    accepted(shop.confirm(anns["id"]), 200)
    ends = list(accumulate(PAUSES, initial=DURATION + timedelta(minutes=1)))[1:]
    for number, moment in enumerate(ends[:MOST_REMINDERS], 1):
        later(moment)
        row = shop.get(f"/refund-orders/{bobs['id']}")
        assert (row["status"], row["asks"], row["parked_at"]) == ("requested", number + 1, None)
        assert row["ask_again_at"]
    assert shop.get("/refund-orders?parked=true")["results"] == []
    later(ends[-1])
    (parked,) = shop.get("/refund-orders?parked=true")["results"]
    assert (parked["id"], parked["ask_again_at"]) == (bobs["id"], None)
    assert parked["parked_at"]
    assert parked in shop.refund_orders("requested")  # somebody who polls sees it all the same
    assert kinds(listener, bobs["id"]) == ["requested", *["reminded"] * MOST_REMINDERS, "parked"]
    assert kinds(listener, anns["id"]) == ["requested", "confirmed"]
    # Each reminder is a message of its own, under a number of its own.
    ids = [message.id for message in listener.received]
    assert len(set(ids)) == len(ids)
    attempts = [row["data"]["attempt"] for row in heard(listener, bobs["id"])]
    assert attempts == [*range(1, MOST_REMINDERS + 2), MOST_REMINDERS + 1]
    # A shop that is back has it asked for at once; what nobody owes any more cannot be asked for.
    accepted(shop.post(f"/refund-orders/{bobs['id']}/ask", {}), 200)
    row = shop.get(f"/refund-orders/{bobs['id']}")
    assert (row["parked_at"], row["asks"]) == (None, MOST_REMINDERS + 2)
    later(ends[-1])
    assert kinds(listener, bobs["id"])[-2:] == ["parked", "reminded"]
    accepted(shop.confirm(bobs["id"]), 200)
    assert shop.refund_orders("outstanding") == []
    assert_refused(shop.post(f"/refund-orders/{bobs['id']}/ask", {}), 409, "refund_order_resolved")


def test_a_dead_endpoint_costs_no_reminder_of_another(
    shop: Shop, listener: Listener, owed: dict[str, dict[str, Any]], later: Callable[..., None]
) -> None:
    with open_shop(answers=[500] * 1000) as dead:
        accepted(shop.post("/webhook-endpoints", {"url": dead.url, "kinds": ["refund.reminded"]}))
        later(DURATION + PAUSES[0] + timedelta(minutes=1))
        assert len(dead.received) == 2  # both failed once and wait for their next attempt
    for row in owed.values():
        assert kinds(listener, row["id"]) == ["requested", "reminded"]


def test_what_the_shop_refunds_itself_is_taken_off(
    shop: Shop, listener: Listener, owed: dict[str, dict[str, Any]], later: Callable[..., None]
) -> None:
    order_id, row = next(iter(owed.items()))
    line = {"line_id": "1", "amount_minor": 1000}
    accepted(shop.refund(order_id, "by-hand", lines=[line]))
    now = shop.get(f"/refund-orders/{row['id']}")
    assert (now["amount_minor"], now["asked_minor"], now["reduced_minor"]) == (
        PRICE - 1000,
        PRICE,
        1000,
    )
    assert accepted(shop.confirm(row["id"]), 200)["amount_minor"] == PRICE - 1000
    assert Order.objects.get(order_id=order_id).refunded_minor == PRICE
    later(DURATION + timedelta(minutes=1))
    assert kinds(listener, row["id"]) == ["requested", "reduced", "confirmed"]
    assert [told["data"]["amount_minor"] for told in heard(listener, row["id"])] == [
        PRICE,
        PRICE - 1000,
        PRICE - 1000,
    ]


def test_what_the_shop_refunds_in_full_is_resolved(
    shop: Shop, listener: Listener, owed: dict[str, dict[str, Any]], later: Callable[..., None]
) -> None:
    order_id, row = next(iter(owed.items()))
    accepted(shop.refund(order_id, "by-hand"))
    (resolved,) = shop.get(f"/refund-orders?order_id={order_id}")["results"]
    assert (resolved["status"], resolved["amount_minor"], resolved["reduced_minor"]) == (
        "confirmed",
        0,
        PRICE,
    )
    later(DURATION + PAUSES[0] * 2)
    assert sorted(kinds(listener, row["id"])) == ["confirmed", "reduced", "requested"]


def test_a_failed_one_is_seen_with_its_reason(
    shop: Shop, listener: Listener, owed: dict[str, dict[str, Any]], later: Callable[..., None]
) -> None:
    anns, bobs = owed.values()
    accepted(shop.fail(bobs["id"], "card closed"), 200)
    later(DURATION + PAUSES[0] + timedelta(minutes=1))
    assert kinds(listener, bobs["id"]) == ["requested", "failed"]  # nobody nags about it
    assert kinds(listener, anns["id"]) == ["requested", "reminded"]
    (failed,) = shop.refund_orders("failed")
    assert (failed["failure"], failed["ask_again_at"]) == ("card closed", None)
    assert {row["id"] for row in shop.refund_orders("outstanding")} == {anns["id"], bobs["id"]}
    accepted(shop.confirm(bobs["id"]), 200)
    assert shop.refund_orders("failed") == []


def test_the_list_in_pages(shop: Shop, owed: dict[str, dict[str, Any]]) -> None:
    first = shop.get("/refund-orders?status=outstanding&limit=1")
    (row,) = first["results"]
    assert row["age_seconds"] >= 0
    assert row["requested_at"]
    onward = first["next"].partition("/api/v1")[2]
    (other,) = shop.get(onward)["results"]
    assert {row["id"], other["id"]} == {known["id"] for known in owed.values()}
    assert len(shop.get("/refund-orders?parked=false")["results"]) == 2
    assert shop.get("/refund-orders?order_id=nobodys")["results"] == []


@pytest.mark.parametrize(
    ("query", "pointer"),
    [("status=paid", "/status"), ("parked=perhaps", "/parked"), ("order_id=", "/order_id")],
)
def test_a_question_that_makes_no_sense(shop: Shop, query: str, pointer: str) -> None:
    assert_refused(shop.ask("GET", f"/refund-orders?{query}"), 422, "invalid", pointer)


def test_nobody_else_sees_them(
    shop: Shop, ann: Phone, owed: dict[str, dict[str, Any]], later: Callable[..., None]
) -> None:
    row = next(iter(owed.values()))
    door = f"/refund-orders/{row['id']}"
    assert shop.get(door)["id"] == row["id"]
    testing = Shop(shop._http, make_key(is_test=True))
    assert testing.refund_orders() == []
    assert_refused(testing.ask("GET", door), 404, "refund_order_unknown")
    assert_refused(testing.confirm(row["id"]), 404, "refund_order_unknown")
    assert_refused(testing.fail(row["id"]), 404, "refund_order_unknown")
    assert_refused(ann.ask("GET", door), 403, "forbidden")
    assert_refused(shop.ask("GET", "/refund-orders/rfo_unknown"), 404, "refund_order_unknown")


@pytest.mark.skipif(not shutil.which("curl"), reason="the examples need curl")
def test_the_examples_in_the_guide(
    served: str, shop: Shop, owed: dict[str, dict[str, Any]], tmp_path: Any
) -> None:
    guide = (ROOT / "docs" / "refund-orders.md").read_text()
    script = "set -euo pipefail\n" + "\n".join(re.findall(r"```bash\n(.*?)```", guide, re.S))
    anns, bobs = owed.values()
    environ = {
        "PATH": os.environ["PATH"],
        "no_proxy": "127.0.0.1",
        "API": f"{served}/api/v1",
        "SHOP_KEY": shop.token,
        "REFUND_ORDER": anns["id"],
        "ANOTHER": bobs["id"],
        "ANOTHER_ORDER": bobs["order_id"],
    }
    done = subprocess.run(
        ["bash", "-c", script],
        env=environ,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = {
        row["id"]: (row["status"], row["failure"], row["amount_minor"], row["asked_minor"])
        for row in shop.refund_orders()
    }
    assert found == {
        anns["id"]: ("confirmed", "", PRICE, PRICE),
        bobs["id"]: ("failed", "card closed", PRICE - 1000, PRICE),
    }
