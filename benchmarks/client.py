"""python -m benchmarks.client WORK: a shop's process that does one act after the other.

Reads lines of JSON, each an act, and answers each with a line of JSON once it is done. It waits for
the next act in a read: nothing here looks at a clock to see whether there is something to do.
"""

import datetime as dt
import json
import select
import sys
import time
from collections.abc import Callable
from typing import Any

import django

BEAT_SECONDS = 1.0


def main() -> None:
    django.setup()
    import apps.checkout.services  # what takes its time to load, before the clock runs

    assert apps.checkout.services
    print("ready", flush=True)
    work = sys.argv[1]
    if work == deadlines.__name__:
        return deadlines()
    for line in sys.stdin:
        print(json.dumps(WORKS[work](**json.loads(line))), flush=True)


def seat(*, number: int, member: int, order_id: str, offer: str = "", room: str = "") -> Any:
    """Take a seat in a room, or open one with it, and pay; how long holding and paying took."""
    from apps.core.transactions import retrying
    from apps.groupbuy import selectors, services
    from apps.invites.selectors import Brought

    began = time.monotonic()
    given = {"member_id": member, "brought": Brought(), "now": dt.datetime.now(dt.UTC)}
    if offer:
        opening = selectors.offer_by_public_id(offer, is_test=False)
        opened, held = retrying(lambda: services.room_open(offer=opening, **given))
        room, taken = opened.public_id, shown(held)
    else:
        taken = join(room, order_id, given)
    between = time.monotonic()
    pay(member, taken, order_id)
    ended = time.monotonic()
    return {
        "number": number,
        "room": room,
        "held": between - began,
        "paid": ended - between,
    }


def join(room: str, key: str, given: dict[str, Any]) -> dict[str, Any]:
    """Hold a seat as the door does: in one statement, and where that does not do, step by step."""
    from django.db import IntegrityError

    from apps.core.replies import Asked
    from apps.core.transactions import retrying
    from apps.groupbuy import selectors, services
    from apps.groupbuy.rules import Ask

    asked = {
        "ask": Ask(),
        "order_id": "",
        "reply": Asked(("shop", "POST", room, key), "once"),
        "body": lambda held: {"id": held.id, "sku": held.sku, "price_minor": held.price_minor},
    }
    try:
        taken: dict[str, Any] | None = retrying(
            lambda: services.seat_hold_and_reply(room=room, is_test=False, **asked, **given)
        )
    except IntegrityError:
        taken = None
    if taken is not None:
        return taken
    joined = selectors.room_by_public_id(room, is_test=False)
    return shown(retrying(lambda: services.seat_hold(room=joined, **given)))


def shown(held: Any) -> dict[str, Any]:
    """What is paid by of a held seat."""
    return {"id": held.public_id, "sku": held.item.sku, "price_minor": held.price_minor}


def pay(member: int, seat: dict[str, Any], order_id: str) -> None:
    """The shop reports the seat's order."""
    from apps.checkout.services import order_report
    from apps.core.transactions import retrying
    from apps.invites.selectors import Brought
    from apps.orders.services import LineReport, OrderReport

    now = dt.datetime.now(dt.UTC)
    price = seat["price_minor"]
    report = OrderReport(
        order_id=order_id,
        member_id=member,
        currency="CNY",
        paid_minor=price,
        occurred_at=now,
        lines=(LineReport("1", seat["sku"], 1, price, seat=seat["id"]),),
    )
    retrying(lambda: order_report(report=report, brought=Brought(), now=now))


def buy(*, offer: str, members: list[int]) -> Any:
    """Each member tries to buy a piece: opens a room and pays; how many did, and how many could not."""
    from apps.core.transactions import retrying
    from apps.groupbuy import selectors, services
    from apps.groupbuy.errors import StockSpent
    from apps.invites.selectors import Brought

    opening = selectors.offer_by_public_id(offer, is_test=False)
    sold = 0
    for member in members:
        given = {"member_id": member, "brought": Brought(), "now": dt.datetime.now(dt.UTC)}
        try:
            _, held = retrying(lambda given=given: services.room_open(offer=opening, **given))  # type: ignore[misc]
        except StockSpent:
            continue
        pay(member, shown(held), f"{offer}-{member}")
        sold += 1
    return {"sold": sold, "refused": len(members) - sold}


def deadlines() -> None:
    """Do every second, like beat, what is due of rooms, until the input ends."""
    from apps.groupbuy import services

    while not select.select([sys.stdin], [], [], BEAT_SECONDS)[0]:
        services.holds_expire()
        services.rooms_turn()


WORKS: dict[str, Callable[..., Any]] = {work.__name__: work for work in (seat, buy)}

if __name__ == "__main__":
    main()
