"""olga explains rewards, gives goodwill and takes back; otto decides what olga proposed."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from apps.campaigns.models import Campaign
from apps.campaigns.rules import Beneficiary, Trigger
from apps.checkout.services import order_report
from apps.invites.selectors import Brought
from apps.orders.models import Order
from apps.orders.services import LineReport, OrderReport
from apps.rewards.models import Goodwill, Grant
from tests.makers import make_campaign, make_member, now

WHY = "/admin/rewards/decision/why/"


def operator(name: str, *, only_look: bool = False) -> Client:
    client = Client()
    user = User.objects.create_user(name, is_staff=True, is_superuser=not only_look)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(user)
    return client


def shown(client: Client, address: str, **asked: str) -> str:
    answer = client.get(address, asked, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def buy(order_id: str, name: str = "ann") -> Order:
    report = OrderReport(
        order_id=order_id,
        member_id=make_member(name).pk,
        currency="CNY",
        paid_minor=1000,
        occurred_at=now(),
        lines=(LineReport("1", "tea", 1, 1000),),
    )
    return order_report(report=report, brought=Brought(), now=now()).order


@pytest.fixture
def settled(db: None, drain: Callable[[], None]) -> Grant:
    """Ann's ten points for an order."""
    make_campaign((Trigger.ORDER_PAID, Beneficiary.MEMBER, {}), enrolment="everyone")
    buy("A-17")
    drain()
    return Grant.objects.get()


def test_the_page_asks_before_it_answers(olga: Client) -> None:
    page = shown(olga, WHY)
    assert "Any one of the three is enough" in page
    assert f'href="{WHY}"' in page  # and it is in the menu


def test_an_answer_for_everybody_who_asks(olga: Client, settled: Grant) -> None:
    page = shown(olga, WHY, member="ann", order=" A-17 ", campaign=settled.campaign.public_id)
    assert "About your order A-17 in “Spring”: you got 10 points on" in page
    assert "The grant is `settled`." in page
    assert settled.public_id in page
    assert "data-copy" in page


def test_an_unknown_order_is_an_answer_too(olga: Client) -> None:
    assert "We have not heard of the order &lt;b&gt;" in shown(olga, WHY, order="<b>")


def test_odd_questions_are_no_failure(olga: Client) -> None:
    assert "Ensure this value has at most" in shown(olga, WHY, order="x" * 200)
    assert "is not one of the available choices" in shown(olga, WHY, campaign="cmp_x")


@pytest.mark.parametrize("table", ["members_member", "orders_order", "rewards_grant"])
def test_rows_lead_there(olga: Client, settled: Grant, table: str) -> None:
    row = {
        "members_member": settled.member_id,
        "orders_order": Order.objects.get().pk,
        "rewards_grant": settled.pk,
    }[table]
    assert f"{row}/why" in shown(olga, reverse(f"admin:{table}_change", args=[row]))
    assert "you got 10 points" in shown(olga, reverse(f"admin:{table}_why", args=[row]))


# Goodwill.


def fill(campaign: Campaign, **given: Any) -> dict[str, Any]:
    return {
        "campaign": campaign.pk,
        "kind": "points",
        "amount": 100,
        "members": "ann\nbob, ann",
        "reason": "The parcels came late.",
        **given,
    }


def propose(client: Client, campaign: Campaign, **given: Any) -> str:
    return client.post(
        "/admin/rewards/goodwill/propose/", fill(campaign, **given), follow=True
    ).content.decode()


def press(client: Client, button: str, row: Any, **fields: str) -> int:
    """Press a button of a row's page and fill in its dialog."""
    address = reverse(f"admin:rewards_{button}", args=[row.pk])
    return client.post(address, {"_form_submitted": "on", **fields}).status_code


def test_olga_proposes_and_otto_approves(olga: Client, drain: Callable[[], None]) -> None:
    make_member("ann")
    make_member("bob")
    page = propose(olga, make_campaign(budget_minor=150))
    assert "Proposed for 2: another operator has to approve it." in page
    assert "You proposed this: another operator has to approve it." in page
    row = Goodwill.objects.get()
    assert f"/admin/rewards/goodwill/{row.pk}/approve" not in page
    assert "¥1.50 of the budget are left: not everybody will get it" in page
    assert press(olga, "goodwill_approve", row) == 403
    otto = operator("otto")
    assert press(otto, "goodwill_approve", row) == 200
    drain()
    page = shown(otto, reverse("admin:rewards_goodwill_change", args=[row.pk]))
    assert "1 of 2, 1 refused" in page
    assert "¥2.00 for 2, ¥1.00 each; ¥0.50 of the budget are left" in page
    assert "bob: The campaign&#x27;s budget is spent." in page
    assert "1 of 2, 1 refused" in shown(otto, "/admin/rewards/goodwill/")


def test_otto_rejects(olga: Client) -> None:
    make_member("ann")
    propose(olga, make_campaign(), members="ann")
    assert press(operator("otto"), "goodwill_reject", Goodwill.objects.get()) == 200
    assert Goodwill.objects.get().status == "rejected"


def test_a_file_names_the_members(olga: Client) -> None:
    make_member("ann")
    make_member("bob")
    upload = SimpleUploadedFile("list.csv", "external_id;note\nann;x\n\nbob\n".encode("utf-8-sig"))
    propose(olga, make_campaign(), members="", file=upload)
    assert len(Goodwill.objects.get().members) == 2


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"members": "ann, nobody, noone"}, "external_id “nobody”, “noone”"),
        ({"members": ""}, "Name 1 to 1,000 members, not 0."),
        ({"kind": "coupon", "amount": 50}, "Name a template for coupons only."),
        ({"kind": "custom"}, "Name a gift for custom awards only."),
        (
            {"file": SimpleUploadedFile("x.bin", b"\xff\x00\xfe")},
            "This is not a text file in UTF-8.",
        ),
    ],
)
def test_what_cannot_be_meant_is_said_at_the_field(
    olga: Client, given: dict[str, Any], words: str
) -> None:
    make_member("ann")
    assert words in propose(olga, make_campaign(), **{"members": "ann", "amount": 1, **given})
    assert not Goodwill.objects.exists()


def test_who_may_only_look_may_only_look(settled: Grant) -> None:
    otto = operator("otto", only_look=True)
    assert otto.get("/admin/rewards/goodwill/propose/").status_code == 403
    assert press(otto, "grant_void", settled, reason="No.") == 403
    assert otto.get(WHY).status_code == 200


def test_olga_takes_a_grant_back(olga: Client, settled: Grant) -> None:
    assert press(olga, "grant_void", settled, reason="It was a test.") == 200
    settled.refresh_from_db()
    assert settled.status == "clawed_back"
    page = shown(olga, reverse("admin:rewards_grant_change", args=[settled.pk]))
    assert "It was a test." in page
    assert f"{settled.pk}/void" not in page
