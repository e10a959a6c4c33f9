"""olga looks at what a partner brought and earned, and gets the address of their own page."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from apps.campaigns.rules import Beneficiary, Trigger
from apps.invites.models import Link
from tests.makers import make_campaign
from tests.pages.test_chain_pages import join, link_of, opened
from tests.pages.test_why_page import buy

TENTH = {"kind": "payable", "points": 0, "share_bps": 1000}


@pytest.fixture
def kates(db: None, drain: Callable[[], None]) -> Link:
    """Kate's link, by which carl came, who bought for 10.00."""
    campaign = make_campaign((Trigger.ORDER_PAID, Beneficiary.REFERRER, TENTH))
    link = link_of(campaign, "kate")
    join(campaign, "carl", opened(link))
    buy("K-1", "carl")
    drain()
    return link


def path(name: str, link: Link) -> str:
    return reverse(f"admin:members_member_{name}", args=[link.participant.member_id])


def allowed(*codenames: str) -> Client:
    """An operator who may do this and nothing else."""
    user = User.objects.create_user("-".join(codenames), is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


def test_the_page_leads_to_their_own(kates: Link, admin_client: Client) -> None:
    page = admin_client.get(path("statement", kates)).content.decode()
    assert ("kate" in page, "¥1.00" in page, "version 1" in page) == (True, True, True)
    [own] = re.findall(r"http://testserver(/partner/[^<]+)</code>", page)
    assert "¥1.00" in Client().get(own).content.decode()
    odd = admin_client.get(path("statement", kates) + "?since=0&until=x")
    assert odd.status_code == 200
    rows = b"".join(admin_client.get(path("earnings", kates))).decode().splitlines()  # type: ignore[arg-type]
    assert [row.split(",")[4] for row in rows] == ["amount_minor", "100"]


def test_nobody_sees_it_who_may_not_see_what_is_owed(kates: Link) -> None:
    some, both = allowed("view_member"), allowed("view_member", "view_payable")
    for name in ("statement", "earnings"):
        assert some.get(path(name, kates)).status_code == 403
        assert both.get(path(name, kates)).status_code == 200
    assert both.get(reverse("admin:members_member_statement", args=[0])).status_code == 404
