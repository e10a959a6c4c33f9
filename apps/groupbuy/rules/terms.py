"""What an offer's operator decided, as a room keeps it from its opening on. Pure."""

import datetime as dt
import enum
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


class Listing(enum.StrEnum):
    """Who finds an open room in the offer's list."""

    PUBLIC = "public"
    FRIENDS = "friends"
    LINK = "link"


class AtDeadline(enum.StrEnum):
    """What becomes of a room that is not full when its time is over."""

    FAIL = "fail"
    COMPLETE_SHORT = "complete_short"


class Overflow(enum.StrEnum):
    """Where a payment goes that finds no seat left in its room."""

    REFUND = "refund"
    OTHER_ROOM = "other_room"


class Settlement(enum.StrEnum):
    """How the difference between the price paid and the final one goes back to who paid."""

    REFUND = "refund"
    CREDIT = "credit"


@dataclass(frozen=True, order=True)
class Step:
    """From `headcount` paid seats on, a piece costs `price_minor`."""

    headcount: int
    price_minor: int


@dataclass(frozen=True)
class ItemTerms:
    """What an offer sells: prices per piece in minor units, and a stock apart from the shop's."""

    sku: str
    name: str
    single_price_minor: int
    group_price_minor: int
    stock: int
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class RoomItem:
    """An item at the prices of a room. Every seat pays the group price; steps lower the final one."""

    id: int
    sku: str
    name: str
    single_price_minor: int
    group_price_minor: int
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Limits:
    """What one member may have of an offer; None: any number."""

    rooms_hosted: int | None = None
    seats: int | None = None
    open_at_once: int | None = None

    def __bool__(self) -> bool:
        return (self.rooms_hosted, self.seats, self.open_at_once) != (None, None, None)


@dataclass(frozen=True)
class CoolDown:
    """Who gave up `after` holds within `window` waits for `pause` from the last of them."""

    after: int
    window: dt.timedelta
    pause: dt.timedelta


@dataclass(frozen=True)
class Terms:
    """The terms a room opened with. A later change of its offer does not reach it."""

    items: tuple[RoomItem, ...] = ()
    at_deadline: AtDeadline = AtDeadline.FAIL
    minimum_seats: int = 1
    overflow: Overflow = Overflow.REFUND
    settlement: Settlement = Settlement.REFUND
    max_quantity: int | None = None
    limits: Limits = Limits()
    cool_down: CoolDown | None = None
    new_members_only: bool = False
    host_discount_minor: int = 0

    def item(self, item_id: int) -> RoomItem | None:
        return next((item for item in self.items if item.id == item_id), None)

    def item_named(self, sku: str) -> RoomItem | None:
        """The item with this sku; the first one when no sku is named."""
        return next((item for item in self.items if sku in ("", item.sku)), None)


def terms_to_json(terms: Terms) -> dict[str, Any]:
    """Terms as a room keeps them; durations in seconds."""
    body = asdict(terms)
    cool_down = terms.cool_down
    if cool_down is not None:
        body["cool_down"] = {
            "after": cool_down.after,
            "window": cool_down.window.total_seconds(),
            "pause": cool_down.pause.total_seconds(),
        }
    return body


def terms_from_json(body: dict[str, Any]) -> Terms:
    """Terms as a room kept them; what a later engine added has its default."""
    known = {name: value for name, value in body.items() if name in Terms.__dataclass_fields__}
    cool_down = body.get("cool_down")
    return Terms(
        **{
            **known,
            "items": tuple(_item(item) for item in body.get("items", ())),
            "at_deadline": AtDeadline(body.get("at_deadline", AtDeadline.FAIL)),
            "overflow": Overflow(body.get("overflow", Overflow.REFUND)),
            "settlement": Settlement(body.get("settlement", Settlement.REFUND)),
            "limits": Limits(**body.get("limits", {})),
            "cool_down": _cool_down(cool_down) if cool_down else None,
        }
    )


def _item(body: dict[str, Any]) -> RoomItem:
    return RoomItem(**{**body, "steps": tuple(Step(**step) for step in body.get("steps", ()))})


def _cool_down(body: dict[str, Any]) -> CoolDown:
    return CoolDown(
        body["after"], dt.timedelta(seconds=body["window"]), dt.timedelta(seconds=body["pause"])
    )


def enough_seats(terms: Terms, paid: int) -> bool:
    """Whether a room that is not full completes short at its deadline with so many paid seats."""
    return terms.at_deadline is AtDeadline.COMPLETE_SHORT and paid >= max(terms.minimum_seats, 1)


def final_price(item: RoomItem, headcount: int) -> int:
    """What a piece costs in a room that completed with `headcount` paid seats."""
    reached = [step.price_minor for step in item.steps if step.headcount <= headcount]
    return min([item.group_price_minor, *reached])


def lowest_price(item: RoomItem) -> int:
    """What a piece costs at its last step."""
    return min([item.group_price_minor, *(step.price_minor for step in item.steps)])


def seat_price(price_minor: int, quantity: int, *, opens: bool, host_discount_minor: int) -> int:
    """What a seat costs at a price per piece; the seat that opens the room has the host's discount."""
    return max(price_minor * quantity - (host_discount_minor if opens else 0), 0)


def final_seat_price(
    terms: Terms, item_id: int, quantity: int, *, headcount: int, opens: bool
) -> int | None:
    """What a seat costs in the end; None for an item the room does not know."""
    item = terms.item(item_id)
    if item is None:
        return None
    price = final_price(item, headcount)
    return seat_price(price, quantity, opens=opens, host_discount_minor=terms.host_discount_minor)


def points_worth(minor: int, worth_of_100_minor: int) -> int:
    """The fewest points that are worth `minor`: ceil(minor × 100 / rate); 0 when none are."""
    return -(-minor * 100 // worth_of_100_minor) if worth_of_100_minor > 0 else 0


def item_fault(item: ItemTerms, room_size: int, host_discount_minor: int = 0) -> str:
    """What is wrong with an item's prices, in words; empty when nothing is."""
    if item.group_price_minor > item.single_price_minor:
        return "Together must not cost more than alone."
    if fault := steps_fault(item.group_price_minor, item.steps, room_size):
        return fault
    lowest = min([item.group_price_minor, *(step.price_minor for step in item.steps)])
    if host_discount_minor and host_discount_minor >= lowest:
        return "The host's discount must be less than the lowest price of every item."
    return ""


def steps_fault(group_price_minor: int, steps: Sequence[Step], room_size: int) -> str:
    """What is wrong with an item's steps, in words; empty when nothing is."""
    price, before = group_price_minor, 0
    for step in sorted(steps, key=lambda step: step.headcount):
        if not 1 <= step.headcount <= room_size:
            return f"A step starts at 1 to {room_size} seats, the size of a room."
        if step.headcount == before:
            return f"Two steps start at {step.headcount} seats."
        if not 0 < step.price_minor < price:
            return "Each step must cost less than the one before it, and more than nothing."
        price, before = step.price_minor, step.headcount
    return ""
