"""Files of the programme report: every table and every picture, for whoever may see it; and its paper."""

import io
import zipfile
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.orders.models import MarginRate
from apps.reports.programme import keeping
from apps.reports.sections.programme import money_note, programme_parts
from apps.reports.selectors.programmes import figures_of, programme_latest
from apps.reports.services import programme_ask, programme_compute
from apps.reports.services.programme import programme_report
from tests.makers import make_campaign
from tests.reports.makers import DAY, a_past
from tests.reports.test_report_files import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def computed() -> None:
    now = timezone.now()
    MarginRate.objects.create(tag="", rate_bps=4000)
    a_past(make_campaign(starts_at=now - 400 * DAY), until=now, members=300)
    programme_ask()
    programme_compute(now=now)


def address(name: str) -> str:
    return reverse("admin:reports_programme_file", args=[name])


def test_every_table_and_every_picture(admin_client: Client, computed: None) -> None:
    latest = programme_latest()
    assert latest is not None
    parts = programme_parts(figures_of(latest))
    tables = [table for part in parts for table in part.tables]
    for table in tables:
        lines = read(admin_client.get(address(f"{table.slug}.csv"))).decode().splitlines()
        assert len(lines) == 1 + len(table.rows)
    cohorts = read(admin_client.get(address("cohorts.csv"))).decode().splitlines()
    assert cohorts[0] == (
        "First order in,Buyers,Orders,Revenue (CNY),Margin (CNY),Margin known of the revenue,"
        'Margin each (CNY),"Each, first 90 days (CNY)"'
    )
    revenue, margin, known = (float(cell) for cell in cohorts[-1].split(",")[3:6])
    assert margin == pytest.approx(0.4 * revenue, abs=0.02)
    assert known == 1
    with zipfile.ZipFile(io.BytesIO(read(admin_client.get(address("programme.xlsx"))))) as book:
        sheets = [name for name in book.namelist() if name.startswith("xl/worksheets/")]
    assert len(sheets) == len(tables)
    drawn = [part for part in parts if part.picture is not None]
    assert len(drawn) == 6
    assert read_whole(admin_client.get(address("members.svg"))).startswith(b"<?xml")
    assert read_whole(admin_client.get(address("retention.png"))).startswith(b"\x89PNG")
    for name in ("nothing.csv", "worth.png", "members.pdf", "members", "report.xlsx"):
        assert admin_client.get(address(name)).status_code == 404
    paper_and_page(admin_client)


def paper_and_page(admin_client: Client) -> None:
    page = admin_client.get(reverse("admin:reports_programme_changelist")).content.decode()
    paper = admin_client.get(reverse("admin:reports_programme_print")).content.decode()
    for text in (page, paper):
        assert "Money is margin" in text
        assert text.count("<svg") >= (6 if text is paper else 2)
    assert paper.count("<table") == 11
    assert "/files/members.csv" in page
    assert "foretells ¥" in page


def read_whole(answer: Any) -> bytes:
    whole: bytes = answer.content
    return whole


def test_only_for_whoever_may_see_it(client: Client, admin_client: Client) -> None:
    paths = [reverse("admin:reports_programme_print"), address("members.csv")]
    assert {admin_client.get(path).status_code for path in paths} == {404}, "there is none yet"
    client.force_login(User.objects.create_user("nora", is_staff=True))
    assert {client.get(path).status_code for path in paths} == {403}
    nora = User.objects.get(username="nora")
    nora.user_permissions.add(
        Permission.objects.get(codename="view_programme", content_type__app_label="reports")
    )
    assert {client.get(path).status_code for path in paths} == {404}


def test_nobody_yet_has_tables_and_no_pictures() -> None:
    report = programme_report(now=timezone.now())
    figures = keeping.found_again(keeping.kept(report))
    parts = programme_parts(figures)
    assert [part.picture for part in parts if part.picture] == []
    assert money_note(figures) == "Nothing was paid yet."
