"""The operators olga and otto set the terms, look at purses, and correct them together."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.members.models import Member
from apps.points.models import Adjustment, Programme, Reservation
from apps.points.selectors import Wallet, wallet
from tests.makers import make_member
from tests.points.makers import claw_back, earn, reserve

pytestmark = pytest.mark.django_db


@pytest.fixture
def otto(db: None) -> Client:
    """Otto is an operator like olga."""
    otto = Client()
    otto.force_login(User.objects.create_superuser("otto"))
    return otto


def page(name: str, *args: Any) -> str:
    return reverse(f"admin:points_{name}", args=args)


def ann_with(points: int) -> Member:
    ann = make_member("ann")
    earn(ann, points, key="welcome")
    return ann


def propose(operator: Client, **given: Any) -> str:
    """What comes of filling in the form, in the words the operator reads."""
    asked = {"external_id": "ann", "amount": "500", "reason": "a late parcel", **given}
    answer = operator.post(page("adjustment_propose"), {"_form_submitted": "on", **asked})
    return answer.content.decode() + operator.get(page("adjustment_changelist")).content.decode()


def press(operator: Client, name: str, row: Adjustment) -> str:
    operator.post(page(f"adjustment_{name}", row.pk), {"_form_submitted": "on"})
    return operator.get(page("adjustment_change", row.pk)).content.decode()


def test_the_terms_of_both_modes_are_there_to_be_changed(olga: Client) -> None:
    shown = olga.get(page("programme_changelist")).content.decode()
    assert "Test points" in shown
    live = Programme.objects.get(is_test=False)
    form = {
        "currency": "EUR",
        "worth_of_100_points_minor": "50",
        "max_share_bps": "25",
        "lifetime_days": "365",
        "notice_days": "14",
        "reservation_ttl": "00:15:00",
        "adjustment_limit": "100",
    }
    olga.post(page("programme_change", live.pk), form)
    live.refresh_from_db()
    assert (live.currency, live.max_share_bps, live.lifetime_days) == ("EUR", 2500, 365)
    wrong = olga.post(page("programme_change", live.pk), form | {"max_share_bps": "100.01"})
    assert "less than or equal to 100" in wrong.content.decode()
    assert olga.get(page("programme_add")).status_code == 403


def test_a_small_adjustment_is_done_at_once(olga: Client) -> None:
    ann = ann_with(100)
    assert "+500 points for ann: done." in propose(olga)
    assert wallet(ann.pk) == Wallet(available=600)
    assert "-600 points for ann: done." not in propose(olga, amount="-501")


def test_a_large_adjustment_waits_for_another_operator(olga: Client, otto: Client) -> None:
    ann = ann_with(100)
    assert "another operator has to approve it" in propose(olga, amount="5000")
    row = Adjustment.objects.get()
    assert "You proposed this adjustment" in press(olga, "approve", row)
    assert wallet(ann.pk) == Wallet(available=100)
    assert "1 adjustment approved" in press(otto, "approve", row)
    assert wallet(ann.pk) == Wallet(available=5100)
    assert "decided already" in press(otto, "reject", row)


def test_a_rejected_adjustment_moves_nothing(olga: Client, otto: Client) -> None:
    ann = ann_with(100)
    propose(olga, amount="5000")
    assert "1 adjustment rejected" in press(otto, "reject", Adjustment.objects.get())
    assert wallet(ann.pk) == Wallet(available=100)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"external_id": "nobody"}, "no member with the external_id"),
        ({"external_id": "a\0"}, "Null characters"),
        ({"amount": "0"}, "0 points change nothing"),
        ({"amount": "9" * 30}, "less than or equal to"),
        ({"amount": "many"}, "Enter a whole number"),
        ({"reason": ""}, "required"),
        ({"amount": "-101"}, "fewer points to spend"),
    ],
)
def test_a_wrong_adjustment_is_refused_in_words(
    olga: Client, given: dict[str, str], words: str
) -> None:
    ann_with(100)
    assert words in propose(olga, **given)
    assert not Adjustment.objects.exists()


def test_who_may_only_look_can_adjust_nothing(client: Client) -> None:
    user = User.objects.create_user("pia", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(user)
    assert client.post(page("adjustment_propose"), {"_form_submitted": "on"}).status_code == 403
    assert client.get(page("adjustment_changelist")).status_code == 200


def test_a_statement_can_be_read(olga: Client) -> None:
    ann = ann_with(100)
    claw_back(ann, 30, key="r1")
    account = ann.point_accounts.get(purpose="available")
    address = page("account_statement", account.pk)
    shown = olga.get(address).content.decode()
    assert "Points of ann" in shown
    assert "Taken back" in shown
    assert "+100" in shown
    last_year = olga.get(f"{address}?month={timezone.now().year - 1}-01").content.decode()
    assert "Nothing in this month" in last_year
    assert "A month looks like" in olga.get(f"{address}?month=x").content.decode()


def test_olga_releases_a_reservation(olga: Client) -> None:
    ann = ann_with(100)
    held = reserve(ann, 60)
    chosen = {"action": "release", "_selected_action": [held.pk]}
    answer = olga.post(page("reservation_changelist"), chosen, follow=True)
    assert "1 reservation released" in answer.content.decode()
    assert Reservation.objects.get().status == "released"
    assert wallet(ann.pk) == Wallet(available=100)


def test_every_list_can_be_read(olga: Client) -> None:
    reserve(ann_with(100), 60)
    for name in ("account", "transfer", "lot", "taking", "reservation", "adjustment"):
        assert olga.get(page(f"{name}_changelist")).status_code == 200
