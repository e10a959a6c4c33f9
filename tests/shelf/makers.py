"""The cast at the shelf."""

import datetime as dt
import itertools
from typing import Any

from apps.core import invariants
from apps.coupons.models import Template
from apps.coupons.services import template_activate
from apps.members.models import Member
from apps.obligations.invariants import OBLIGATIONS
from apps.points.selectors import wallet
from apps.points.services import points_pend, points_settle
from apps.shelf import services
from apps.shelf.invariants import SHELF
from apps.shelf.models import Exchange, ShelfItem

NOW = dt.datetime(2026, 5, 4, 12, tzinfo=dt.UTC)

_numbers = itertools.count(1)


def earn(member: Member, points: int, *, expires_at: dt.datetime | None = None) -> None:
    key = f"earned:{next(_numbers)}"
    points_pend(member_id=member.pk, amount=points, key=key, reference="", now=NOW)
    points_settle(
        member_id=member.pk,
        amount=points,
        key=f"{key}:settle",
        reference="",
        now=NOW,
        expires_at=expires_at,
    )


def make_member(points: int = 0, *, is_test: bool = False) -> Member:
    member = Member.objects.create(is_test=is_test)
    if points:
        earn(member, points)
    return member


def make_gift(**given: Any) -> ShelfItem:
    """A tea pot for 100 points."""
    return ShelfItem.objects.create(
        **{"name": "Tea pot", "gift": "A tea pot", "points": 100, **given}
    )


def make_template(**given: Any) -> Template:
    template = Template.objects.create(
        **{"name": "Ten off", "currency": "CNY", "face_minor": 1000, "member_limit": None, **given}
    )
    return template_activate(template_id=template.pk)


def make_coupon(template: Template | None = None, **given: Any) -> ShelfItem:
    """A coupon for 100 points."""
    template = template or make_template()
    return ShelfItem.objects.create(
        **{"name": "Ten off", "template": template.public_id, "points": 100, **given}
    )


def exchange(item: ShelfItem, member: Member, key: str = "") -> Exchange:
    return services.exchange_make(
        item=item.public_id,
        member_id=member.pk,
        key=key or f"wish:{next(_numbers)}",
        now=NOW,
    )


def cancel(made: Exchange) -> Exchange:
    return services.exchange_cancel(public_id=made.public_id, is_test=made.member.is_test, now=NOW)


def points_of(member: Member) -> int:
    return wallet(member.pk).available


def broken_promises() -> list[str]:
    """What of the shelf's promises is broken. Others expect a grant behind every point."""
    ours = (*SHELF, *OBLIGATIONS)
    return [
        breach.invariant.promise for breach in invariants.breaches() if breach.invariant in ours
    ]
