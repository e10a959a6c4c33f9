"""olga reads the programme report, and wants a newer one."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from apps.reports.models import Programme
from apps.reports.services import programme_ask, programme_compute
from tests.makers import make_member, now
from tests.pages.test_why_page import operator

ADDRESS = "/admin/reports/programme/"


def text(client: Client, **post: Any) -> str:
    answer = client.post(ADDRESS, post, follow=True) if post else client.get(ADDRESS)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_before_there_is_one(admin_client: Client) -> None:
    page = text(admin_client)
    assert "Nothing is computed yet" in page
    assert "Compute now" in page
    assert f'href="{ADDRESS}"' in page  # and it is in the menu
    assert reverse("admin:reports_programme_changelist") == ADDRESS


def test_olga_wants_one(admin_client: Client) -> None:
    page = text(admin_client, now="1")
    assert "It is being computed." in page
    assert "A newer one is wanted" in page
    assert "Compute now" not in page
    assert "One is being computed already." in text(admin_client, now="1")
    wanted = Programme.objects.get()
    assert wanted.asked_by == User.objects.get(username="admin")
    Programme.objects.update(started_at=now())
    assert "A newer one is being computed" in text(admin_client)
    Programme.objects.update(error="OSError: <no> room.")
    assert "OSError: &lt;no&gt; room." in text(admin_client)


def test_a_small_shop_says_too_early_in_words(admin_client: Client) -> None:
    make_member("ann")
    programme_ask()
    programme_compute(now=now())
    page = text(admin_client)
    assert "0 members, 0 of them bought again; 100 and 30 are needed" in page
    assert "The shop itself" in page
    assert "too early" in page


@pytest.mark.usefixtures("db")
def test_whoever_may_only_look_asks_for_nothing() -> None:
    otto = operator("otto", only_look=True)
    assert "Compute now" not in text(otto)
    assert otto.post(ADDRESS).status_code == 403
    User.objects.get(username="otto").user_permissions.set(
        Permission.objects.filter(codename="view_campaign")
    )
    assert otto.get(ADDRESS).status_code == 403
    assert not Programme.objects.exists()
