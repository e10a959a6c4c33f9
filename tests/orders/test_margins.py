"""A line may say what it leaves; reports of before it could are the same reports still."""

import pytest
from django.db import transaction

from apps.core.fingerprints import fingerprint
from apps.orders.models import OrderLine
from apps.orders.services import LineReport, OrderConflict, OrderReport, order_record
from tests.makers import make_member, now

pytestmark = pytest.mark.django_db


def test_a_report_without_margins_is_known_as_it_was_before_there_were_any() -> None:
    line = {"line_id": "1", "sku": "tea", "quantity": 1, "amount_minor": 5, "tags": [], "seat": ""}
    report = OrderReport("o", make_member().pk, "CNY", 5, now(), (LineReport("1", "tea", 1, 5),))
    order, _ = order_record(report=report)
    assert order.fingerprint == fingerprint(
        {
            "order_id": "o",
            "member_id": report.member_id,
            "currency": "CNY",
            "paid_minor": 5,
            "occurred_at": report.occurred_at.isoformat(),
            "lines": [line],
            "is_test": False,
        }
    )


def test_a_margin_is_part_of_the_report() -> None:
    member, at = make_member().pk, now()

    def report(margin: int | None) -> OrderReport:
        lines = (LineReport("1", "tea", 1, 5, margin_minor=margin),)
        return OrderReport("o", member, "CNY", 5, at, lines)

    order_record(report=report(3))
    assert OrderLine.objects.get().margin_minor == 3
    assert order_record(report=report(3))[1] is False
    for other in (4, None):
        with pytest.raises(OrderConflict), transaction.atomic():
            order_record(report=report(other))
