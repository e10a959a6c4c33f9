"""Redeeming in one statement answers as redeeming step by step does, whatever the coupon is in."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from apps.core.models import Event
from apps.coupons import services
from apps.coupons.models import Coupon, Template
from apps.coupons.services import spending
from apps.members.models import Member
from tests.coupons.makers import (
    issue,
    make_codes,
    make_member,
    make_template,
    now,
    redeem,
    reservation_over,
    reserve,
    run_out,
)
from tests.races.threads import attempt

pytestmark = pytest.mark.usefixtures("committed")

Situation = Callable[[Template, Member], Coupon]


def in_hand(template: Template, ann: Member) -> Coupon:
    return issue(template, ann)


def reserved_for_it(template: Template, ann: Member) -> Coupon:
    return reserve(issue(template, ann), ann)


def reserved_for_it_too_long(template: Template, ann: Member) -> Coupon:
    coupon = reserve(issue(template, ann), ann)
    reservation_over(coupon)
    run_out(coupon)
    return coupon


def reserved_for_another(template: Template, ann: Member) -> Coupon:
    return reserve(issue(template, ann), ann, "o-9")


def reserved_for_another_too_long(template: Template, ann: Member) -> Coupon:
    coupon = reserved_for_another(template, ann)
    reservation_over(coupon)
    return coupon


def used_for_it(template: Template, ann: Member) -> Coupon:
    return redeem(issue(template, ann), ann)


def used_for_another(template: Template, ann: Member) -> Coupon:
    return redeem(issue(template, ann), ann, "o-9")


def expired(template: Template, ann: Member) -> Coupon:
    coupon = issue(template, ann)
    run_out(coupon)
    return coupon


def revoked(template: Template, ann: Member) -> Coupon:
    coupon = issue(template, ann)
    services.coupon_revoke(coupon_id=coupon.pk, now=now())
    return coupon


def of_somebody_else(template: Template, ann: Member) -> Coupon:
    return issue(template, make_member())


def of_nobody(template: Template, ann: Member) -> Coupon:
    return make_codes(template, 1)[0]


def held_for_a_guest(template: Template, ann: Member) -> Coupon:
    coupon = issue(template, ann)
    Coupon.objects.filter(pk=coupon.pk).update(held_until=now() + dt.timedelta(hours=1))
    return coupon


def not_started(template: Template, ann: Member) -> Coupon:
    coupon = issue(template, ann)
    Template.objects.filter(pk=template.pk).update(starts_at=now() + dt.timedelta(hours=1))
    return coupon


def in_test_mode(template: Template, ann: Member) -> Coupon:
    coupon = issue(template, ann)
    coupon.is_test = True  # asked for with a test key
    return coupon


def typed_in_capitals(template: Template, ann: Member) -> Coupon:
    coupon = issue(template, ann)
    coupon.code = f" {coupon.code.upper()} "
    return coupon


SITUATIONS = (
    in_hand,
    reserved_for_it,
    reserved_for_it_too_long,
    reserved_for_another,
    reserved_for_another_too_long,
    used_for_it,
    used_for_another,
    expired,
    revoked,
    of_somebody_else,
    of_nobody,
    held_for_a_guest,
    not_started,
    in_test_mode,
    typed_in_capitals,
)


class Undo(Exception):
    pass


def outcome(coupon: Coupon, ann: Member, moment: dt.datetime) -> Any:
    """What redeeming answers, what it leaves behind and what it tells; then it never happened."""
    left: Any = None

    def act() -> None:
        nonlocal left
        answer = redeem(coupon, ann, now=moment)
        shown = (answer.status, answer.order_id, answer.redeemed_at, answer.reserved_until)
        also = (answer.public_id, answer.template.public_id, answer.expires_at, answer.code)
        events = Event.objects.filter(kind="coupon.redeemed").values_list("key", "payload")
        left = (shown, also, row_of(coupon), list(events.order_by("key")))
        raise Undo

    def undone() -> None:
        with transaction.atomic():
            act()

    error = attempt(undone)
    return left if isinstance(error, Undo) else type(error)


def row_of(coupon: Coupon) -> Any:
    return Coupon.objects.filter(pk=coupon.pk).values().get()


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda one: one.__name__)
def test_both_ways_agree(situation: Situation, monkeypatch: pytest.MonkeyPatch) -> None:
    ann, template = make_member(), make_template()
    coupon, moment = situation(template, ann), now()
    at_once = outcome(coupon, ann, moment)
    monkeypatch.setattr(spending, "_redeem_in_hand", lambda *_what: None)
    assert outcome(coupon, ann, moment) == at_once
