"""The operator, olga, sees what the shop owes, asks again, and says what was paid back."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.checkout.services import refund_report
from apps.core.models import Event
from apps.groupbuy.models import RefundOrder
from apps.groupbuy.services import refund_order_fail
from apps.orders.models import Order
from apps.orders.rules import RefundAsk
from tests.groupbuy.makers import PRICE, make_owed
from tests.makers import now

LIST = "admin:groupbuy_refundorder_changelist"


@pytest.fixture
def owed(db: None) -> list[RefundOrder]:
    """Four: one waits, one is parked, one failed, one is paid back; the first is the oldest."""
    waits, parked, failed, paid = make_owed(4)
    RefundOrder.objects.filter(pk=parked.pk).update(ask_again_at=None, parked_at=now(), asks=7)
    refund_order_fail(public_id=failed.public_id, is_test=False, reason="card closed")
    refund_report(
        order_id=paid.line.order.order_id, refund_id="r1", ask=RefundAsk(), occurred_at=now()
    )
    since = now() - dt.timedelta(days=3, hours=2)
    RefundOrder.objects.filter(pk=waits.pk).update(requested_at=since)
    return [waits, parked, failed, paid]


def listed(operator: Client, query: str = "") -> list[str]:
    """The refund orders in the list, from the top."""
    answer = operator.get(reverse(LIST) + query)
    return [row.public_id for row in answer.context["cl"].result_list]


def ids(*rows: RefundOrder) -> list[str]:
    return [row.public_id for row in rows]


def press(operator: Client, button: str, row: RefundOrder) -> int:
    """Say yes in the dialog behind a button of a row's page."""
    address = reverse(f"admin:groupbuy_refundorder_{button}", args=[row.pk])
    return operator.post(address, {"_form_submitted": "on"}).status_code


def choose(operator: Client, action: str, *rows: RefundOrder) -> str:
    """Run an action on chosen rows of the list; the page that follows."""
    chosen = {"action": action, "_selected_action": [row.pk for row in rows]}
    return operator.post(reverse(LIST) + "?state=all", chosen, follow=True).content.decode()


def test_outstanding_ones_come_first_the_oldest_on_top(
    olga: Client, owed: list[RefundOrder]
) -> None:
    waits, parked, failed, paid = owed
    assert listed(olga) == ids(waits, parked, failed)
    assert listed(olga, "?state=waiting") == ids(waits)
    assert listed(olga, "?state=parked") == ids(parked)
    assert listed(olga, "?state=failed") == ids(failed)
    assert listed(olga, "?state=paid") == ids(paid)
    assert listed(olga, "?state=all") == ids(*owed)
    assert listed(olga, f"?q={paid.public_id}") == ids(paid)
    assert listed(olga, "?why__exact=too_late") == []
    page = olga.get(reverse(LIST)).content.decode()
    for words in ("¥147.00", "in 3 refunds", "3\xa0days", "card closed", "parked"):
        assert words in page
    assert (
        "Nothing of this is outstanding" in olga.get(reverse(LIST) + "?state=paid").content.decode()
    )


def test_the_front_page_says_what_waits(olga: Client, owed: list[RefundOrder]) -> None:
    waiting = olga.get(reverse("admin:index")).context["waiting"]
    found = {row["words"]: (row["count"], row["address"]) for row in waiting}
    for words, state in (
        ("refunds failed at the shop", "failed"),
        ("refunds are parked: the shop does not answer", "parked"),
        ("refunds wait for the shop", "waiting"),
    ):
        assert found[words] == (1, f"{reverse(LIST)}?state={state}")


def test_olga_asks_again(olga: Client, owed: list[RefundOrder]) -> None:
    waits, parked, failed, paid = owed
    page = choose(olga, "ask_again", *owed)
    assert "3 refunds asked for again" in page
    assert f"{paid.public_id}: This refund order is resolved" in page
    assert press(olga, "ask_this_again", parked) == 200
    parked.refresh_from_db()
    assert (parked.asks, parked.parked_at) == (9, None)
    assert Event.objects.filter(kind="refund.reminded").count() == 4
    assert press(olga, "ask_this_again", paid) == 403


def test_olga_confirms_what_was_paid_back_by_hand(olga: Client, owed: list[RefundOrder]) -> None:
    waits, parked, failed, paid = owed
    assert press(olga, "confirm", failed) == 200
    assert "2 refunds confirmed" in choose(olga, "mark_paid", waits, parked)
    assert set(RefundOrder.objects.values_list("status", flat=True)) == {"confirmed"}
    assert set(Order.objects.values_list("refunded_minor", flat=True)) == {PRICE}
    assert press(olga, "confirm", failed) == 403


@pytest.mark.parametrize("row", ["nonsense", "9" * 40, "0"])
def test_a_refund_order_that_is_not_there(olga: Client, row: str) -> None:
    assert olga.post(f"/admin/groupbuy/refundorder/{row}/confirm/").status_code == 403


def test_a_page_tells_all_of_it(olga: Client, owed: list[RefundOrder]) -> None:
    for row in owed:
        address = reverse("admin:groupbuy_refundorder_change", args=[row.pk])
        page = olga.get(address).content.decode()
        for words in (row.line.order.order_id, row.seat.room.public_id, "¥49.00"):
            assert words in page


def test_otto_may_look_but_not_press(otto: Client, owed: list[RefundOrder]) -> None:
    waits = owed[0]
    assert len(listed(otto)) == 3
    assert press(otto, "confirm", waits) == press(otto, "ask_this_again", waits) == 403
    choose(otto, "mark_paid", waits)
    waits.refresh_from_db()
    assert (waits.status, waits.asks) == ("requested", 1)


def test_outstanding_ones_as_csv(olga: Client, owed: list[RefundOrder]) -> None:
    answer: Any = olga.get(reverse("admin:groupbuy_refundorder_export_outstanding"))
    assert answer["Content-Type"].startswith("text/csv")
    header, *lines = b"".join(answer.streaming_content).decode().splitlines()
    assert len(lines) == 3
    first = dict(zip(header.split(","), lines[0].split(","), strict=True))
    waits = owed[0]
    assert first["refund_order"] == waits.public_id
    assert first["order_id"] == waits.line.order.order_id
    assert (first["amount_minor"], first["age_hours"], first["mode"]) == (str(PRICE), "74", "live")
    assert Client().get(reverse("admin:groupbuy_refundorder_export_outstanding")).status_code == 302
