"""The cast of the coupons' tests."""

import datetime as dt
from typing import Any

from apps.core.clock import engine_now
from apps.coupons import services
from apps.coupons.models import Coupon, Step, Template
from apps.members.models import Member

NOW = dt.datetime(2026, 5, 4, 12, tzinfo=dt.UTC)


def make_member(*, is_test: bool = False) -> Member:
    return Member.objects.create(is_test=is_test)


def make_template(*, steps: tuple[tuple[int, int], ...] = (), **given: Any) -> Template:
    """An active template of 10.00 off; or of what is given."""
    draft = given.pop("draft", False)
    given = {"name": "Ten off", "currency": "CNY", "face_minor": 1000, "member_limit": None} | given
    template = Template.objects.create(**given)
    for from_minor, off_minor in steps:
        Step.objects.create(template=template, from_minor=from_minor, off_minor=off_minor)
    return template if draft else services.template_activate(template_id=template.pk)


def issue(template: Template, member: Member, key: str = "", **given: Any) -> Coupon:
    """A coupon in the member's hand."""
    given = {"reference": "grt_1", "now": now(), **given}
    key = key or f"k:{Coupon.objects.count()}"
    return services.coupon_issue(template=template.public_id, member_id=member.pk, key=key, **given)


def promise(template: Template, member: Member, key: str) -> Coupon:
    return services.coupon_promise(
        template=template.public_id, member_id=member.pk, key=key, reference="grt_1", now=now()
    )


def make_codes(template: Template, count: int, key: str = "batch") -> list[Coupon]:
    """Codes that belong to nobody."""
    batch = services.batch_order(
        template=template.public_id, count=count, key=key, ordered_by=None, now=now()
    )
    while services.batch_continue(batch_id=batch.pk, now=now()):
        pass
    return list(batch.coupons.order_by("pk"))


def fill_pool(template: Template, *codes: str) -> None:
    services.pool_import(template_id=template.pk, lines=enumerate(codes, 1))


def reserve(coupon: Coupon, member: Member, order_id: str = "o-1", **given: Any) -> Coupon:
    given = {"is_test": coupon.is_test, **given}
    given["now"] = given.get("now") or now()
    return services.coupon_reserve(
        code=coupon.code, member_id=member.pk, order_id=order_id, **given
    )


def redeem(coupon: Coupon, member: Member, order_id: str = "o-1", **given: Any) -> Coupon:
    given = {"is_test": coupon.is_test, **given}
    given["now"] = given.get("now") or now()
    return services.coupon_redeem(code=coupon.code, member_id=member.pk, order_id=order_id, **given)


def release(coupon: Coupon, order_id: str = "o-1") -> Coupon:
    return services.coupon_release(
        code=coupon.code, order_id=order_id, is_test=coupon.is_test, now=now()
    )


def run_out(coupon: Coupon) -> None:
    """Let the coupon's time be over."""
    Coupon.objects.filter(pk=coupon.pk).update(expires_at=now() - dt.timedelta(seconds=1))


def reservation_over(coupon: Coupon) -> None:
    Coupon.objects.filter(pk=coupon.pk).update(reserved_until=now() - dt.timedelta(seconds=1))


def state(coupon: Coupon) -> str:
    return str(Coupon.objects.values_list("status", flat=True).get(pk=coupon.pk))


def now() -> dt.datetime:
    return engine_now()
