"""What may happen to a room and its seats at a moment."""

import datetime as dt
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.groupbuy.rules import (
    ACTIVE,
    OPENING,
    TERMINAL,
    Ask,
    AtDeadline,
    CoolDown,
    ItemTerms,
    Limits,
    Overflow,
    Place,
    Refusal,
    RoomItem,
    RoomStatus,
    Settlement,
    Standing,
    Step,
    Terms,
    admits,
    cools_until,
    enough_seats,
    final_price,
    free_position,
    item_fault,
    lowest_price,
    may_hold,
    may_pay,
    next_turn,
    opens_rooms,
    points_worth,
    seat_price,
    terms_from_json,
    terms_to_json,
)

NOON = dt.datetime(2026, 5, 4, 12, tzinfo=dt.UTC)
BEFORE, AFTER = NOON - dt.timedelta(minutes=1), NOON + dt.timedelta(minutes=1)
LATER = NOON + dt.timedelta(minutes=9)

PENDING, OPEN, CLOSING = RoomStatus.PENDING, RoomStatus.OPEN, RoomStatus.CLOSING
COMPLETED, FAILED, CANCELLED = RoomStatus.COMPLETED, RoomStatus.FAILED, RoomStatus.CANCELLED


@pytest.mark.parametrize(
    ("status", "now", "admitted"),
    [(PENDING, BEFORE, False), (OPEN, BEFORE, True), (OPEN, NOON, False), (CLOSING, BEFORE, False)],
)
def test_who_may_come_in(status: RoomStatus, now: dt.datetime, admitted: bool) -> None:
    """The deadline is noon."""
    assert admits(status, NOON, now) is admitted


@pytest.mark.parametrize(
    ("status", "hold_expires", "now", "payable"),
    [
        (PENDING, BEFORE, NOON, True),  # an expired hold still has its seat
        (OPEN, BEFORE, BEFORE, True),
        (OPEN, AFTER, NOON, True),
        (OPEN, NOON, NOON, False),
        (CLOSING, AFTER, NOON, True),
        (CLOSING, NOON, NOON, False),
        (COMPLETED, AFTER, BEFORE, False),
        (FAILED, AFTER, NOON, False),
        (CANCELLED, AFTER, NOON, False),
    ],
)
def test_who_may_pay(
    status: RoomStatus, hold_expires: dt.datetime, now: dt.datetime, payable: bool
) -> None:
    """The deadline is noon."""
    assert may_pay(status, NOON, hold_expires, now) is payable


@pytest.mark.parametrize(
    ("status", "holds", "now", "turned"),
    [
        (PENDING, [AFTER], NOON, (PENDING, AFTER)),
        (PENDING, [], NOON, (CANCELLED, None)),
        (OPEN, [], BEFORE, (OPEN, NOON)),
        (OPEN, [AFTER], BEFORE, (OPEN, NOON)),
        (OPEN, [], NOON, (FAILED, None)),
        (OPEN, [AFTER, LATER], NOON, (CLOSING, LATER)),
        (CLOSING, [LATER], AFTER, (CLOSING, LATER)),
        (CLOSING, [], AFTER, (FAILED, None)),
        (COMPLETED, [LATER], AFTER, (COMPLETED, None)),
    ],
)
def test_what_time_does(
    status: RoomStatus,
    holds: list[dt.datetime],
    now: dt.datetime,
    turned: tuple[RoomStatus, dt.datetime | None],
) -> None:
    """The deadline is noon."""
    assert next_turn(status, NOON if status is not PENDING else None, holds, now) == turned


moments = st.integers(-100, 100).map(lambda minutes: NOON + dt.timedelta(minutes=minutes))
statuses = st.sampled_from(RoomStatus)


@given(statuses, moments, moments)
def test_nobody_pays_into_an_ended_room(
    status: RoomStatus, hold: dt.datetime, now: dt.datetime
) -> None:
    if may_pay(status, NOON, hold, now):
        assert status in ACTIVE


@given(statuses, moments, st.lists(moments, max_size=4), st.lists(moments, max_size=6))
def test_a_room_ends_once_and_looks_again_later(
    status: RoomStatus, start: dt.datetime, expiries: list[dt.datetime], later: list[dt.datetime]
) -> None:
    deadline = None if status is PENDING else NOON
    for now in sorted([start, *later]):
        living = [expiry for expiry in expiries if expiry > now]
        turned, look_at = next_turn(status, deadline, living, now)
        if status in TERMINAL:
            assert turned is status
        assert (look_at is None) == (turned in TERMINAL)
        assert look_at is None or look_at > now
        status = turned
    after_all = max([NOON, *expiries, *later, start])
    assert next_turn(status, deadline, [], after_all)[0] in TERMINAL


@given(st.sets(st.integers(0, 9)), st.integers(1, 10))
def test_the_lowest_free_place(taken: set[int], size: int) -> None:
    place = free_position(taken, size)
    if place is None:
        assert taken >= set(range(size))
    else:
        assert place < size
        assert place not in taken
        assert set(range(place)) <= taken


# Whether a member may have a seat.

FREE = Place(OPEN, NOON, seated=False, position=1)
ITEM = RoomItem(1, "tea", "Tea", 5900, 4900)
PLAIN = Terms(items=(ITEM,))
HOUR = dt.timedelta(hours=1)


@pytest.mark.parametrize(
    ("terms", "standing", "place", "ask", "refusal"),
    [
        ({}, Standing(), FREE, Ask(), None),
        ({}, Standing(), replace(FREE, status=CLOSING), Ask(), Refusal.ROOM_NOT_OPEN),
        ({}, Standing(), replace(FREE, seated=True), Ask(), Refusal.ALREADY_SEATED),
        ({}, Standing(), replace(FREE, position=None), Ask(), Refusal.ROOM_FULL),
        ({}, Standing(), FREE, Ask("gin"), Refusal.ITEM_UNKNOWN),
        ({"max_quantity": 2}, Standing(), FREE, Ask(quantity=2), None),
        ({"max_quantity": 2}, Standing(), FREE, Ask(quantity=3), Refusal.TOO_MANY_PIECES),
        ({"new_members_only": True}, Standing(), FREE, Ask(), None),
        (
            {"new_members_only": True},
            Standing(is_new=False),
            FREE,
            Ask(),
            Refusal.NEW_MEMBERS_ONLY,
        ),
        ({"new_members_only": True}, Standing(is_new=False), OPENING, Ask(opens=True), None),
        ({"limits": Limits(seats=2)}, Standing(seats=1), FREE, Ask(), None),
        ({"limits": Limits(seats=2)}, Standing(seats=2), FREE, Ask(), Refusal.SEATS_LIMIT),
        ({"limits": Limits(open_at_once=1)}, Standing(seats=5), FREE, Ask(), None),
        ({"limits": Limits(open_at_once=1)}, Standing(open=1), FREE, Ask(), Refusal.OPEN_LIMIT),
        ({"limits": Limits(rooms_hosted=1)}, Standing(hosted=1), FREE, Ask(), None),
        (
            {"limits": Limits(rooms_hosted=1)},
            Standing(hosted=1),
            OPENING,
            Ask(opens=True),
            Refusal.HOSTED_LIMIT,
        ),
        (
            {"cool_down": CoolDown(1, HOUR, HOUR)},
            Standing(releases=(BEFORE,)),
            FREE,
            Ask(),
            Refusal.COOLING_DOWN,
        ),
    ],
)
def test_who_may_hold(
    terms: dict[str, Any], standing: Standing, place: Place, ask: Ask, refusal: Refusal | None
) -> None:
    now = BEFORE + dt.timedelta(seconds=1)
    assert may_hold(replace(PLAIN, **terms), standing, place, ask, now) is refusal


def minutes(*given: int) -> tuple[dt.datetime, ...]:
    return tuple(NOON + dt.timedelta(minutes=minute) for minute in given)


@pytest.mark.parametrize(
    ("releases", "at", "until"),
    [
        ((), 0, None),
        ((0,), 1, None),  # two within an hour it takes
        ((0, 59), 59, 89),
        ((59, 0), 88, 89),
        ((0, 59), 89, None),
        ((0, 60), 61, None),  # not within the hour
        ((0, 10, 65), 66, 95),
        ((0, 1, 20), 25, 50),  # the last one counts
    ],
)
def test_how_long_somebody_cools_down(
    releases: tuple[int, ...], at: int, until: int | None
) -> None:
    cool_down = CoolDown(2, HOUR, HOUR / 2)
    expected = None if until is None else minutes(until)[0]
    assert cools_until(cool_down, minutes(*releases), minutes(at)[0]) == expected


@pytest.mark.parametrize(
    ("is_active", "starts", "ends", "why"),
    [
        (True, None, None, ""),
        (False, None, None, "withdrawn"),
        (True, AFTER, None, "not_started"),
        (True, NOON, AFTER, ""),
        (True, None, NOON, "ended"),
    ],
)
def test_when_an_offer_opens_rooms(
    is_active: bool, starts: dt.datetime | None, ends: dt.datetime | None, why: str
) -> None:
    assert opens_rooms(is_active=is_active, starts=starts, ends=ends, now=NOON) == why


# Prices.

STEPPED = replace(ITEM, steps=(Step(3, 4500), Step(5, 3900)))


@pytest.mark.parametrize(
    ("headcount", "price"), [(1, 4900), (2, 4900), (3, 4500), (4, 4500), (5, 3900), (100, 3900)]
)
def test_the_final_price_is_the_last_step_reached(headcount: int, price: int) -> None:
    assert final_price(STEPPED, headcount) == price
    assert lowest_price(STEPPED) <= price <= STEPPED.group_price_minor


@pytest.mark.parametrize(
    ("price", "quantity", "opens", "discount", "costs"),
    [(4900, 1, False, 500, 4900), (4900, 2, True, 500, 9300), (300, 1, True, 500, 0)],
)
def test_what_a_seat_costs(
    price: int, quantity: int, opens: bool, discount: int, costs: int
) -> None:
    assert seat_price(price, quantity, opens=opens, host_discount_minor=discount) == costs


@pytest.mark.parametrize(("minor", "rate", "points"), [(400, 100, 400), (400, 300, 134), (9, 0, 0)])
def test_points_are_worth_at_least_the_difference(minor: int, rate: int, points: int) -> None:
    assert points_worth(minor, rate) == points


@pytest.mark.parametrize(
    ("steps", "discount", "word"),
    [
        ((), 0, ""),
        ((Step(3, 4500), Step(5, 3900)), 100, ""),
        ((Step(6, 4500),), 0, "size of a room"),
        ((Step(3, 4500), Step(3, 3900)), 0, "Two steps"),
        ((Step(3, 4900),), 0, "cost less"),
        ((Step(3, 3900), Step(5, 4500)), 0, "cost less"),
        ((Step(3, 0),), 0, "more than nothing"),
        ((Step(3, 400),), 400, "host's discount"),
    ],
)
def test_prices_that_make_no_sense(steps: tuple[Step, ...], discount: int, word: str) -> None:
    fault = item_fault(ItemTerms("tea", "Tea", 5900, 4900, 9, steps), 5, discount)
    assert (word in fault) if word else fault == ""


@pytest.mark.parametrize(
    ("at_deadline", "minimum", "paid", "enough"),
    [
        (AtDeadline.FAIL, 1, 9, False),
        (AtDeadline.COMPLETE_SHORT, 2, 1, False),
        (AtDeadline.COMPLETE_SHORT, 2, 2, True),
        (AtDeadline.COMPLETE_SHORT, 1, 0, False),
    ],
)
def test_what_is_enough_at_the_deadline(
    at_deadline: AtDeadline, minimum: int, paid: int, enough: bool
) -> None:
    terms = Terms(at_deadline=at_deadline, minimum_seats=minimum)
    assert enough_seats(terms, paid) is enough
    ended = COMPLETED if enough else FAILED
    assert next_turn(OPEN, NOON, [], AFTER, enough=enough) == (ended, None)
    assert next_turn(OPEN, NOON, [LATER], AFTER, enough=enough) == (CLOSING, LATER)


def test_terms_are_kept_as_they_were() -> None:
    terms = Terms(
        items=(STEPPED,),
        at_deadline=AtDeadline.COMPLETE_SHORT,
        minimum_seats=2,
        overflow=Overflow.OTHER_ROOM,
        settlement=Settlement.CREDIT,
        max_quantity=3,
        limits=Limits(1, None, 2),
        cool_down=CoolDown(3, HOUR, HOUR / 2),
        new_members_only=True,
        host_discount_minor=5,
    )
    assert terms_from_json(json.loads(json.dumps(terms_to_json(terms)))) == terms
    assert terms_from_json({}) == Terms()
    assert terms_from_json({"of a later engine": 1}) == Terms()
