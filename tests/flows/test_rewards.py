"""What an order earns, what a refund takes back, and why somebody got nothing."""

import datetime as dt
from collections.abc import Callable

import pytest

from apps.campaigns.models import Budget, Campaign
from apps.campaigns.rules import Beneficiary, Trigger
from apps.campaigns.services import campaign_end, campaign_pause, campaign_publish
from apps.invites.models import Participant
from tests.flows.client import Phone, Shop, accepted, at
from tests.makers import make_campaign, make_offer, make_policy, now

Drain = Callable[[], None]
MoveClock = Callable[[float], None]

BUYER = Beneficiary.MEMBER


def make_share(bps: int, **given: object) -> Campaign:
    """A campaign that gives the buyer a share of every order, on hold for ten minutes."""
    terms = {"points": 0, "share_bps": bps, "hold_seconds": 600}
    return make_campaign((Trigger.ORDER_PAID, BUYER, terms), enrolment="everyone", **given)


def make_fixed(**terms: object) -> Campaign:
    """A campaign that gives the buyer 10 points for every order."""
    return make_campaign((Trigger.ORDER_PAID, BUYER, terms), enrolment="everyone")


def test_orders_of_participants_or_of_everyone(shop: Shop, ann: Phone, drain: Drain) -> None:
    joined = make_campaign((Trigger.ORDER_PAID, BUYER, {}))
    everyone = make_fixed()
    first = accepted(shop.order("o1", ann))
    assert first["campaigns"] == [everyone.public_id]
    accepted(ann.join(joined.public_id))
    second = accepted(shop.order("o2", ann))
    assert sorted(second["campaigns"]) == sorted([joined.public_id, everyone.public_id])
    drain()
    assert ann.wallet() == (30, 0, 0)


def test_a_code_in_an_order_brings_its_buyer(shop: Shop, ann: Phone, bob: Phone) -> None:
    spring = make_fixed()
    autumn = make_campaign((Trigger.ORDER_PAID, BUYER, {}), enrolment="everyone")
    body = accepted(shop.order("o1", bob, code=ann.link(spring.public_id)))
    assert len(body["campaigns"]) == 2
    brought = Participant.objects.filter(member__public_id=bob.member, referrer__isnull=False)
    assert [row.campaign for row in brought] == [spring]
    assert autumn.participants.get(member__public_id=bob.member).referrer is None


def test_another_currency_does_not_count(shop: Shop, ann: Phone, drain: Drain) -> None:
    campaign = make_fixed()
    room, seat = ann.open_room(make_offer(campaign, size=1).public_id)
    assert accepted(shop.order("o1", ann, currency="USD"))["campaigns"] == []
    in_room = accepted(shop.order("o2", ann, currency="USD", seat=seat))
    assert in_room["campaigns"] == []
    assert in_room["seats"][0]["room_status"] == "completed"
    drain()
    assert ann.wallet() == (0, 0, 0)


def test_only_the_first_order(shop: Shop, ann: Phone, drain: Drain) -> None:
    make_fixed(first_order_only=True)
    first, second = shop.paid(ann), shop.paid(ann)
    drain()
    assert shop.refusals(first) == []
    assert shop.refusals(second) == ["not_first_order"]
    assert ann.wallet() == (10, 0, 0)
    accepted(shop.refund(first))
    shop.paid(ann)
    drain()
    assert ann.wallet() == (0, 0, 0)


def test_below_the_minimum(shop: Shop, ann: Phone, drain: Drain) -> None:
    make_fixed(min_order_minor=5000, hold_seconds=600)
    small, large = shop.paid(ann, amount=4999), shop.paid(ann, amount=5000)
    drain()
    assert shop.refusals(small) == ["below_minimum"]
    assert ann.wallet() == (0, 10, 0)
    accepted(shop.refund(large, amount_minor=1))
    drain()
    assert shop.refusals(large) == ["below_minimum"]
    assert ann.wallet() == (0, 0, 0)


def test_a_share_follows_what_is_kept_before_it_settles(
    shop: Shop, ann: Phone, drain: Drain
) -> None:
    campaign = make_share(250)
    order = shop.paid(ann, amount=4999)  # 2.5 % of 49.99 is 124.975 points
    drain()
    assert ann.wallet() == (0, 125, 0)
    accepted(shop.refund(order, "r1", amount_minor=2000))  # 74.975 of 29.99 remain
    drain()
    assert ann.wallet() == (0, 75, 0)
    accepted(shop.refund(order, "r2", amount_minor=2980))  # 0.475 of 0.19 round to none
    drain()
    assert ann.wallet() == (0, 0, 0)
    assert shop.refusals(order) == ["nothing_to_award"]
    assert [grant["status"] for grant in shop.grants(ann)] == ["void"]
    assert Budget.objects.get(campaign=campaign).reserved_minor == 0


def test_a_share_is_clawed_back_after_it_settled(
    shop: Shop, ann: Phone, drain: Drain, move_clock: MoveClock
) -> None:
    campaign = make_share(1000)
    order = shop.paid(ann, amount=1005)
    drain()
    assert ann.wallet() == (0, 101, 0)
    move_clock(601)
    drain()
    assert ann.wallet() == (101, 0, 0)
    accepted(shop.refund(order, "r1", amount_minor=500))
    drain()
    assert ann.wallet() == (51, 0, 0)
    accepted(shop.refund(order, "r2"))
    drain()
    assert ann.wallet() == (0, 0, 0)
    grant = shop.grants(ann)[0]
    assert (grant["status"], grant["amount"], grant["taken_back"]) == ("clawed_back", 101, 101)
    assert Budget.objects.get(campaign=campaign).spent_minor == 0


def test_parts_take_back_as_much_as_the_whole(shop: Shop, drain: Drain) -> None:
    make_share(333)
    phones = {name: shop.phone(name) for name in ("ann", "bob")}
    orders = {name: shop.paid(phone, amount=9999) for name, phone in phones.items()}
    drain()
    for number in range(7):
        accepted(shop.refund(orders["ann"], f"r{number}", amount_minor=1001))
        drain()
    accepted(shop.refund(orders["bob"], amount_minor=7007))
    drain()
    assert phones["ann"].wallet() == phones["bob"].wallet() == (0, 100, 0)


def test_what_settled_is_clawed_back_and_no_more(
    shop: Shop, ann: Phone, bob: Phone, drain: Drain
) -> None:
    make_fixed()
    first, second = shop.paid(ann), shop.paid(ann)
    drain()
    assert ann.wallet() == (20, 0, 0)
    shop.paid(bob)
    for order in (first, second):
        accepted(shop.refund(order))
        accepted(shop.cancel(order))
    drain()
    assert (ann.wallet(), bob.wallet()) == ((0, 0, 0), (10, 0, 0))


@pytest.mark.parametrize(
    ("caps", "orders_of_ann", "orders_of_bob", "points"),
    [
        ({"cap_per_member": 2}, 3, 1, (20, 10)),
        ({"cap_per_day": 1}, 2, 2, (10, 10)),
        ({"cap_per_campaign": 3}, 2, 2, (20, 10)),
    ],
)
def test_caps(
    shop: Shop,
    ann: Phone,
    bob: Phone,
    drain: Drain,
    caps: dict[str, int],
    orders_of_ann: int,
    orders_of_bob: int,
    points: tuple[int, int],
) -> None:
    make_fixed(**caps)
    for phone, count in ((ann, orders_of_ann), (bob, orders_of_bob)):
        for _ in range(count):
            order = shop.paid(phone)
            drain()
    assert (ann.wallet()[0], bob.wallet()[0]) == points
    if points[1] < 10 * orders_of_bob:
        assert shop.refusals(order) == ["cap_reached"]


def test_a_day_is_counted_in_the_campaigns_time_zone(shop: Shop, ann: Phone, drain: Drain) -> None:
    make_campaign(
        (Trigger.ORDER_PAID, BUYER, {"cap_per_day": 1}),
        enrolment="everyone",
        time_zone="Asia/Shanghai",
        starts_at=dt.datetime(2026, 5, 1, tzinfo=dt.UTC),
    )
    # Midnight in Shanghai is 16:00 UTC.
    for hour in (15, 15, 17):
        shop.paid(ann, occurred_at=f"2026-05-04T{hour}:30:00Z")
    drain()
    assert ann.wallet() == (20, 0, 0)


def test_a_spent_budget_gives_nothing_more(shop: Shop, ann: Phone, drain: Drain) -> None:
    # 1,000 points cost 10.00, so 10 points cost 0.10 and the budget of 0.25 pays for two grants.
    campaign = make_campaign(
        (Trigger.ORDER_PAID, BUYER, {"hold_seconds": 600}), enrolment="everyone", budget_minor=25
    )
    orders = []
    for _ in range(3):
        orders.append(shop.paid(ann))
        drain()
    assert ann.wallet() == (0, 20, 0)
    assert shop.refusals(orders[2]) == ["budget_spent"]
    # What a refund frees serves the next, but a refusal is final.
    accepted(shop.refund(orders[0]))
    drain()
    assert ann.wallet() == (0, 10, 0)
    shop.paid(ann)
    drain()
    assert ann.wallet() == (0, 20, 0)
    assert shop.refusals(orders[2]) == ["budget_spent"]
    report = shop.get(f"/campaigns/{campaign.public_id}/report")
    assert (report["cost"]["reserved_minor"], report["cost"]["budget_minor"]) == (20, 25)


def test_a_paused_campaign_keeps_its_promises(
    shop: Shop, ann: Phone, bob: Phone, drain: Drain
) -> None:
    campaign = make_fixed()
    accepted(ann.join(campaign.public_id))
    campaign_pause(campaign_id=campaign.pk)
    shop.paid(ann)
    assert accepted(shop.order("o1", bob))["campaigns"] == []
    drain()
    assert (ann.wallet(), bob.wallet()) == ((10, 0, 0), (0, 0, 0))


def test_orders_after_the_end_earn_nothing(shop: Shop, ann: Phone, drain: Drain) -> None:
    campaign = make_fixed()
    accepted(ann.join(campaign.public_id))
    before = at()
    campaign_end(campaign_id=campaign.pk)
    assert accepted(shop.order("late", ann))["campaigns"] == []
    # Reported after the end, but it happened before.
    assert len(accepted(shop.order("early", ann, occurred_at=before))["campaigns"]) == 1
    drain()
    assert ann.wallet() == (10, 0, 0)


def test_a_new_version_is_for_new_participants(
    shop: Shop, ann: Phone, bob: Phone, drain: Drain
) -> None:
    campaign = make_fixed()
    shop.paid(ann)
    campaign.policies.update(points=99)
    campaign_publish(campaign_id=campaign.pk, now=now())
    shop.paid(ann)
    shop.paid(bob)
    drain()
    assert (ann.wallet(), bob.wallet()) == ((20, 0, 0), (99, 0, 0))


def test_joining_confirms_at_once(shop: Shop, ann: Phone, bob: Phone, drain: Drain) -> None:
    campaign = make_campaign(
        (Trigger.JOINED, Beneficiary.REFERRER, {"points": 5}), qualifying_act="join"
    ).public_id
    assert accepted(bob.join(campaign, code=ann.link(campaign)))["status"] == "confirmed"
    drain()
    assert ann.wallet() == (5, 0, 0)


def test_a_kept_order_confirms_when_its_hold_is_over(
    shop: Shop, ann: Phone, bob: Phone, drain: Drain, move_clock: MoveClock
) -> None:
    campaign = make_campaign(
        (Trigger.ORDER_PAID, Beneficiary.REFERRER, {"points": 7}),
        qualifying_act="order",
        keep_window=dt.timedelta(hours=1),
    )
    accepted(bob.join(campaign.public_id, code=ann.link(campaign.public_id)))
    first = shop.paid(bob)
    drain()
    assert shop.refusals(first) == ["provisional"]
    second = shop.paid(bob, occurred_at=at(ago=-900))  # a quarter of an hour later
    accepted(shop.refund(first))
    move_clock(3700)
    drain()
    assert accepted(bob.join(campaign.public_id), 200)["status"] == "provisional"
    move_clock(4600)
    drain()
    assert accepted(bob.join(campaign.public_id), 200)["status"] == "confirmed"
    assert ann.wallet() == (7, 0, 0)
    assert shop.refusals(first) == ["not_kept"]
    # A refund later takes the points, not the confirmation.
    accepted(shop.refund(second))
    drain()
    assert ann.wallet() == (0, 0, 0)
    assert accepted(bob.join(campaign.public_id), 200)["status"] == "confirmed"


def test_a_completed_room_confirms_and_earns(
    shop: Shop, ann: Phone, bob: Phone, drain: Drain
) -> None:
    campaign = make_campaign(
        (Trigger.JOINED, Beneficiary.MEMBER, {"points": 1}),
        (Trigger.ORDER_PAID, Beneficiary.INVITER, {"points": 20}),
        (Trigger.ORDER_PAID, Beneficiary.HOST, {"points": 300}),
        (Trigger.ROOM_COMPLETED, Beneficiary.SEATED, {"points": 4000}),
        qualifying_act="room",
    )
    room, seat = ann.open_room(make_offer(campaign).public_id)
    anns = shop.paid(ann, seat)
    drain()
    assert set(shop.refusals(anns)) == {"no_such_person"}
    assert ann.wallet() == (0, 0, 0)
    bobs = shop.paid(bob, bob.seat(room))
    drain()
    # Nobody's code was typed: the host is who invited bob.
    assert ann.wallet() == (4321, 0, 0)
    assert bob.wallet() == (4001, 0, 0)
    accepted(shop.refund(bobs))
    drain()
    assert ann.wallet() == (1, 0, 0)
    assert bob.wallet() == (1, 0, 0)


def test_the_heir_gets_what_the_host_was_promised(
    shop: Shop, ann: Phone, bob: Phone, cleo: Phone, drain: Drain
) -> None:
    campaign = make_campaign(
        (Trigger.ROOM_COMPLETED, Beneficiary.HOST, {"points": 50}), qualifying_act="room"
    )
    room, seat = ann.open_room(make_offer(campaign, size=2).public_id)
    anns = shop.paid(ann, seat)
    big = make_offer(campaign, size=3).public_id
    other, host_seat = ann.open_room(big)
    leaving = shop.paid(ann, host_seat)
    shop.paid(bob, bob.seat(other))
    accepted(shop.refund(leaving))
    dora = shop.phone("dora")
    for guest in (cleo, dora):
        shop.paid(guest, guest.seat(other))
    drain()
    assert shop.room(other)["status"] == "completed"
    assert bob.wallet() == (50, 0, 0)
    assert ann.wallet() == (0, 0, 0)
    accepted(shop.refund(anns))
    assert shop.room(room)["status"] == "cancelled"


def test_a_policy_of_a_later_version_never_reaches_back(
    shop: Shop, ann: Phone, drain: Drain
) -> None:
    campaign = make_fixed()
    shop.paid(ann)
    make_policy(campaign, Trigger.ORDER_PAID, BUYER, points=1000)
    campaign_publish(campaign_id=campaign.pk, now=now())
    drain()
    assert ann.wallet() == (10, 0, 0)
