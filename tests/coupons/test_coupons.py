"""The life of a coupon: promised, issued, reserved, redeemed, returned; or run out, or taken back."""

import datetime as dt
from collections.abc import Callable, Iterator

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.core import invariants
from apps.core.models import Event
from apps.coupons import errors, selectors, services
from apps.coupons.models import Coupon, PoolCode, Template
from apps.members.models import Member
from tests.coupons.makers import (
    fill_pool,
    issue,
    make_codes,
    make_member,
    make_template,
    now,
    promise,
    redeem,
    release,
    reservation_over,
    reserve,
    run_out,
    state,
)


@pytest.fixture(autouse=True)
def promised(db: None, invariants_hold: Callable[[], None]) -> Iterator[None]:
    yield
    invariants_hold()


def refused(error: type[Exception], call: Callable[[], object]) -> None:
    with pytest.raises(error), transaction.atomic():
        call()


def happened() -> list[str]:
    return list(Event.objects.order_by("pk").values_list("kind", flat=True))


def test_ann_gets_a_coupon_and_uses_it() -> None:
    ann, template = make_member(), make_template(valid_hours=48)
    coupon = issue(template, ann, key="grt_1")
    assert (coupon.status, coupon.nth, coupon.reference) == ("issued", 1, "grt_1")
    assert coupon.expires_at - coupon.issued_at == dt.timedelta(hours=48)
    reserve(coupon, ann)
    assert redeem(coupon, ann).order_id == "o-1"
    assert state(coupon) == "redeemed"
    assert happened() == ["coupon.issued", "coupon.reserved", "coupon.redeemed"]
    event = Event.objects.get(kind="coupon.redeemed")
    assert event.payload == {
        "coupon": coupon.public_id,
        "template": template.public_id,
        "reference": "grt_1",
        "order_id": "o-1",
    }


def test_a_promised_coupon_can_be_used_only_once_it_is_activated() -> None:
    ann, template = make_member(), make_template(valid_hours=1)
    coupon = promise(template, ann, "g1")
    assert coupon.expires_at is None
    refused(errors.CouponPending, lambda: redeem(coupon, ann))
    assert services.coupon_activate(key="g1", now=now()).status == "issued"
    assert services.coupon_activate(key="g1", now=now()).moves == 1
    assert redeem(coupon, ann).status == "redeemed"
    assert happened() == ["coupon.issued", "coupon.redeemed"]


def test_the_same_key_makes_one_coupon() -> None:
    ann, bob, template = make_member(), make_member(), make_template()
    first = issue(template, ann, key="g1")
    assert issue(template, ann, key="g1") == first
    assert promise(template, ann, "g1") == first
    refused(errors.CouponKeyConflict, lambda: issue(template, bob, key="g1"))
    refused(errors.CouponKeyConflict, lambda: issue(make_template(), ann, key="g1"))


def test_a_promise_then_an_issue_under_one_key_activates_it() -> None:
    ann, template = make_member(), make_template()
    assert issue(template, ann, key="g1").pk == promise(template, ann, "g1").pk
    later = promise(template, ann, "g2")
    assert issue(template, ann, key="g2").status == "issued"
    assert state(later) == "issued"


def test_the_cap_holds() -> None:
    ann, template = make_member(), make_template(issue_cap=2)
    issue(template, ann), promise(template, ann, "g2")
    refused(errors.CouponsExhausted, lambda: issue(template, ann, key="g3"))
    assert Coupon.objects.count() == 2


def test_the_member_limit_holds() -> None:
    ann, bob, template = make_member(), make_member(), make_template(member_limit=2)
    assert [issue(template, ann).nth, issue(template, ann).nth] == [1, 2]
    refused(errors.CouponMemberLimit, lambda: issue(template, ann))
    assert issue(template, bob).nth == 1


def test_a_withdrawn_coupon_gives_its_places_back() -> None:
    ann, template = make_member(), make_template(member_limit=1, issue_cap=1)
    first = promise(template, ann, "g1")
    assert services.coupon_withdraw(key="g1", now=now()) is True
    assert services.coupon_withdraw(key="g1", now=now()) is True
    assert state(first) == "revoked"
    assert issue(template, ann, key="g2").nth == 1
    refused(errors.CouponRevoked, lambda: services.coupon_activate(key="g1", now=now()))


def test_a_reserved_coupon_can_still_be_withdrawn_but_not_a_used_or_expired_one() -> None:
    ann, template = make_member(), make_template()
    reserved, used, gone = (issue(template, ann, key=key) for key in ("g1", "g2", "g3"))
    reserve(reserved, ann)
    redeem(used, ann, "o-2")
    run_out(gone)
    services.coupons_expire()
    withdrawn = [services.coupon_withdraw(key=key, now=now()) for key in ("g1", "g2", "g3")]
    assert withdrawn == [True, False, False]
    assert [state(one) for one in (reserved, used, gone)] == ["revoked", "redeemed", "expired"]
    refused(errors.CouponUnknown, lambda: services.coupon_withdraw(key="g4", now=now()))


def test_a_coupon_an_operator_revokes_keeps_its_places() -> None:
    ann, template = make_member(), make_template(member_limit=1)
    coupon = issue(template, ann)
    services.coupon_revoke(coupon_id=coupon.pk, now=now())
    refused(errors.CouponRevoked, lambda: redeem(coupon, ann))
    refused(errors.CouponMemberLimit, lambda: issue(template, ann))
    used = issue(make_template(), ann)
    redeem(used, ann)
    refused(errors.CouponUsed, lambda: services.coupon_revoke(coupon_id=used.pk, now=now()))


def test_reserving_and_redeeming_again_for_the_same_order_changes_nothing() -> None:
    ann = make_member()
    coupon = issue(make_template(), ann)
    first = reserve(coupon, ann)
    assert reserve(coupon, ann).reserved_until == first.reserved_until
    redeem(coupon, ann)
    assert redeem(coupon, ann).moves == reserve(coupon, ann).moves == 3
    assert happened().count("coupon.redeemed") == 1


def test_another_order_cannot_have_a_reserved_or_used_coupon() -> None:
    ann = make_member()
    coupon = issue(make_template(), ann)
    reserve(coupon, ann, "o-1")
    refused(errors.CouponReserved, lambda: reserve(coupon, ann, "o-2"))
    refused(errors.CouponReserved, lambda: redeem(coupon, ann, "o-2"))
    refused(errors.CouponReserved, lambda: release(coupon, "o-2"))
    redeem(coupon, ann, "o-1")
    refused(errors.CouponUsed, lambda: reserve(coupon, ann, "o-2"))
    refused(errors.CouponUsed, lambda: redeem(coupon, ann, "o-2"))
    refused(errors.CouponUsed, lambda: release(coupon, "o-1"))


def test_another_member_cannot_use_it() -> None:
    ann, bob = make_member(), make_member()
    coupon = issue(make_template(), ann)
    refused(errors.CouponOfSomebodyElse, lambda: reserve(coupon, bob))
    redeem(coupon, ann)
    refused(errors.CouponOfSomebodyElse, lambda: redeem(coupon, bob, "o-1"))


def test_once_the_reservation_is_over_another_order_may_have_it() -> None:
    ann = make_member()
    coupon = issue(make_template(), ann)
    reserve(coupon, ann, "o-1")
    reservation_over(coupon)
    assert redeem(coupon, ann, "o-2").order_id == "o-2"


def test_the_sweeper_frees_what_was_not_paid_in_time() -> None:
    ann = make_member()
    kept, late, out = (issue(make_template(), ann) for _ in range(3))
    for number, coupon in enumerate((kept, late, out)):
        reserve(coupon, ann, f"o-{number}")
    reservation_over(late), reservation_over(out), run_out(out)
    assert services.reservations_expire() == 2
    assert services.reservations_expire() == 0
    assert [state(one) for one in (kept, late, out)] == ["reserved", "issued", "expired"]


def test_release_gives_it_back_and_again_changes_nothing() -> None:
    ann = make_member()
    coupon = issue(make_template(), ann)
    reserve(coupon, ann)
    assert release(coupon).status == "issued"
    assert release(coupon).moves == 3
    assert redeem(coupon, ann, "o-2").status == "redeemed"


def test_what_ran_out_while_reserved_is_still_captured_but_not_released() -> None:
    ann = make_member()
    paid, dropped = issue(make_template(), ann), issue(make_template(), ann)
    reserve(paid, ann, "o-1"), reserve(dropped, ann, "o-2")
    run_out(paid), run_out(dropped)
    reservation_over(paid)
    captured = services.coupons_capture_order(
        order_id="o-1", member_id=ann.pk, is_test=False, now=now()
    )
    assert [one.pk for one in captured] == [paid.pk]
    assert services.coupons_release_order(order_id="o-2", is_test=False, now=now()) == 1
    assert [state(paid), state(dropped)] == ["redeemed", "expired"]


def test_paying_captures_all_that_the_order_reserved_once_and_only_the_buyers() -> None:
    ann, bob = make_member(), make_member()
    hers = [issue(make_template(), ann) for _ in range(2)]
    his = issue(make_template(), bob)
    for coupon in hers:
        reserve(coupon, ann)
    reserve(his, bob)
    order = {"order_id": "o-1", "member_id": ann.pk, "is_test": False, "now": now()}
    assert len(services.coupons_capture_order(**order)) == 2
    assert services.coupons_capture_order(**order) == []
    assert [state(one) for one in (*hers, his)] == ["redeemed", "redeemed", "reserved"]


def test_a_full_refund_returns_what_is_still_valid() -> None:
    ann = make_member()
    valid, over = issue(make_template(), ann), issue(make_template(), ann)
    redeem(valid, ann), redeem(over, ann)
    run_out(over)
    back = {"order_id": "o-1", "is_test": False, "now": now()}
    assert services.coupons_return_order(**back) == 2
    assert services.coupons_return_order(**back) == 0
    assert [state(valid), state(over)] == ["issued", "expired"]
    assert happened()[-3:] == ["coupon.returned", "coupon.returned", "coupon.expired"]
    assert redeem(valid, ann, "o-2").status == "redeemed"


def test_an_order_without_a_name_has_no_coupons() -> None:
    issue(make_template(), make_member())
    assert services.coupons_release_order(order_id="", is_test=False, now=now()) == 0


def test_expired_coupons_are_refused_before_and_after_the_sweeper() -> None:
    ann = make_member()
    coupon = issue(make_template(), ann)
    run_out(coupon)
    refused(errors.CouponExpired, lambda: redeem(coupon, ann))
    assert services.coupons_expire() == 1
    assert services.coupons_expire() == 0
    refused(errors.CouponExpired, lambda: reserve(coupon, ann))
    assert happened()[-1] == "coupon.expired"


def test_codes_of_nobody_run_out_in_batches_without_an_event_each() -> None:
    codes = make_codes(make_template(), 1200)
    Coupon.objects.update(expires_at=now() - dt.timedelta(seconds=1))
    assert services.coupons_expire() == len(codes)
    assert happened() == []


def test_before_its_window_it_can_be_had_but_not_used() -> None:
    ann = make_member()
    starts_at = now() + dt.timedelta(days=1)
    template = make_template(starts_at=starts_at, valid_hours=2)
    coupon = issue(template, ann)
    assert coupon.expires_at == starts_at + dt.timedelta(hours=2)
    refused(errors.CouponNotStarted, lambda: redeem(coupon, ann))


def test_it_ends_with_the_window_if_that_is_earlier() -> None:
    ends_at = now() + dt.timedelta(hours=1)
    assert (
        issue(make_template(ends_at=ends_at, valid_hours=24), make_member()).expires_at == ends_at
    )


def test_no_coupons_of_what_is_stopped_over_a_draft_or_unknown() -> None:
    ann = make_member()
    stopped = make_template()
    held = issue(stopped, ann)
    services.template_stop(template_id=stopped.pk)
    over = make_template(ends_at=now() - dt.timedelta(seconds=1))
    by_itself = make_template(applies="automatic")
    for template in (stopped, over, by_itself, make_template(draft=True)):
        refused(errors.TemplateStopped, lambda template=template: issue(template, ann))
    refused(errors.TemplateUnknown, lambda: issue(Template(public_id="tpl_none"), ann))
    assert redeem(held, ann).status == "redeemed"  # in hand is promised
    refused(
        errors.TemplateConflict,
        lambda: services.template_stop(template_id=make_template(draft=True).pk),
    )


def test_test_and_live_never_meet() -> None:
    ann, tess = make_member(), make_member(is_test=True)
    live, test = make_template(), make_template(is_test=True)
    refused(errors.ModeMismatch, lambda: issue(live, tess))
    refused(errors.ModeMismatch, lambda: issue(test, ann))
    coupon = issue(live, ann)
    refused(errors.CouponUnknown, lambda: redeem(coupon, ann, is_test=True))
    [code] = make_codes(live, 1)
    refused(errors.ModeMismatch, lambda: redeem(code, tess))


def test_a_code_is_typed_in_any_case_and_with_spaces() -> None:
    ann = make_member()
    coupon = issue(make_template(), ann)
    typed = f" {coupon.code.upper()} "
    redeemed = services.coupon_redeem(
        code=typed, member_id=ann.pk, order_id="o-1", is_test=False, now=now()
    )
    assert redeemed.pk == coupon.pk
    refused(
        errors.CouponUnknown,
        lambda: services.coupon_redeem(
            code="no-such", member_id=ann.pk, order_id="o-1", is_test=False, now=now()
        ),
    )


def test_codes_have_at_least_64_random_bits_and_none_twice() -> None:
    codes = {coupon.code for coupon in make_codes(make_template(), 2000)}
    assert len(codes) == 2000
    assert all(
        len(code) == 14 and set(code) <= set("0123456789abcdefghjkmnpqrstvwxyz") for code in codes
    )


def test_a_code_of_nobody_becomes_the_members_who_uses_it_within_the_limit() -> None:
    ann, template = make_member(), make_template(member_limit=1, valid_hours=5)
    first, second = make_codes(template, 2)
    assert first.expires_at is None
    used = redeem(first, ann)
    assert (used.member_id, used.nth) == (ann.pk, 1)
    assert used.expires_at is not None
    refused(errors.CouponMemberLimit, lambda: redeem(second, ann, "o-2"))


def test_pool_codes_are_handed_out_once_until_none_is_left() -> None:
    ann, template = make_member(), make_template(code_source="pool")
    refused(errors.CouponsExhausted, lambda: issue(template, ann))
    fill_pool(template, "AB-1", "AB-2")
    assert [issue(template, ann).code, issue(template, ann).code] == ["AB-1", "AB-2"]
    refused(errors.CouponsExhausted, lambda: issue(template, ann))
    assert redeem(Coupon.objects.get(code="AB-1"), ann).status == "redeemed"
    assert PoolCode.objects.filter(coupon=None).count() == 0


def test_a_pool_refuses_lines_by_name_and_the_same_file_adds_nothing() -> None:
    template = make_template(code_source="pool")
    lines = list(enumerate(["A1", "", "A1", "b c", "=cmd", "A2", "x" * 65, "nul\0"], 1))
    imported, refused_lines = services.pool_import(template_id=template.pk, lines=lines)
    assert imported == 2
    assert [one.line for one in refused_lines] == [2, 3, 4, 5, 7, 8]
    imported, refused_lines = services.pool_import(template_id=template.pk, lines=lines)
    assert (imported, len(refused_lines)) == (0, 8)
    refused(
        errors.TemplateConflict,
        lambda: services.pool_import(template_id=make_template().pk, lines=[]),
    )


def test_a_batch_happens_once_and_goes_on_where_it_was() -> None:
    template = make_template(issue_cap=30)
    order = {"template": template.public_id, "key": "may", "ordered_by": None, "now": now()}
    batch = services.batch_order(count=25, **order)
    assert services.batch_continue(batch_id=batch.pk, now=now(), step=10) == 10
    again = services.batch_order(count=25, **order)
    assert again.pk == batch.pk
    made = []
    while count := services.batch_continue(batch_id=batch.pk, now=now(), step=10):
        made.append(count)
    assert made == [10, 5]
    refused(errors.BatchConflict, lambda: services.batch_order(count=24, **order))
    refused(errors.CouponsExhausted, lambda: make_codes(template, 6, key="june"))
    refused(errors.TemplateConflict, lambda: make_codes(template, 0, key="none"))
    pool = make_template(code_source="pool")
    refused(errors.TemplateConflict, lambda: make_codes(pool, 1, key="pool"))


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"face_minor": 0}, "how much"),
        ({"kind": "percent"}, "percentage"),
        ({"kind": "percent", "percent_bps": 1000}, "ceiling"),
        ({"kind": "gift"}, "gift is"),
        ({"kind": "free_shipping", "face_minor": 0}, "shipping"),
        ({"kind": "steps"}, "step"),
        ({"kind": "steps", "steps": ((100, 5), (200, 9)), "repeats": True}, "single step"),
        (
            {"applies": "automatic", "is_public": False, "code_source": "minted", "face_minor": 0},
            "how much",
        ),
    ],
)
def test_an_incomplete_template_cannot_be_activated(terms: dict, words: str) -> None:
    refused_with = pytest.raises(errors.TemplateIncomplete, match=words)
    with refused_with, transaction.atomic():
        make_template(**terms)


@pytest.mark.parametrize(
    ("terms", "cost"),
    [
        ({}, 1000),
        ({"kind": "percent", "percent_bps": 1000, "ceiling_minor": 700}, 700),
        ({"kind": "steps", "steps": ((10000, 500), (20000, 2000))}, 2000),
        (
            {"kind": "steps", "steps": ((20000, 2000),), "repeats": True, "ceiling_minor": 8000},
            8000,
        ),
        ({"kind": "gift", "gift": "a cup", "face_minor": 900}, 900),
        ({"kind": "free_shipping", "face_minor": 600}, 600),
    ],
)
def test_a_template_costs_a_budget_its_face_or_ceiling(terms: dict, cost: int) -> None:
    template = make_template(**terms)
    assert selectors.template_cost(template.public_id) == selectors.TemplateCost(
        cost, "CNY", False, "Ten off"
    )


def test_what_a_template_nobody_knows_costs() -> None:
    refused(errors.TemplateUnknown, lambda: selectors.template_cost("tpl_none"))


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"status": "reserved", "order_id": "o"}, "reserved_until"),
        (
            {"status": "redeemed", "redeemed_at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)},
            "of_an_order",
        ),
        ({"order_id": "o-1"}, "of_an_order"),
        ({"nth": None}, "numbered"),
        ({"counted": False}, "place_back"),
    ],
)
def test_the_database_refuses_a_coupon_that_cannot_be(change: dict, constraint: str) -> None:
    coupon = issue(make_template(), make_member())
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Coupon.objects.filter(pk=coupon.pk).update(**change)


@pytest.mark.parametrize(
    ("damage", "number"),
    [
        ("UPDATE coupons_template SET issued = issued + 1", 6),
        ("UPDATE coupons_template SET guest_held = guest_held + 1", 6),
        ("UPDATE coupons_template SET is_test = true", 6),
        ("UPDATE coupons_template SET member_limit = 0", 6),
        ("UPDATE coupons_batch SET made = made - 1", 6),
        ("UPDATE coupons_poolcode SET code = 'other'", 6),
    ],
)
def test_check_invariants_sees_damage(damage: str, number: int) -> None:
    template = make_template()
    issue(template, make_member())
    make_codes(template, 2)
    pool = make_template(code_source="pool")
    fill_pool(pool, "AB-1")
    issue(pool, make_member())
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(damage)
        assert {breach.invariant.number for breach in invariants.breaches()} == {number}
        transaction.set_rollback(True)


def test_redeeming_takes_two_statements() -> None:
    ann: Member = make_member()
    coupon = issue(make_template(), ann)
    moment = now()
    with CaptureQueriesContext(
        connection,
    ) as asked:
        redeem(coupon, ann, now=moment)
    assert len(asked) == 2, [one["sql"] for one in asked]
