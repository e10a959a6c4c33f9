"""What can be given beside points, and what becomes of it when the order goes back."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from apps.campaigns.models import Budget, Campaign
from apps.campaigns.rules import AwardKind, Beneficiary, Trigger
from apps.campaigns.services import CouponMisfit
from apps.core.clock import engine_now
from apps.coupons.models import Template
from apps.obligations.services import payouts_close
from apps.tiers.models import Tier
from apps.tiers.services import ladder_open
from tests.flows.client import PRICE, Phone, Shop, accepted, at
from tests.makers import make_campaign

Drain = Callable[[], None]
MoveClock = Callable[[float], None]

BUYER, REFERRER = Beneficiary.MEMBER, Beneficiary.REFERRER


def make_buyers_award(kind: AwardKind, **terms: Any) -> Campaign:
    """A campaign that gives the buyer one award for every order, on hold for ten minutes."""
    given = {"points": 0, "hold_seconds": 600, "kind": kind, **terms}
    return make_campaign(
        (Trigger.ORDER_PAID, BUYER, given), enrolment="everyone", budget_minor=10_000
    )


def make_template(**given: Any) -> Template:
    """An active coupon template: 10.00 off."""
    terms = {
        "name": "Ten off",
        "kind": Template.Kinds.AMOUNT,
        "currency": "CNY",
        "face_minor": 1000,
        "status": Template.Status.ACTIVE,
        **given,
    }
    return Template.objects.create(**terms)


def done(response: httpx.Response) -> None:
    """The answer is a success of any kind."""
    assert response.is_success, response.text


def used(campaign: Campaign) -> tuple[int, int]:
    """What the budget has (reserved, spent)."""
    budget = Budget.objects.get(campaign=campaign)
    return budget.reserved_minor, budget.spent_minor


def test_a_coupon_is_promised_then_usable_then_redeemed(
    shop: Shop, ann: Phone, drain: Drain, move_clock: MoveClock
) -> None:
    campaign = make_buyers_award(AwardKind.COUPON, coupon_template=make_template().public_id)
    order = shop.paid(ann)
    drain()
    assert used(campaign) == (1000, 0)
    move_clock(601)
    drain()
    assert used(campaign) == (0, 1000)
    (coupon,) = ann.get("/me/coupons?status=usable")["results"]
    done(shop.post(f"/coupons/{coupon['code']}/redeem", {"member": "ann", "order_id": "o2"}))
    accepted(shop.refund(order))
    drain()
    # It was used: it is lost, and its money stays spent.
    (grant,) = shop.grants(ann)
    assert (grant["status"], grant["lost"]) == ("clawed_back", 1)
    assert used(campaign) == (0, 1000)


@pytest.mark.parametrize("misfit", [{"currency": "EUR"}, {"is_test": True}])
def test_a_coupon_of_another_currency_or_mode_is_not_published(
    shop: Shop, misfit: dict[str, Any]
) -> None:
    with pytest.raises(CouponMisfit):
        make_buyers_award(AwardKind.COUPON, coupon_template=make_template(**misfit).public_id)
    assert not Campaign.objects.exclude(status="draft").exists()


def test_an_unused_coupon_comes_back_with_the_refund(
    shop: Shop, ann: Phone, drain: Drain, move_clock: MoveClock
) -> None:
    campaign = make_buyers_award(AwardKind.COUPON, coupon_template=make_template().public_id)
    order = shop.paid(ann)
    drain()
    move_clock(601)
    drain()
    accepted(shop.refund(order))
    drain()
    assert ann.get("/me/coupons?status=usable")["results"] == []
    assert shop.grants(ann)[0]["status"] == "clawed_back"
    assert used(campaign) == (0, 0)


def test_an_expired_coupon_frees_the_budget(
    shop: Shop, ann: Phone, drain: Drain, move_clock: MoveClock
) -> None:
    template = make_template(valid_hours=1)
    campaign = make_buyers_award(AwardKind.COUPON, coupon_template=template.public_id)
    shop.paid(ann)
    drain()
    move_clock(601)
    drain()
    assert used(campaign) == (0, 1000)
    move_clock(4300)
    drain()
    assert used(campaign) == (0, 0)


def test_the_last_coupons_are_refused_in_words(shop: Shop, ann: Phone, drain: Drain) -> None:
    template = make_template(issue_cap=1)
    make_buyers_award(AwardKind.COUPON, coupon_template=template.public_id)
    shop.paid(ann)
    late = shop.paid(ann)
    drain()
    assert shop.refusals(late) == ["coupons_gone"]
    assert shop.decisions(late)[0]["words"][0]["shopper"] == "The coupons are all given away."


def test_commission_is_owed_paid_and_owed_back(
    shop: Shop, ann: Phone, bob: Phone, drain: Drain, move_clock: MoveClock
) -> None:
    terms = {"points": 0, "share_bps": 1000, "kind": AwardKind.PAYABLE, "hold_seconds": 600}
    campaign = make_campaign((Trigger.ORDER_PAID, REFERRER, terms), budget_minor=10_000)
    accepted(bob.join(campaign.public_id, code=ann.link(campaign.public_id)))
    first, second = shop.paid(bob), shop.paid(bob)
    drain()
    move_clock(601)
    drain()
    assert used(campaign) == (0, 980)
    payouts_close(now=engine_now())
    (payout,) = shop.get("/payouts?status=requested")["results"]
    assert payout["total_minor"] == 2 * PRICE // 10
    done(shop.post(f"/payouts/{payout['id']}/confirm", {"note": "transfer 17"}))
    accepted(shop.refund(first))
    accepted(shop.refund(second, amount_minor=2450))
    drain()
    taken = {grant["status"]: grant["taken_back"] for grant in shop.grants(ann)}
    assert taken == {"clawed_back": 490, "settled": 245}
    assert used(campaign) == (0, 245)
    third = shop.paid(bob, amount=20_000)
    drain()
    move_clock(1300)
    drain()
    payouts_close(now=engine_now())
    (payout,) = shop.get("/payouts?status=requested")["results"]
    assert payout["total_minor"] == 2000 - 490 - 245
    assert third


def test_a_gift_is_asked_of_the_shop_once_the_hold_is_over(
    shop: Shop, ann: Phone, drain: Drain, move_clock: MoveClock
) -> None:
    campaign = make_buyers_award(AwardKind.CUSTOM, gift="A tea cup", gift_cost_minor=700)
    sent, back = shop.paid(ann), shop.paid(ann)
    drain()
    assert shop.get("/fulfilments?status=requested")["results"] == []
    move_clock(601)
    drain()
    first, second = sorted(
        shop.get("/fulfilments?status=requested")["results"], key=lambda row: row["reference"]
    )
    grants = {row["id"]: row for row in shop.grants(ann)}
    of_sent = next(row for row in (first, second) if order_of(shop, row, grants) == sent)
    done(shop.post(f"/fulfilments/{of_sent['id']}/confirm", {}))
    for order in (sent, back):
        accepted(shop.refund(order))
    drain()
    lost = sorted(grant["lost"] for grant in shop.grants(ann))
    assert lost == [0, 1]
    assert used(campaign) == (0, 700)


def order_of(shop: Shop, fulfilment: dict[str, Any], grants: dict[str, Any]) -> str:
    return str(grants[fulfilment["reference"]]["subject"].rsplit(":", 1)[1])


def test_growth_counts_for_a_tier_and_reaching_it_is_rewarded(
    shop: Shop, ann: Phone, drain: Drain, move_clock: MoveClock
) -> None:
    ladder = ladder_open(is_test=False)
    Tier.objects.create(ladder=ladder, code="silver", name="Silver", rank=1, threshold=100)
    make_campaign(
        (Trigger.ORDER_PAID, BUYER, {"kind": AwardKind.GROWTH, "points": 100, "hold_seconds": 600}),
        (Trigger.TIER_REACHED, BUYER, {"points": 50, "tiers": ["silver"]}),
        enrolment="everyone",
    )
    order = shop.paid(ann)
    drain()
    assert ann.wallet() == (0, 0, 0)
    move_clock(601)
    drain()
    assert ann.wallet() == (50, 0, 0)
    accepted(shop.refund(order))
    drain()
    assert ann.get("/me/tier")["growth"] == 0
    # Silver is hers until the period ends, and its gift is given once.
    shop.paid(ann)
    drain()
    move_clock(1300)
    drain()
    assert ann.wallet() == (50, 0, 0)


def test_both_sides_of_a_friendship_get_something(
    shop: Shop, ann: Phone, bob: Phone, drain: Drain
) -> None:
    campaign = make_campaign(
        (Trigger.ORDER_PAID, BUYER, {"points": 20, "new_members_only": True}),
        (Trigger.ORDER_PAID, REFERRER, {"points": 30, "first_order_only": True}),
    )
    accepted(bob.join(campaign.public_id, code=ann.link(campaign.public_id)))
    shop.paid(bob)
    shop.paid(bob)
    drain()
    assert (ann.wallet(), bob.wallet()) == ((30, 0, 0), (20, 0, 0))


@pytest.mark.parametrize("paid", [True, False])
def test_an_order_takes_what_was_reserved_for_it(
    shop: Shop, ann: Phone, drain: Drain, paid: bool
) -> None:
    make_campaign((Trigger.ORDER_PAID, BUYER, {"points": 100}), enrolment="everyone")
    shop.paid(ann)
    drain()
    template = make_template(is_public=True)
    code = accepted(ann.post("/me/coupons", {"template": template.public_id}))["code"]
    accepted(shop.post("/points/spends", {"member": "ann", "order_id": "o9", "amount": 60}))
    done(shop.post(f"/coupons/{code}/reserve", {"member": "ann", "order_id": "o9"}))
    assert ann.wallet() == (40, 0, 0)
    if not paid:
        done(shop.cancel("o9"))
        assert ann.wallet() == (100, 0, 0)
        assert len(ann.get("/me/coupons?status=usable")["results"]) == 1
        return
    accepted(shop.order("o9", ann, amount=3000))
    assert ann.get("/me/coupons?status=usable")["results"] == []
    # A third goes back, then the rest: points return in proportion, the coupon at the end.
    accepted(shop.refund("o9", "r1", amount_minor=1000))
    assert ann.wallet()[0] == 40 + 20
    accepted(shop.refund("o9", "r2"))
    assert ann.wallet()[0] == 40 + 60
    assert len(ann.get("/me/coupons?status=usable")["results"]) == 1


@pytest.mark.parametrize("money", [3000, 0])
def test_a_refund_that_came_first_returns_them_at_once(
    shop: Shop, ann: Phone, drain: Drain, money: int
) -> None:
    make_campaign((Trigger.ORDER_PAID, BUYER, {"points": 100}), enrolment="everyone")
    shop.paid(ann)
    drain()
    accepted(shop.post("/points/spends", {"member": "ann", "order_id": "o9", "amount": 60}))
    accepted(shop.refund("o9"))
    accepted(shop.order("o9", ann, amount=money, occurred_at=at(ago=5)))
    drain()
    assert ann.wallet()[0] == 100
