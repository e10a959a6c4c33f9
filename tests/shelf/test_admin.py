"""The operator, olga, fills the shelf."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.shelf.models import Exchange, ShelfItem
from tests.shelf.makers import (
    exchange,
    make_coupon,
    make_gift,
    make_member,
    make_template,
    points_of,
)


def page(name: str, *args: Any) -> str:
    return reverse(f"admin:shelf_{name}", args=args)


def form(**changed: Any) -> dict[str, Any]:
    return {
        "name": "Tea pot",
        "points": 100,
        "picture_url": "https://shop.example/pot.jpg",
        "template": "",
        "gift": "A tea pot",
        "stock": "3",
        "per_member": "",
        "is_active": "on",
        **changed,
    }


def test_olga_puts_a_gift_on_the_shelf(olga: Client) -> None:
    olga.post(page("shelfitem_add"), form())
    item = ShelfItem.objects.get()
    assert (item.gift, item.points, item.stock, item.is_test) == ("A tea pot", 100, 3, False)
    shown = olga.get(page("shelfitem_change", item.pk)).content.decode()
    assert 'src="https://shop.example/pot.jpg"' in shown


def test_olga_puts_a_coupon_on_the_shelf(olga: Client) -> None:
    template = make_template()
    assert "Ten off" in olga.get(page("shelfitem_add")).content.decode()
    olga.post(page("shelfitem_add"), form(gift="", template=template.public_id))
    assert ShelfItem.objects.get().template == template.public_id


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"gift": ""}, "one of the two"),
        ({"points": 0}, "greater than or equal to 1"),
        ({"points": 10**30}, "less than or equal to"),
        ({"stock": -1}, "greater than or equal to 0"),
        ({"stock": 10**12}, "less than or equal to"),
        ({"template": "tpl_unknown"}, "not one of the available choices"),
        (
            {
                "starts_at_0": "2026-05-02",
                "starts_at_1": "00:00",
                "ends_at_0": "2026-05-01",
                "ends_at_1": "00:00",
            },
            "ends before it starts",
        ),
    ],
)
def test_olga_mistypes(olga: Client, wrong: dict[str, Any], words: str) -> None:
    answer = olga.post(page("shelfitem_add"), form(**wrong))
    assert words in answer.content.decode()
    assert not ShelfItem.objects.exists()


def test_a_test_coupon_is_not_for_everybody(olga: Client) -> None:
    template = make_template(is_test=True)
    answer = olga.post(page("shelfitem_add"), form(gift="", template=template.public_id))
    assert "not of the same mode" in answer.content.decode()


def test_the_stock_is_never_less_than_was_exchanged(olga: Client) -> None:
    pot = make_gift(stock=3)
    for _ in range(2):
        exchange(pot, make_member(100))
    answer = olga.post(page("shelfitem_change", pot.pk), form(stock=1))
    assert "2 were exchanged already" in answer.content.decode()
    olga.post(page("shelfitem_change", pot.pk), form(stock=2))
    pot.refresh_from_db()
    assert (pot.stock, pot.sold) == (2, 2)


def test_olga_takes_off_and_puts_on(olga: Client) -> None:
    pot = make_gift()
    for action, active in (("take_off", False), ("put_on", True)):
        chosen = {"action": action, "_selected_action": [pot.pk]}
        olga.post(page("shelfitem_changelist"), chosen)
        pot.refresh_from_db()
        assert pot.is_active is active


def test_olga_cancels_an_exchange(olga: Client) -> None:
    ann = make_member(100)
    made = exchange(make_coupon(), ann)
    assert olga.get(page("exchange_change", made.pk)).status_code == 200
    chosen = {"action": "cancel", "_selected_action": [made.pk]}
    answer = olga.post(page("exchange_changelist"), chosen, follow=True)
    assert "1 exchange cancelled" in answer.content.decode()
    assert Exchange.objects.get().status == "cancelled"
    assert points_of(ann) == 100
