"""Files of the report: every table as CSV and in one workbook, every picture; nothing in them runs."""

import csv
import io
import zipfile
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.campaigns.models import Campaign
from apps.reports.exporting import csv_file, xlsx_file
from apps.reports.sections.parts import Kind, table
from apps.reports.selectors import whole_report
from tests.makers import make_campaign
from tests.reports.makers import DAY, a_forest, liven

pytestmark = pytest.mark.django_db

FORMULA = '=HYPERLINK("https://evil.example","x")'


@pytest.fixture
def campaign() -> Campaign:
    now = timezone.now()
    made = make_campaign(name="Spring tea", starts_at=now - 12 * DAY)
    a_forest(made, began=now - 12 * DAY, until=now)
    liven(made, until=now)
    return made


def address(campaign: Campaign, name: str) -> str:
    return reverse("admin:campaigns_campaign_report_file", args=[campaign.pk, name])


def read(answer: Any) -> bytes:
    """The whole of what is streamed; a file behind it is closed then, as a server does."""
    whole = b"".join(answer.streaming_content)
    if getattr(answer, "file_to_stream", None):
        answer.file_to_stream.close()
    return whole


def test_tables_and_pictures(admin_client: Client, campaign: Campaign) -> None:
    growth = read(admin_client.get(address(campaign, "growth.csv"))).decode().splitlines()
    assert growth[0] == (
        'Day,Participants,Of them seeds,Forecast,"Lower end, 95 %","Upper end, 95 %"'
    )
    burn = read(admin_client.get(address(campaign, "burn.csv"))).decode()
    assert "Promised so far (CNY)" in burn
    book = admin_client.get(address(campaign, "report.xlsx"))
    assert book["Content-Disposition"].startswith("attachment")
    with zipfile.ZipFile(io.BytesIO(read(book))) as parts:
        assert len([name for name in parts.namelist() if "worksheets/sheet" in name]) > 12
    assert admin_client.get(address(campaign, "forecast.png")).content.startswith(b"\x89PNG")
    assert admin_client.get(address(campaign, "tree.svg"))["Content-Type"] == "image/svg+xml"
    assert read(admin_client.get(address(campaign, "cohorts.csv")))


@pytest.mark.parametrize(
    "name", ["x.csv", "k.pdf", "k", "amplification.png", "report.csv", "../k.csv"]
)
def test_no_such_file(admin_client: Client, name: str) -> None:
    assert admin_client.get(address(make_campaign(), name.replace("/", "%2F"))).status_code == 404


def test_files_are_for_whoever_may_see_the_campaign(client: Client) -> None:
    campaign = make_campaign()
    assert client.get(address(campaign, "k.csv")).status_code == 302
    nora = User.objects.create_user("nora", is_staff=True)
    client.force_login(nora)
    names = ("report_print", "report_detail", "report_compare")
    pages = [reverse(f"admin:campaigns_campaign_{name}", args=[campaign.pk]) for name in names]
    pages.append(address(campaign, "k.csv"))
    assert {client.get(page).status_code for page in pages} == {403}
    nora.user_permissions.add(Permission.objects.get(codename="view_campaign"))
    assert {client.get(page).status_code for page in pages} == {200}


def test_what_looks_like_a_formula_is_text() -> None:
    odd = table("odd", "Odd", (("Who", Kind.TEXT), (FORMULA, Kind.NUMBER)), [(FORMULA, -1.5)])
    assert b"'=HYPERLINK" in read(csv_file(odd, "report"))
    assert b"\r\n=" not in read(csv_file(odd, "report"))
    with zipfile.ZipFile(io.BytesIO(read(xlsx_file([odd, odd], "report")))) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "<hyperlink" not in sheet
    assert sheet.count('t="inlineStr"') == 3
    assert "<v>-1.5</v>" in sheet


def compared(campaign: Campaign, name: str, **asked: object) -> str:
    page = reverse("admin:campaigns_campaign_report_compare_file", args=[campaign.pk, name])
    return f"{page}?{urlencode(asked)}"


def test_two_campaigns_beside_each_other(admin_client: Client, campaign: Campaign) -> None:
    other = make_campaign(name=FORMULA, currency="JPY")
    told = read(admin_client.get(compared(campaign, "compared.csv", **{"with": other.pk}))).decode()
    heading, *rows = csv.reader(io.StringIO(told))
    assert heading[:4] == ["Figure", "Unit", "Spring tea", "Spring tea: lower end, 95 %"]
    assert heading[6] == f"'{FORMULA}"
    report = whole_report(campaign, now=timezone.now())
    by_label = {row[0]: row for row in rows}
    k = by_label["K: new people per person brought"]
    assert float(k[2]) == pytest.approx(report.spreading.k.k.value, rel=1e-3)
    assert k[5:] == ["", "", "", "", "n/a", ""]
    reward = by_label["Rewards per person brought"]
    assert (reward[1], float(reward[2])) == ("CNY, JPY", 5.0)
    assert by_label["Half have come after"][1] == "days"
    with_it = {"with": other.pk}
    book = admin_client.get(compared(campaign, "compare.xlsx", **with_it))
    with zipfile.ZipFile(io.BytesIO(read(book))) as parts:
        assert b"<f>" not in parts.read("xl/worksheets/sheet1.xml")
        assert [name for name in parts.namelist() if "sheet" in name] == [
            "xl/worksheets/sheet1.xml"
        ]
    assert admin_client.get(compared(campaign, "k.png", **with_it)).content.startswith(b"\x89PNG")
    page = reverse("admin:campaigns_campaign_report_compare_print", args=[campaign.pk])
    printed = admin_client.get(page, with_it).content.decode()
    assert "paper" in printed
    assert "compared.csv" not in printed


@pytest.mark.parametrize(
    "asked", [{}, {"with": "x"}, {"with": 10**30}, {"first": "a", "second": "b"}]
)
def test_nothing_to_compare_has_no_files(admin_client: Client, asked: dict[str, object]) -> None:
    campaign = make_campaign()
    assert admin_client.get(compared(campaign, "compared.csv", **asked)).status_code == 404
    page = reverse("admin:campaigns_campaign_report_compare_print", args=[campaign.pk])
    assert admin_client.get(page, asked).status_code == 404
