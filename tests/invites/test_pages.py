"""The share page during the pre-heating, and the variant it shows."""

import datetime as dt

import pytest
from django.test import Client

from apps.campaigns.models import Campaign
from apps.invites.models import Visit
from tests.makers import now
from tests.pages.makers import PHONE, SHOP, make_link

pytestmark = pytest.mark.django_db


@pytest.fixture
def phone() -> Client:
    return Client(HTTP_USER_AGENT=PHONE)


def test_during_the_pre_heating_the_page_invites_and_says_when_it_starts(phone: Client) -> None:
    starts_at = now() + dt.timedelta(days=2)
    link = make_link("ann", starts_at=starts_at, shown_from=now() - dt.timedelta(days=1))
    page = phone.get(f"/s/{link.code}")
    text = page.content.decode()
    assert page.status_code == 200
    assert f'Starts on <time datetime="{starts_at.isoformat()[:16]}' in text
    assert f'href="{SHOP}?visit=' in text
    assert Visit.objects.get().skipped == ""
    # It is not yet shown, it has begun, it is over.
    Campaign.objects.update(shown_from=now() + dt.timedelta(days=1))
    assert "has not started yet" in phone.get(f"/s/{link.code}").content.decode()
    Campaign.objects.update(shown_from=None, starts_at=now() - dt.timedelta(hours=1))
    assert "Starts on" not in phone.get(f"/s/{link.code}").content.decode()
    Campaign.objects.update(status=Campaign.Status.ENDED)
    assert phone.get(f"/s/{link.code}").status_code == 410


def test_without_variants_the_page_shows_none(phone: Client) -> None:
    text = phone.get(f"/s/{make_link().code}").content.decode()
    assert "variant" not in text
