"""What a room looks like, in one word and in plain ones."""

import pytest

from apps.groupbuy.rules import (
    NextStep,
    Numbers,
    RoomStatus,
    Showing,
    next_step,
    showing,
    words,
)

OPEN = RoomStatus.OPEN


def shown(status: RoomStatus, numbers: Numbers, **given: bool) -> Showing:
    usual = {"in_time": True, "is_short": False, "is_sold_out": False, "is_running": True}
    return showing(status, numbers, **{**usual, **given})


@pytest.mark.parametrize(
    ("status", "numbers", "given", "expected"),
    [
        (RoomStatus.PENDING, Numbers(4, 0, 1), {"in_time": False}, Showing.PENDING),
        (OPEN, Numbers(4, 1, 1), {}, Showing.OPEN),
        (OPEN, Numbers(4, 2, 2), {"is_sold_out": True}, Showing.FULL),
        (OPEN, Numbers(4, 2, 1), {"is_sold_out": True, "is_running": False}, Showing.SOLD_OUT),
        (OPEN, Numbers(4, 2, 1), {"is_running": False}, Showing.PAUSED),
        (OPEN, Numbers(4, 2, 1), {"in_time": False}, Showing.CLOSING),
        (RoomStatus.CLOSING, Numbers(4, 2, 1), {}, Showing.CLOSING),
        (RoomStatus.COMPLETED, Numbers(4, 4, 0), {}, Showing.COMPLETED),
        (RoomStatus.COMPLETED, Numbers(4, 2, 0), {"is_short": True}, Showing.COMPLETED_SHORT),
        (RoomStatus.FAILED, Numbers(4, 0, 0), {}, Showing.FAILED),
        (RoomStatus.CANCELLED, Numbers(4, 0, 0), {"is_running": False}, Showing.CANCELLED),
    ],
)
def test_the_state_people_meet(
    status: RoomStatus, numbers: Numbers, given: dict[str, bool], expected: Showing
) -> None:
    assert shown(status, numbers, **given) is expected


@pytest.mark.parametrize("state", list(Showing))
def test_every_state_has_words(state: Showing) -> None:
    for numbers in (Numbers(1, 0, 0), Numbers(2, 1, 1), Numbers(100, 7, 3, minimum=50)):
        said = words(state, numbers, completed_with=numbers.paid, reason="recall")
        assert said.title
        assert not said.title[0].islower()
        assert said.title[-1] != "."
        assert said.text == "" or said.text.endswith(".")
        assert "  " not in said.text


def test_a_group_that_lost_somebody_since() -> None:
    said = words(Showing.COMPLETED, Numbers(4, 3, 0), completed_with=4)
    assert said.text.startswith("3 of 4 buy at the group price; the others")


def test_a_shop_that_completes_short_says_so_before_and_after() -> None:
    assert "3 more for that" in words(Showing.OPEN, Numbers(10, 2, 0, minimum=5)).text
    assert "all the same" in words(Showing.OPEN, Numbers(10, 5, 0, minimum=5)).text
    assert words(Showing.OPEN, Numbers(10, 5, 0)).text == ""
    said = words(Showing.COMPLETED_SHORT, Numbers(10, 6, 0, minimum=5), completed_with=6)
    assert said.title == "This group was completed by the shop"
    assert "6 of 10 had paid" in said.text


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("host_left", "Everybody who had paid has left it. Nobody can join"),
        ("offer_withdrawn", "The shop has withdrawn the offer."),
        ("product_recall", "The shop has cancelled it: product recall."),
        ("", "The shop has cancelled it. Nobody"),
    ],
)
def test_why_it_was_cancelled(reason: str, told: str) -> None:
    said = words(Showing.CANCELLED, Numbers(4, 0, 0), reason=reason)
    assert said.text.startswith(told)
    assert "money back" in said.text


def test_nobody_paid_for_a_room_whose_host_did_not() -> None:
    said = words(Showing.CANCELLED, Numbers(4, 0, 0), reason="host_unpaid")
    assert "money back" not in said.text


@pytest.mark.parametrize(
    ("room", "seat", "can_join", "refund", "expected"),
    [
        (RoomStatus.PENDING, "held", False, "", NextStep.PAY),
        (OPEN, "held", True, "", NextStep.PAY),
        (OPEN, "paid", True, "", NextStep.SHARE),
        (RoomStatus.CLOSING, "paid", False, "", NextStep.WAIT),
        (RoomStatus.COMPLETED, "paid", False, "", NextStep.NOTHING),
        (OPEN, "released", True, "", NextStep.JOIN_AGAIN),
        (OPEN, "released", False, "", NextStep.NOTHING),
        (RoomStatus.FAILED, "released", False, "requested", NextStep.EXPECT_REFUND),
        (RoomStatus.FAILED, "released", False, "confirmed", NextStep.REFUNDED),
        (RoomStatus.FAILED, "released", False, "failed", NextStep.ASK_SHOP),
    ],
)
def test_what_to_do_next(
    room: RoomStatus, seat: str, can_join: bool, refund: str, expected: NextStep
) -> None:
    assert next_step(room, seat=seat, can_join=can_join, refund=refund) is expected
