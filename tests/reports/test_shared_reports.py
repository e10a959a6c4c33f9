"""A report for somebody without an account: the link opens it, ends, and can be revoked."""

import datetime as dt

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.campaigns.models import Campaign
from apps.reports import services
from apps.reports.models import SharedReport
from apps.reports.selectors.shares import share_token
from apps.reports.services.shares import ShareDays, ShareRevoked
from tests.makers import make_campaign
from tests.reports.makers import DAY, a_forest, liven

pytestmark = pytest.mark.django_db


@pytest.fixture
def olga() -> User:
    return User.objects.create_superuser("olga")


def a_campaign() -> Campaign:
    now = timezone.now()
    campaign = make_campaign(name="Spring tea", starts_at=now - 12 * DAY)
    a_forest(campaign, began=now - 12 * DAY, until=now, seeds=40)
    liven(campaign, until=now)
    return campaign


def a_share(
    olga: User, campaign: Campaign | None = None, *, shows_money: bool = False
) -> SharedReport:
    return services.report_share(
        campaign=campaign or make_campaign(name="Spring tea"),
        label="Lily",
        days=7,
        shows_money=shows_money,
        by=olga,
        now=timezone.now(),
    )


def link(share: SharedReport, *name: str) -> str:
    door = "shared-report-file" if name else "shared-report"
    return reverse(door, args=[share_token(share), *name])


def test_olga_makes_a_link_and_revokes_it(client: Client, olga: User) -> None:
    campaign = a_campaign()
    client.force_login(olga)
    given = {"campaign": campaign.pk, "label": "Lily", "days": 30}
    made = client.post(reverse("admin:reports_sharedreport_add"), given)
    share = SharedReport.objects.get()
    page = reverse("admin:reports_sharedreport_change", args=[share.pk])
    assert made["Location"] == page
    assert f"http://testserver{link(share)}" in client.get(page).content.decode()
    assert share.made_by == olga
    assert share.expires_at - share.made_at == 30 * DAY
    outside = Client()
    assert outside.get(link(share)).status_code == 200
    revoking = reverse("admin:reports_sharedreport_revoke", args=[share.pk])
    assert "for good" in client.get(revoking).content.decode()
    assert outside.get(link(share)).status_code == 200
    client.post(revoking)
    share.refresh_from_db()
    assert share.revoked_by == olga
    assert "Revoked" in LogEntry.objects.latest("pk").change_message
    for where in (link(share), link(share, "k.csv")):
        assert outside.get(where).status_code == 404
    assert link(share) not in client.get(page).content.decode()


def test_it_shows_the_report_without_names_and_without_money(client: Client, olga: User) -> None:
    campaign = a_campaign()
    share = a_share(olga, campaign)
    answer = client.get(link(share))
    page = answer.content.decode()
    assert "Does it spread by itself?" in page
    assert "<svg" in page
    assert "¥" not in page
    assert "/admin/" not in page
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["X-Robots-Tag"] == "noindex"
    assert "no-store" in answer["Cache-Control"]
    assert client.get(link(share, "growth.csv")).status_code == 200
    assert client.get(link(share, "burn.csv")).status_code == 404
    assert client.get(link(share, "cost.png")).status_code == 404
    assert "¥" in client.get(link(a_share(olga, campaign, shows_money=True))).content.decode()


def test_a_link_we_never_signed(client: Client, olga: User) -> None:
    share = a_share(olga)
    token = share_token(share)
    for odd in (share.public_id, token[:-1] + ("a" if token[-1] != "a" else "b"), "~", "x~y"):
        assert client.get(reverse("shared-report", args=[odd])).status_code == 404
    other = a_share(olga)
    swapped = token.replace(share.public_id, other.public_id)
    assert client.get(reverse("shared-report", args=[swapped])).status_code == 404
    assert client.post(link(share)).status_code == 405


def test_it_expires(client: Client, olga: User) -> None:
    share = a_share(olga)
    now = timezone.now()
    SharedReport.objects.update(made_at=now - 8 * DAY, expires_at=now - dt.timedelta(seconds=1))
    answer = client.get(link(share))
    assert answer.status_code == 404
    assert "shows nothing any more" in answer.content.decode()


def test_that_somebody_looked_is_noted_once_a_minute(client: Client, olga: User) -> None:
    share, now = a_share(olga), timezone.now()
    client.get(link(share))
    share.refresh_from_db()
    first = share.last_opened_at
    assert first is not None
    services.report_share_opened(share_id=share.pk, now=now + dt.timedelta(seconds=30))
    share.refresh_from_db()
    assert share.last_opened_at == first
    services.report_share_opened(share_id=share.pk, now=now + dt.timedelta(minutes=2))
    share.refresh_from_db()
    assert share.last_opened_at > first


def test_who_revoked_first_stays(olga: User) -> None:
    share, nora = a_share(olga), User.objects.create_user("nora")
    services.report_share_revoke(share_id=share.pk, by=olga, now=timezone.now())
    with pytest.raises(ShareRevoked):
        services.report_share_revoke(share_id=share.pk, by=nora, now=timezone.now())
    share.refresh_from_db()
    assert share.revoked_by == olga


def test_odd_days(client: Client, olga: User) -> None:
    client.force_login(olga)
    address = reverse("admin:reports_sharedreport_add")
    for days in ("0", "367", "-1", "x", "", "9" * 30):
        given = {"campaign": make_campaign().pk, "label": "Lily", "days": days}
        assert client.post(address, given).status_code == 200
    assert not SharedReport.objects.exists()
    for odd in (0, 367):
        with pytest.raises(ShareDays):
            services.report_share(
                campaign=make_campaign(),
                label="",
                days=odd,
                shows_money=False,
                by=olga,
                now=timezone.now(),
            )


def test_sharing_and_revoking_are_permissions_of_their_own(client: Client, olga: User) -> None:
    nora = User.objects.create_user("nora", is_staff=True)
    nora.user_permissions.add(Permission.objects.get(codename="view_campaign"))
    nora.user_permissions.add(Permission.objects.get(codename="view_sharedreport"))
    client.force_login(nora)
    share = a_share(olga)
    revoking = reverse("admin:reports_sharedreport_revoke", args=[share.pk])
    assert client.get(reverse("admin:reports_sharedreport_add")).status_code == 403
    assert client.post(revoking).status_code == 403
    share.refresh_from_db()
    assert share.revoked_at is None
    page = reverse("admin:campaigns_campaign_report", args=[share.campaign_id])
    assert "sharedreport/add" not in client.get(page).content.decode()


def test_who_may_not_see_campaigns_shares_none(client: Client) -> None:
    nora = User.objects.create_user("nora", is_staff=True)
    nora.user_permissions.add(Permission.objects.get(codename="add_sharedreport"))
    client.force_login(nora)
    assert client.get(reverse("admin:reports_sharedreport_add")).status_code == 403


def test_the_database_holds_that_somebody_revoked_it(olga: User) -> None:
    share = a_share(olga)
    with pytest.raises(IntegrityError), transaction.atomic():
        SharedReport.objects.filter(pk=share.pk).update(revoked_at=timezone.now())
