"""olga, the operator, asks the shop again for what it says it could not pay back."""

from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import expect

from apps.groupbuy.models import RefundOrder
from apps.groupbuy.services import refund_order_fail
from tests.browser.conftest import OpenTab
from tests.groupbuy.makers import make_owed


def test_olga_asks_the_shop_again(open_tab: OpenTab, committed: None) -> None:
    session = Client()
    session.force_login(User.objects.create_superuser("olga", password="a password of olga's own"))
    cookie = {"name": settings.SESSION_COOKIE_NAME, "domain": "127.0.0.1", "path": "/"}
    cookie["value"] = session.cookies[settings.SESSION_COOKIE_NAME].value
    (owed,) = make_owed()
    refund_order_fail(public_id=owed.public_id, is_test=False, reason="card closed " * 20)

    tab = open_tab("/admin/", phone=False, storage_state={"cookies": [cookie]})
    tab.get_by_role("link", name="refunds failed at the shop").click()
    expect(tab.get_by_text("¥49.00 outstanding in 1 refund;")).to_be_visible()
    tab.get_by_role("link", name=owed.public_id).click()
    tab.get_by_text("Ask the shop again").first.click()
    tab.get_by_role("button", name="Ask again").click()
    expect(tab.get_by_text("1 refund asked for again")).to_be_visible()
    assert RefundOrder.objects.get().status == RefundOrder.Status.REQUESTED
    open_tab("/admin/groupbuy/refundorder/", storage_state={"cookies": [cookie]})
