"""What a room looks like to people: its state in one word, in plain words, and what to do next. Pure."""

import enum
from dataclasses import dataclass

from apps.groupbuy.rules.states import TERMINAL, RoomStatus


class Showing(enum.StrEnum):
    """A room's state as people meet it: finer than its status."""

    PENDING = "pending"
    OPEN = "open"
    FULL = "full"
    SOLD_OUT = "sold_out"
    PAUSED = "paused"
    CLOSING = "closing"
    COMPLETED = "completed"
    COMPLETED_SHORT = "completed_short"
    FAILED = "failed"
    CANCELLED = "cancelled"


class NextStep(enum.StrEnum):
    """What a member can do about their seat."""

    PAY = "pay"
    SHARE = "share"
    WAIT = "wait"
    JOIN_AGAIN = "join_again"
    EXPECT_REFUND = "expect_refund"
    REFUNDED = "refunded"
    ASK_SHOP = "ask_shop"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Numbers:
    """How full a room is. `minimum` is 0 where a room that is not full fails at its deadline."""

    size: int
    paid: int
    held: int
    minimum: int = 0

    @property
    def free(self) -> int:
        return max(self.size - self.paid - self.held, 0)

    @property
    def missing(self) -> int:
        """Payments until it is full."""
        return max(self.size - self.paid, 0)

    @property
    def missing_to_minimum(self) -> int:
        """Payments until it completes at its deadline, full or not; 0 where that is no question."""
        return max(self.minimum - self.paid, 0)


@dataclass(frozen=True)
class Words:
    """A headline and what there is to add."""

    title: str
    text: str


def showing(
    status: RoomStatus,
    numbers: Numbers,
    *,
    in_time: bool,
    is_short: bool,
    is_sold_out: bool,
    is_running: bool,
) -> Showing:
    """The state to show. Why nobody can join comes before how full it is."""
    if status is RoomStatus.COMPLETED and is_short:
        return Showing.COMPLETED_SHORT
    if status in TERMINAL or status is RoomStatus.PENDING:
        return Showing(status.value)
    if status is RoomStatus.CLOSING or not in_time:
        return Showing.CLOSING
    if numbers.free == 0:
        return Showing.FULL
    if is_sold_out:
        return Showing.SOLD_OUT
    return Showing.OPEN if is_running else Showing.PAUSED


REASONS = {
    "host_unpaid": "Its host did not pay in time, so it never opened.",
    "host_left": "Everybody who had paid has left it.",
    "offer_withdrawn": "The shop has withdrawn the offer.",
    "by the operator": "The shop has cancelled it.",
}
_MONEY_BACK = "Everybody who paid gets their money back from the shop."


def words(shown: Showing, numbers: Numbers, *, completed_with: int = 0, reason: str = "") -> Words:
    """A room's state in plain words. `completed_with` is how many had paid when it completed."""
    match shown:
        case Showing.PENDING:
            return Words(
                "This group is not open yet",
                "It opens as soon as its host has paid; then others can join.",
            )
        case Showing.COMPLETED:
            return Words("This group is complete", _completed(numbers, completed_with))
        case Showing.COMPLETED_SHORT:
            return Words(
                "This group was completed by the shop",
                f"It did not fill up: {completed_with} of {numbers.size} had paid when the time was "
                "up. The shop completes it all the same, as its offer said. "
                f"{_completed(numbers, completed_with)}",
            )
        case Showing.FAILED:
            return Words("This group did not fill up in time", _MONEY_BACK)
        case Showing.CANCELLED:
            return Words("This group was cancelled", _cancelled(reason))
        case Showing.CLOSING:
            return Words("Time is up", _closing(numbers))
    return _open(shown, numbers)


def _completed(numbers: Numbers, completed_with: int) -> str:
    if numbers.paid < completed_with:
        return (
            f"{numbers.paid} of {completed_with} buy at the group price; "
            "the others got their money back since."
        )
    return "Everybody in it buys at the group price."


def _cancelled(reason: str) -> str:
    word = reason.replace("_", " ").strip()
    said = f"The shop has cancelled it: {word}." if word else "The shop has cancelled it."
    why = REASONS.get(reason, said)
    if reason == "host_unpaid":
        return why
    return f"{why} Nobody can join it any more. {_MONEY_BACK}"


def _closing(numbers: Numbers) -> str:
    if not numbers.held:
        return "Nobody can join any more. In a moment we know whether the group is complete."
    under_way = "1 payment is" if numbers.held == 1 else f"{numbers.held} payments are"
    return (
        f"Nobody can join any more. {under_way} still under way; "
        "then we know whether the group is complete."
    )


def _open(shown: Showing, numbers: Numbers) -> Words:
    match shown:
        case Showing.PAUSED:
            return Words(
                "Nobody new can join just now",
                "The campaign is not running at the moment. Payments under way still count.",
            )
        case Showing.SOLD_OUT:
            return Words("Sold out", "There is nothing left for another seat in this group.")
        case Showing.FULL:
            paying = "1 seat is" if numbers.held == 1 else f"{numbers.held} seats are"
            return Words(
                "Every seat is taken just now",
                f"{paying} still being paid for. If a payment does not come, the seat is free again.",
            )
    missing = numbers.missing
    title = f"{missing} more {'person' if missing == 1 else 'people'} to go"
    return Words(title, _short(numbers))


def _short(numbers: Numbers) -> str:
    """What an offer that completes short promises; nothing where a full room is the only way."""
    if not 0 < numbers.minimum < numbers.size:
        return ""
    if numbers.missing_to_minimum:
        return (
            f"If it does not fill up, the shop completes it from {numbers.minimum} paid seats on: "
            f"{numbers.missing_to_minimum} more for that."
        )
    return "If it does not fill up, the shop completes it all the same when the time is up."


def next_step(room: RoomStatus, *, seat: str, can_join: bool, refund: str) -> NextStep:
    """What the member of a seat can do: `seat` is its status, `refund` that of its refund order."""
    if refund:
        return {
            "requested": NextStep.EXPECT_REFUND,
            "confirmed": NextStep.REFUNDED,
        }.get(refund, NextStep.ASK_SHOP)
    if seat == "held":
        return NextStep.NOTHING if room in TERMINAL else NextStep.PAY
    if seat == "paid":
        if room is RoomStatus.OPEN:
            return NextStep.SHARE
        return NextStep.NOTHING if room in TERMINAL else NextStep.WAIT
    return NextStep.JOIN_AGAIN if can_join else NextStep.NOTHING
