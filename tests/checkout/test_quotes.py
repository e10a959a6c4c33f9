"""What a basket costs ann: what applies itself, the best of her coupons, then her points."""

import datetime as dt
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from rest_framework.test import APIRequestFactory, force_authenticate

from apps.checkout.api.quotes import QuotesView
from apps.core.callers import Caller, Door
from apps.coupons.models import Coupon
from apps.members.models import Member
from apps.members.services import member_register
from tests.coupons.makers import issue, make_codes, make_template, now, redeem, reserve
from tests.points.makers import earn


@pytest.fixture(autouse=True)
def promised(db: None, invariants_hold: Callable[[], None]) -> Iterator[None]:
    yield
    invariants_hold()


@pytest.fixture
def ann() -> Member:
    return member_register(external_id="ann", now=now())[0]


def phone(member: Member) -> Caller:
    return Caller(Door.MEMBER, member.public_id, is_test=False, member_id=member.pk)


SHOP = Caller(Door.SERVER, "key", is_test=False, scopes=frozenset({"rewards"}))


def ask(caller: Caller | None, **basket: Any) -> Any:
    """What POST /quotes answers for tea of 200.00 and a cup of 50.00."""
    body = {
        "currency": "CNY",
        "lines": [
            {"line_id": "1", "sku": "tea", "amount_minor": 20000, "tags": ["drink"]},
            {"line_id": "2", "sku": "cup", "amount_minor": 5000},
        ],
        **basket,
    }
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    request = APIRequestFactory().post("/api/v1/quotes", body, format="json", headers=headers)
    force_authenticate(request, user=None, token=caller)
    return QuotesView.as_view()(request).render()


def quote(caller: Caller | None, **basket: Any) -> dict[str, Any]:
    answer = ask(caller, **basket)
    assert answer.status_code == 200, answer.data
    return answer.data


def test_ann_gets_the_best_set_and_is_told_why_not_the_rest(ann: Member) -> None:
    make_template(
        name="20 off 200",
        kind="steps",
        steps=((20000, 2000),),
        applies="automatic",
        stacking="stacks",
    )
    best = issue(
        make_template(
            name="Tenth", kind="percent", percent_bps=1000, ceiling_minor=5000, stacking="stacks"
        ),
        ann,
    )
    small = issue(make_template(name="Alone"), ann)
    far = issue(make_template(name="Big", min_basket_minor=30000), ann)
    told = quote(phone(ann), shipping_minor=800)
    assert [(one["name"], one["discount_minor"]) for one in told["applied"]] == [
        ("20 off 200", 2000),
        ("Tenth", 2300),
    ]
    assert told["applied"][0]["coupon"] is None
    assert told["applied"][1]["coupon"] == best.code
    assert (told["subtotal_minor"], told["discount_minor"]) == (25000, 4300)
    assert (told["shipping_minor"], told["total_minor"], told["exact"]) == (800, 21500, True)
    assert sum(line["payable_minor"] for line in told["lines"]) == 20700
    why = {one["coupon"]: (one["reason"], one["missing_minor"]) for one in told["not_applied"]}
    assert why == {small.code: ("not_combinable", 0), far.code: ("below_minimum", 5000)}
    assert "too small" in next(
        o["for_shopper"] for o in told["not_applied"] if o["coupon"] == far.code
    )


def test_a_quote_changes_nothing(ann: Member) -> None:
    coupon = issue(make_template(), ann)
    quote(phone(ann))
    assert Coupon.objects.get(pk=coupon.pk).moves == 1


def test_the_shop_asks_for_a_member_for_nobody_or_for_some_codes(ann: Member) -> None:
    hers = issue(make_template(), ann)
    [free] = make_codes(make_template(face_minor=700), 1)
    assert quote(SHOP)["discount_minor"] == 0
    assert quote(SHOP)["points"] is None
    assert quote(SHOP, member="ann")["applied"][0]["coupon"] == hers.code
    told = quote(SHOP, coupons=[free.code.upper(), "nothing"])
    assert told["discount_minor"] == 700
    assert told["not_applied"][0]["reason"] == "coupon_unknown"
    told = quote(SHOP, coupons=[hers.code])
    assert told["not_applied"][0]["reason"] == "coupon_of_somebody_else"
    assert quote(phone(ann), coupons=[])["applied"] == []


def test_named_codes_say_why_they_cannot_be_used(ann: Member) -> None:
    template = make_template()
    used, reserved, over = (issue(template, ann) for _ in range(3))
    redeem(used, ann), reserve(reserved, ann, "o-2")
    Coupon.objects.filter(pk=over.pk).update(expires_at=now() - dt.timedelta(seconds=1))
    early = issue(make_template(starts_at=now() + dt.timedelta(days=1)), ann)
    told = quote(phone(ann), coupons=[row.code for row in (used, reserved, over, early)])
    assert {one["coupon"]: one["reason"] for one in told["not_applied"]} == {
        used.code: "coupon_used",
        reserved.code: "coupon_reserved",
        over.code: "coupon_expired",
        early.code: "not_started",
    }


def test_points_are_counted_on_what_the_coupons_leave(ann: Member) -> None:
    earn(ann, 1_000_000, key="g1")
    issue(make_template(face_minor=24000), ann)
    told = quote(phone(ann), shipping_minor=500)
    assert told["total_minor"] == 1500
    assert told["points"]["worth_minor"] == 1000


def test_timed_ones_apply_only_inside_their_window(ann: Member) -> None:
    hour = dt.timedelta(hours=1)
    make_template(applies="automatic", starts_at=now() + hour)
    make_template(applies="automatic", ends_at=now() - hour)
    make_template(applies="automatic", is_test=True)
    assert quote(phone(ann))["applied"] == []
    make_template(applies="automatic", starts_at=now() - hour, ends_at=now() + hour, tags=["drink"])
    [applied] = quote(phone(ann))["applied"]
    assert applied["lines"] == [{"line_id": "1", "discount_minor": 1000}]


def test_a_gift_and_free_shipping(ann: Member) -> None:
    issue(make_template(kind="gift", gift="a cup", stacking="stacks"), ann)
    issue(make_template(kind="free_shipping", face_minor=900, stacking="stacks"), ann)
    told = quote(phone(ann), shipping_minor=1000)
    assert [one["gift"] for one in told["applied"]] == ["a cup", ""]
    assert (told["shipping_discount_minor"], told["total_minor"]) == (900, 25100)


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"currency": "yuan"}, "/currency"),
        ({"lines": []}, "/lines"),
        ({"lines": [{"line_id": "1", "sku": "a", "amount_minor": -1}]}, "/lines/0/amount_minor"),
        (
            {"lines": [{"line_id": "1", "sku": "a", "amount_minor": 10**400}]},
            "/lines/0/amount_minor",
        ),
        ({"lines": [{"line_id": "1", "sku": "\0", "amount_minor": 1}]}, "/lines/0/sku"),
        ({"lines": [{"line_id": "1", "sku": "a", "amount_minor": 1}] * 2}, "/lines"),
        ({"shipping_minor": "much"}, "/shipping_minor"),
        ({"coupons": ["x" * 65]}, "/coupons/0"),
        ({"coupons": "all"}, "/coupons"),
        ({"coupons": ["x"] * 51}, "/coupons"),
        ({"member": 7.5}, "/member"),
        ({"member": "zoe"}, "/member"),
    ],
)
def test_a_basket_that_cannot_be_names_the_field(given: dict[str, Any], pointer: str) -> None:
    answer = ask(SHOP, **given)
    assert answer.status_code in (404, 422)
    assert answer.data["errors"][0]["pointer"].startswith(pointer)


def test_a_stranger_is_not_answered() -> None:
    assert ask(None).status_code == 401
    assert ask(Caller(Door.SERVER, "key", is_test=False)).status_code == 403
