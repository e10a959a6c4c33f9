"""Friends are counted: every third who buys, the fifth and the tenth; and chains of two levels."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User

from apps.campaigns.models import Campaign
from apps.campaigns.rules import Beneficiary, Trigger
from apps.campaigns.services import campaign_publish, compliance_override
from apps.campaigns.services.complying import findings_blocking
from apps.invites.models import Act
from apps.rewards.models import Grant
from tests.flows.client import Phone, Shop, accepted
from tests.makers import make_campaign, make_offer, now

Drain = Callable[[], None]
MoveClock = Callable[[float], None]

ME = Beneficiary.MEMBER


def make_counting(kind: Trigger = Trigger.FRIEND_BOUGHT, **given: Any) -> Campaign:
    """Ten points for every third friend, a hundred for the fifth, tenth and twentieth."""
    hold = {"hold_seconds": given.pop("hold_seconds", 0)}
    return make_campaign(
        (kind, ME, {"points": 10, "milestone_every": 3, "name": "every third", **hold}),
        (kind, ME, {"points": 100, "milestone_at": [5, 10, 20], "name": "milestones", **hold}),
        **given,
    )


def make_every(points: int = 10, **given: Any) -> Campaign:
    """Points for every friend who buys."""
    return make_campaign((Trigger.FRIEND_BOUGHT, ME, {"points": points}), **given)


def friends(shop: Shop, campaign: Campaign, code: str, count: int, known: int = 0) -> list[Phone]:
    """So many new friends, who joined by this code, beside those `known`."""
    phones = [shop.phone(f"friend-{number}") for number in range(known, known + count)]
    for phone in phones:
        accepted(phone.join(campaign.public_id, code=code))
    return phones


def numbers(campaign: Campaign) -> list[tuple[str, int]]:
    """(friend, number), as they were counted."""
    rows = Act.objects.filter(campaign=campaign, nth__isnull=False).order_by("nth")
    return list(rows.values_list("referee__member__profile__nickname", "nth"))


def test_every_third_friend_who_buys_and_some_of_them(shop: Shop, ann: Phone, drain: Drain) -> None:
    campaign = make_counting()
    earned = []
    for phone in friends(shop, campaign, ann.link(campaign.public_id), 10):
        shop.paid(phone)
        shop.paid(phone)  # a second order is no second friend
        drain()
        earned.append(ann.wallet()[0])
    assert earned == [0, 0, 10, 10, 110, 120, 120, 120, 130, 230]
    assert [nth for _, nth in numbers(campaign)] == list(range(1, 11))
    assert Grant.objects.filter(campaign=campaign).count() == 5


def test_friends_of_friends_are_their_friends(
    shop: Shop, ann: Phone, bob: Phone, cleo: Phone, drain: Drain
) -> None:
    campaign = make_every()
    accepted(bob.join(campaign.public_id, code=ann.link(campaign.public_id)))
    accepted(cleo.join(campaign.public_id, code=bob.link(campaign.public_id)))
    for phone in (ann, bob, cleo):
        shop.paid(phone)
    drain()
    assert [phone.wallet()[0] for phone in (ann, bob, cleo)] == [10, 10, 0]


def test_a_friends_refund_takes_it_back_and_renumbers_nobody(
    shop: Shop, ann: Phone, drain: Drain, move_clock: MoveClock
) -> None:
    campaign = make_counting(hold_seconds=600)
    phones = friends(shop, campaign, ann.link(campaign.public_id), 4)
    orders = [shop.paid(phone) for phone in phones[:3]]
    drain()
    assert ann.wallet() == (0, 10, 0)
    accepted(shop.refund(orders[2], "r1", amount_minor=1))
    drain()
    assert ann.wallet() == (0, 10, 0)  # a part is kept, so it is a purchase
    accepted(shop.refund(orders[2], "r2"))
    drain()
    assert ann.wallet() == (0, 0, 0)
    shop.paid(phones[2])  # the third friend stays the third, with the order they were counted by
    shop.paid(phones[3])
    drain()
    assert ann.wallet() == (0, 0, 0)
    assert [nth for _, nth in numbers(campaign)] == [1, 2, 3, 4]
    # Settled ones are clawed back.
    fifth, sixth = friends(shop, campaign, ann.link(campaign.public_id), 2, known=4)
    shop.paid(fifth)
    last = shop.paid(sixth)
    move_clock(700)
    drain()
    assert ann.wallet() == (110, 0, 0)
    accepted(shop.refund(last))
    drain()
    assert ann.wallet() == (100, 0, 0)


def test_a_friend_is_counted_when_confirmed(
    shop: Shop, ann: Phone, bob: Phone, drain: Drain, move_clock: MoveClock
) -> None:
    campaign = make_every(qualifying_act="order", keep_window=dt.timedelta(hours=1))
    accepted(bob.join(campaign.public_id, code=ann.link(campaign.public_id)))
    shop.paid(bob)
    drain()
    assert (ann.wallet(), numbers(campaign)) == ((0, 0, 0), [])
    move_clock(3700)
    drain()
    assert (ann.wallet(), numbers(campaign)) == ((10, 0, 0), [("Bob", 1)])


def test_a_friend_who_gave_everything_back_before_is_counted_by_the_next_order(
    shop: Shop, ann: Phone, bob: Phone, drain: Drain, move_clock: MoveClock
) -> None:
    campaign = make_every(qualifying_act="order", keep_window=dt.timedelta(hours=1))
    accepted(bob.join(campaign.public_id, code=ann.link(campaign.public_id)))
    accepted(shop.refund(shop.paid(bob)))
    kept = shop.paid(bob)
    move_clock(3700)
    drain()
    assert ann.wallet() == (10, 0, 0)
    assert Act.objects.get(campaign=campaign).order.order_id == kept


def test_a_friend_in_a_room_counts_once_it_is_complete(
    shop: Shop, ann: Phone, bob: Phone, cleo: Phone, drain: Drain
) -> None:
    campaign = make_every()
    room, seat = bob.open_room(make_offer(campaign).public_id, code=ann.link(campaign.public_id))
    bobs = shop.paid(bob, seat)
    drain()
    assert ann.wallet() == (0, 0, 0)
    shop.paid(cleo, cleo.seat(room))
    drain()
    assert ann.wallet() == (10, 0, 0)
    accepted(shop.refund(bobs))
    drain()
    assert ann.wallet() == (0, 0, 0)


def test_friends_who_are_confirmed_count_without_buying(
    shop: Shop, ann: Phone, drain: Drain
) -> None:
    campaign = make_counting(Trigger.FRIEND_CONFIRMED)
    friends(shop, campaign, ann.link(campaign.public_id), 5)
    drain()
    assert ann.wallet() == (110, 0, 0)


def test_what_ann_was_promised_is_what_her_friends_bring(
    shop: Shop, ann: Phone, bob: Phone, drain: Drain
) -> None:
    campaign = make_every()
    code = ann.link(campaign.public_id)
    campaign.policies.update(points=99)
    campaign_publish(campaign_id=campaign.pk, now=now())
    accepted(bob.join(campaign.public_id, code=code))
    shop.paid(bob)
    drain()
    assert ann.wallet() == (10, 0, 0)


def test_a_milestone_can_ask_for_more(shop: Shop, ann: Phone, drain: Drain) -> None:
    terms = {"points": 10, "milestone_every": 2, "min_order_minor": 5000, "share_bps": 100}
    campaign = make_campaign((Trigger.FRIEND_BOUGHT, ME, terms))
    first, second, third, fourth = friends(shop, campaign, ann.link(campaign.public_id), 4)
    shop.paid(first)
    shop.paid(second, amount=4999)
    shop.paid(third)
    shop.paid(fourth, amount=5000)
    drain()
    assert ann.wallet() == (60, 0, 0)  # 10, and one percent of the fourth friend's 50.00
    reasons = {row["reason"] for row in shop.decisions()[0]["refusals"]}
    assert reasons <= {"no_milestone", "below_minimum"}


def test_a_room_opened_by_its_paid_host(shop: Shop, ann: Phone, bob: Phone, drain: Drain) -> None:
    campaign = make_campaign((Trigger.ROOM_OPENED, Beneficiary.HOST, {"points": 7}))
    offer = make_offer(campaign, size=3).public_id
    room, seat = ann.open_room(offer)
    drain()
    assert ann.wallet() == (0, 0, 0)
    order = shop.paid(ann, seat)
    shop.paid(bob, bob.seat(room))
    drain()
    assert (ann.wallet(), bob.wallet()) == ((7, 0, 0), (0, 0, 0))
    # Bob hosts it now, but he did not open it.
    accepted(shop.refund(order))
    drain()
    assert (ann.wallet(), bob.wallet()) == ((0, 0, 0), (0, 0, 0))


def publish_all_the_same(campaign: Campaign) -> None:
    """Publish past the warning that two levels are forbidden in many places."""
    olga = User.objects.create_superuser("olga", password="x")
    for finding in findings_blocking(campaign):
        compliance_override(
            campaign_id=campaign.pk,
            finding=finding.code,
            policy=finding.policy,
            reason="Allowed where we sell.",
            operator_id=olga.pk,
            now=now(),
        )
    campaign_publish(campaign_id=campaign.pk, now=now())


def test_the_second_level(shop: Shop, ann: Phone, bob: Phone, cleo: Phone, drain: Drain) -> None:
    campaign = make_campaign(
        (Trigger.ORDER_PAID, Beneficiary.REFERRER, {"points": 20}),
        (Trigger.ORDER_PAID, Beneficiary.SECOND_REFERRER, {"points": 5, "hold_seconds": 600}),
        levels=2,
        published=False,
    )
    publish_all_the_same(campaign)
    accepted(bob.join(campaign.public_id, code=ann.link(campaign.public_id)))
    accepted(cleo.join(campaign.public_id, code=bob.link(campaign.public_id)))
    dora = shop.phone("dora")
    accepted(dora.join(campaign.public_id, code=cleo.link(campaign.public_id)))
    order = shop.paid(cleo)
    drain()
    assert [phone.wallet() for phone in (ann, bob)] == [(0, 5, 0), (20, 0, 0)]
    bobs = shop.paid(bob)
    shop.paid(dora)
    drain()
    assert shop.refusals(bobs) == ["no_such_person"]
    assert [phone.wallet()[:2] for phone in (ann, bob, cleo)] == [(20, 5), (20, 5), (20, 0)]
    accepted(shop.refund(order))
    drain()
    assert [phone.wallet()[:2] for phone in (ann, bob, cleo)] == [(20, 0), (0, 5), (20, 0)]
