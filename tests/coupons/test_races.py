"""Many at once on one coupon, one cap, one member, one pool. Each race comes with its control."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db.models import F, Q

from apps.core.errors import Conflict
from apps.coupons import errors, services
from apps.coupons.models import Coupon, Template
from apps.coupons.selectors import claim_token
from apps.coupons.services import minting, moves, spending
from apps.members.models import Member
from tests.coupons.makers import (
    fill_pool,
    issue,
    make_codes,
    make_member,
    make_template,
    now,
    redeem,
    reservation_over,
    reserve,
    run_out,
    state,
)
from tests.races.threads import (
    Gap,
    at_once,
    attempt,
    broken_promises,
    each,
    without,
    without_row_locks,
)


@pytest.fixture(autouse=True)
def promised(committed: None) -> Iterator[None]:
    yield
    assert broken_promises() == set()


def kinds(outcomes: list[Any]) -> list[str]:
    return sorted(type(outcome).__name__ for outcome in outcomes)


def test_one_coupon_redeemed_by_64_at_once() -> None:
    ann = make_member()
    coupon = issue(make_template(), ann)
    moment = now()
    outcomes = at_once(*each(lambda n: redeem(coupon, ann, f"o-{n}", now=moment), *range(64)))
    assert kinds(outcomes) == ["Coupon"] + ["CouponUsed"] * 63
    [winner] = [one for one in outcomes if isinstance(one, Coupon)]
    assert Coupon.objects.get(pk=coupon.pk).order_id == winner.order_id


def test_one_code_of_nobody_redeemed_by_64_members_at_once() -> None:
    [code] = make_codes(make_template(), 1)
    members = [make_member() for _ in range(64)]
    moment = now()
    outcomes = at_once(*each(lambda one: redeem(code, one, f"o-{one.pk}", now=moment), *members))
    assert kinds(outcomes) == ["Coupon"] + ["CouponOfSomebodyElse"] * 63


def used_at_once(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """One comes while the other has used the coupon, and has not committed it yet."""
    ann = make_member()
    coupon = issue(make_template(), ann)
    moment = now()
    gap = Gap(spending._redeem_in_hand, lambda: redeem(coupon, ann, "o-2", now=moment))
    monkeypatch.setattr(spending, "_redeem_in_hand", gap)
    return [attempt(lambda: redeem(coupon, ann, "o-1", now=moment)), gap.outcome]


def test_the_second_of_two_orders_waits_and_looks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert kinds(used_at_once(monkeypatch)) == ["Coupon", "CouponUsed"]


def test_control_without_the_condition_both_use_it_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spending, "_USABLE", "TRUE")
    monkeypatch.setattr(spending, "coupon_note", lambda *_what, **_more: None)
    assert kinds(used_at_once(monkeypatch)) == ["Coupon", "Coupon"]


def two_orders(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """One comes while the other has found the coupon free, and has not used it yet, step by step."""
    monkeypatch.setattr(spending, "_redeem_in_hand", lambda *_what: None)
    ann = make_member()
    coupon = issue(make_template(), ann)
    moment = now()
    gap = Gap(spending.demand_started, lambda: redeem(coupon, ann, "o-2", now=moment))
    monkeypatch.setattr(spending, "demand_started", gap)
    return [attempt(lambda: redeem(coupon, ann, "o-1", now=moment)), gap.outcome]


def test_two_orders_and_one_coupon(monkeypatch: pytest.MonkeyPatch) -> None:
    assert kinds(two_orders(monkeypatch)) == ["Coupon", "CouponUsed"]


def test_even_without_the_lock_the_conditional_update_lets_one_win(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without_row_locks(monkeypatch)
    second, first = two_orders(monkeypatch)
    assert first.order_id == "o-2"
    assert isinstance(second, Conflict)


def test_control_without_lock_and_condition_both_orders_have_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without_row_locks(monkeypatch)
    # The key of the event, one for each move of a coupon, would catch it too.
    monkeypatch.setattr(spending, "coupon_note", lambda *_what, **_more: None)
    monkeypatch.setattr(spending, "usable_by", lambda _order_id: Q())
    assert kinds(two_orders(monkeypatch)) == ["Coupon", "Coupon"]


def test_a_cap_of_ten_raced_by_forty() -> None:
    template = make_template(issue_cap=10)
    members = [make_member() for _ in range(40)]
    outcomes = at_once(*each(lambda one: issue(template, one, key=f"g{one.pk}"), *members))
    assert kinds(outcomes) == ["Coupon"] * 10 + ["CouponsExhausted"] * 30
    assert Coupon.objects.count() == 10


def last_place(monkeypatch: pytest.MonkeyPatch, step: str) -> list[Any]:
    """bob comes while ann's coupon is written and not counted yet, or only looked at."""
    template = make_template(issue_cap=1)
    ann, bob = make_member(), make_member()
    gap = Gap(getattr(minting, step), lambda: issue(template, bob, key="g2"))
    monkeypatch.setattr(minting, step, gap)
    return [attempt(lambda: issue(template, ann, key="g1")), gap.outcome]


def test_two_and_one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    assert kinds(last_place(monkeypatch, "_insert")) == ["Coupon", "CouponsExhausted"]


def test_control_counting_instead_of_the_conditional_update_oversells(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(minting, "_has_place", is_room)
    monkeypatch.setattr(minting, "_count", look_then_count)
    with without("coupons_template", "template_issued_within_its_cap"):
        assert kinds(last_place(monkeypatch, "_has_place")) == ["Coupon", "Coupon"]
        assert broken_promises() == {6}


def is_room(template: Template) -> bool:
    return Coupon.objects.filter(template=template).count() <= template.issue_cap


def look_then_count(template: Template, *, for_guest: bool) -> None:
    """How it must not be done: look whether there is room, then count."""
    if not minting._has_place(template):
        raise errors.CouponsExhausted()
    Template.objects.filter(pk=template.pk).update(issued=F("issued") + 1)


def member_at_once(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A second coupon for ann, while the first has its number and is not written yet."""
    template, ann = make_template(member_limit=1), make_member()
    gap = Gap(minting.next_nth, lambda: issue(template, ann, key="g2"))
    monkeypatch.setattr(minting, "next_nth", gap)
    return [attempt(lambda: issue(template, ann, key="g1")), gap.outcome]


def test_one_coupon_per_member(monkeypatch: pytest.MonkeyPatch) -> None:
    assert kinds(member_at_once(monkeypatch)) == ["Coupon", "CouponMemberLimit"]


def test_control_without_the_unique_number_the_member_gets_two(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with without("coupons_coupon", "coupon_nth_once_per_member"):
        assert kinds(member_at_once(monkeypatch)) == ["Coupon", "Coupon"]
        assert broken_promises() == {6}


def test_thirty_for_one_member_with_a_limit_of_three() -> None:
    template, ann = make_template(member_limit=3), make_member()
    outcomes = at_once(*each(lambda n: issue(template, ann, key=f"g{n}"), *range(30)))
    assert kinds(outcomes) == ["Coupon"] * 3 + ["CouponMemberLimit"] * 27


def test_one_key_at_once_makes_one_coupon() -> None:
    template, ann = make_template(), make_member()
    outcomes = at_once(*each(lambda _: issue(template, ann, key="g1").pk, *range(8)))
    assert len(set(outcomes)) == 1
    assert Coupon.objects.count() == 1


def two_codes_of_one_member(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    first, second = make_codes(make_template(member_limit=1), 2)
    ann = make_member()

    def claim(coupon: Coupon) -> Coupon:
        return services.code_claim(code=coupon.code, member_id=ann.pk, is_test=False, now=now())

    gap = Gap(moves.next_nth, lambda: claim(second))
    monkeypatch.setattr(moves, "next_nth", gap)
    return [attempt(lambda: claim(first)), gap.outcome]


def test_two_codes_claimed_at_once_within_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert kinds(two_codes_of_one_member(monkeypatch)) == ["Coupon", "CouponMemberLimit"]


def test_forty_take_from_a_pool_of_ten() -> None:
    template = make_template(code_source="pool")
    fill_pool(template, *(f"P-{n}" for n in range(10)))
    members = [make_member() for _ in range(40)]
    outcomes = at_once(*each(lambda one: issue(template, one, key=f"g{one.pk}"), *members))
    codes = [one.code for one in outcomes if isinstance(one, Coupon)]
    assert len(codes) == len(set(codes)) <= 10
    assert kinds(outcomes)[len(codes) :] == ["CouponsExhausted"] * (40 - len(codes))
    for n in range(10 - len(codes)):  # others were holding these codes for a moment
        issue(template, make_member(), key=f"later{n}")


def pool_at_once(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    template = make_template(code_source="pool")
    fill_pool(template, "P-1", "P-2")
    ann, bob = make_member(), make_member()
    gap = Gap(minting._pool_code, lambda: issue(template, bob, key="g2").code)
    monkeypatch.setattr(minting, "_pool_code", gap)
    return [attempt(lambda: issue(template, ann, key="g1").code), gap.outcome]


def test_two_take_different_codes_without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    assert pool_at_once(monkeypatch) == ["P-1", "P-2"]


def test_control_without_the_lock_both_want_the_same_code(monkeypatch: pytest.MonkeyPatch) -> None:
    without_row_locks(monkeypatch)
    assert set(pool_at_once(monkeypatch)) != {"P-1", "P-2"}


@pytest.fixture
def set_aside() -> tuple[Member, Coupon]:
    """ann's coupon, reserved for an order whose time is up, as is the coupon's own."""
    ann = make_member()
    coupon = issue(make_template(), ann)
    reserve(coupon, ann)
    reservation_over(coupon), run_out(coupon)
    return ann, coupon


def ends(ann: Member, coupon: Coupon) -> dict[str, Callable[[], Any]]:
    order = {"order_id": "o-1", "is_test": False, "now": now()}
    return {
        "capture": lambda: len(services.coupons_capture_order(member_id=ann.pk, **order)),
        "release": lambda: services.coupons_release_order(**order),
        "expiry": services.reservations_expire,
    }


def test_capture_against_release_against_expiry(set_aside: tuple[Member, Coupon]) -> None:
    outcomes = at_once(*ends(*set_aside).values())
    assert sorted(outcomes) == [0, 0, 1]
    assert state(set_aside[1]) == ("redeemed" if outcomes[0] else "expired")


def capture_and(
    other: str, monkeypatch: pytest.MonkeyPatch, set_aside: tuple[Member, Coupon]
) -> list[Any]:
    """The other comes while the capture knows the coupon, and has not redeemed it yet."""
    calls = ends(*set_aside)
    gap = Gap(spending.usable_by, calls[other])
    monkeypatch.setattr(spending, "usable_by", gap)
    return [attempt(calls["capture"]), gap.outcome]


@pytest.mark.parametrize("other", ["release", "expiry"])
def test_what_is_being_captured_is_not_given_up(
    other: str, monkeypatch: pytest.MonkeyPatch, set_aside: tuple[Member, Coupon]
) -> None:
    assert capture_and(other, monkeypatch, set_aside) == [1, 0]
    assert state(set_aside[1]) == "redeemed"


@pytest.mark.parametrize("other", ["release", "expiry"])
def test_control_without_the_lock_the_paid_order_loses_its_coupon(
    other: str, monkeypatch: pytest.MonkeyPatch, set_aside: tuple[Member, Coupon]
) -> None:
    without_row_locks(monkeypatch)
    captured, given_up = capture_and(other, monkeypatch, set_aside)
    assert isinstance(captured, errors.CouponExpired | errors.CouponPending | errors.CouponUsed)
    assert given_up == 1
    assert state(set_aside[1]) == "expired"


def test_withdrawing_against_redeeming_has_one_end() -> None:
    ann = make_member()
    coupon = issue(make_template(), ann, key="g1")
    moment = now()
    gone, used = at_once(
        lambda: services.coupon_withdraw(key="g1", now=moment),
        lambda: redeem(coupon, ann, now=moment),
    )
    if gone is True:
        assert isinstance(used, errors.CouponRevoked)
    else:
        assert used.status == "redeemed"


def test_a_guests_claim_is_taken_by_one() -> None:
    template = make_template(is_public=True)
    claim = services.claim_hold(template=template.public_id)
    token = claim_token(claim)
    members = [make_member() for _ in range(8)]
    outcomes = at_once(
        *each(lambda one: services.claim_take(token=token, member_id=one.pk, now=now()), *members)
    )
    assert kinds(outcomes) == ["ClaimExpired"] * 7 + ["Coupon"]


def test_one_guest_at_once_holds_one_coupon() -> None:
    template = make_template(is_public=True)
    outcomes = at_once(
        *each(
            lambda _: services.claim_hold(template=template.public_id, guest="visit-1").pk,
            *range(8),
        )
    )
    assert len(set(outcomes)) == 1
    assert Coupon.objects.count() == 1


def test_guests_hold_no_more_than_their_limit() -> None:
    template = make_template(is_public=True, guest_limit=3)
    outcomes = at_once(
        *each(
            lambda n: services.claim_hold(template=template.public_id, guest=f"visit-{n}"),
            *range(12),
        )
    )
    assert kinds(outcomes) == ["Claim"] * 3 + ["GuestClaimsFull"] * 9


def test_a_batch_continued_by_four_makes_what_was_ordered() -> None:
    template = make_template(issue_cap=100)
    batch = services.batch_order(
        template=template.public_id, count=100, key="b", ordered_by=None, now=now()
    )
    moment = now()
    at_once(
        *each(
            lambda _: [
                services.batch_continue(batch_id=batch.pk, now=moment, step=9) for _ in range(12)
            ],
            *range(4),
        )
    )
    assert batch.coupons.count() == 100
