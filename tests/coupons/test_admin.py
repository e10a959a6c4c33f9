"""olga sets up templates, mints codes and imports others; what she downloads runs nowhere."""

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse

from apps.core.clock import engine_now
from apps.core.csv_export import ROWS_AT_ONCE, csv_pieces, safe_cell
from apps.coupons.models import Batch, Coupon, PoolCode, Template
from tests.coupons.makers import issue, make_codes, make_member, make_template, state


@pytest.fixture
def olga(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("olga"))
    return client


@pytest.fixture(autouse=True)
def promised(db: None, invariants_hold: Callable[[], None]) -> Iterator[None]:
    yield
    invariants_hold()


def form(**given: Any) -> dict[str, Any]:
    """What the template's form sends."""
    fields = {
        "name": "Spring",
        "applies": "claimed",
        "kind": "amount",
        "currency": "cny",
        "face_minor": "1000",
        "percent_bps": "0",
        "min_basket_minor": "0",
        "stacking": "exclusive",
        "priority": "0",
        "code_source": "minted",
        "member_limit": "1",
        "guest_limit": "10",
        "skus": "a, b\nb\n",
        "steps-TOTAL_FORMS": "0",
        "steps-INITIAL_FORMS": "0",
    }
    return fields | given


ADD = "/admin/coupons/template/add/"


def rows(answer: Any) -> list[list[str]]:
    text = b"".join(answer.streaming_content).decode()
    return list(csv.reader(io.StringIO(text)))


def test_olga_sets_up_a_template_and_activates_it(olga: Client) -> None:
    answer = olga.post(ADD, form(coupons_template_save_and_activate="1"), follow=True)
    assert "1 template active" in answer.content.decode()
    template = Template.objects.get()
    assert (template.status, template.currency) == ("active", "CNY")
    assert template.skus == ["a", "b"]


def test_an_active_template_does_not_end_before_its_start_that_is_fixed(olga: Client) -> None:
    template = make_template(starts_at=engine_now())
    change = reverse("admin:coupons_template_change", args=[template.pk])
    answer = olga.post(change, form(ends_at_0="2001-01-01", ends_at_1="00:00:00"))
    assert "The window ends before it starts." in answer.content.decode()
    template.refresh_from_db()
    assert template.ends_at is None


def test_the_terms_of_an_active_template_are_fixed_but_its_cap_is_not(olga: Client) -> None:
    template = make_template(face_minor=1000)
    issue(template, make_member())
    issue(template, make_member())
    change = reverse("admin:coupons_template_change", args=[template.pk])
    assert "2 issued" in olga.get(change).content.decode()
    olga.post(change, form(face_minor="9", issue_cap="2"))
    template.refresh_from_db()
    assert (template.face_minor, template.issue_cap) == (1000, 2)
    refused = olga.post(change, form(issue_cap="1"))
    assert "2 coupons are issued already." in refused.content.decode()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"stacking": "group"}, "Name a group exactly when"),
        (
            {
                "starts_at_0": "2026-02-01",
                "starts_at_1": "00:00",
                "ends_at_0": "2026-01-01",
                "ends_at_1": "00:00",
            },
            "ends before it starts",
        ),
        ({"applies": "automatic", "is_public": "on"}, "applies by itself has no codes and cannot"),
        ({"face_minor": str(10**30)}, "less than or equal"),
        ({"percent_bps": "100.01"}, "less than or equal to 100."),
        ({"skus": "x" * 101}, "longer than 100"),
        ({"currency": "yuan"}, "at most 3"),
    ],
)
def test_a_form_that_cannot_be_says_why(olga: Client, given: dict, words: str) -> None:
    answer = olga.post(ADD, form(**given))
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert Template.objects.count() == 0


def test_an_incomplete_template_is_saved_and_not_activated(olga: Client) -> None:
    answer = olga.post(
        ADD,
        form(kind="percent", percent_bps="10", coupons_template_save_and_activate="1"),
        follow=True,
    )
    assert "A percentage needs a ceiling" in answer.content.decode()
    assert Template.objects.get().status == "draft"


def test_every_page_opens(olga: Client) -> None:
    template = make_template(kind="steps", steps=((20000, 2000),), name="Full")
    pool = make_template(code_source="pool", is_test=True, issue_cap=9)
    issue(make_template(kind="gift", gift="a cup"), make_member())
    make_codes(make_template(kind="free_shipping"), 1)
    make_template(kind="percent", percent_bps=1250, ceiling_minor=500)
    make_template(applies="automatic")
    draft = make_template(draft=True)
    for model in ("template", "coupon", "batch", "poolcode", "claim"):
        answer = olga.get(reverse(f"admin:coupons_{model}_changelist"))
        assert answer.status_code == 200
    listed = olga.get(reverse("admin:coupons_template_changelist")).content.decode()
    for words in ("12.5 %, up to ¥5.00", "Full reduction, up to ¥20.00", "a cup (¥10.00)"):
        assert words in listed
    for row in (template, pool, draft):
        for page in ("change", "mass_issue", "import_codes"):
            assert (
                olga.get(reverse(f"admin:coupons_template_{page}", args=[row.pk])).status_code
                == 200
            )


def test_olga_mints_codes_and_downloads_them_once_however_often_she_clicks(olga: Client) -> None:
    template = make_template(issue_cap=3000)
    page = reverse("admin:coupons_template_mass_issue", args=[template.pk])
    answer = olga.post(page, {"count": "2500", "key": "click"})
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="bat_')
    made = rows(answer)
    assert made[0] == ["code", "expires_at"]
    assert {row[0] for row in made[1:]} == set(Coupon.objects.values_list("code", flat=True))
    assert len(made) == 2501
    assert rows(olga.post(page, {"count": "2500", "key": "click"})) == made
    again = rows(olga.get(reverse("admin:coupons_batch_download", args=[Batch.objects.get().pk])))
    assert again == made
    refused = olga.post(page, {"count": "501", "key": "more"}, follow=True)
    assert "Only 500 more can be issued." in refused.content.decode()
    assert olga.post(page, {"count": "0", "key": "none"}).status_code == 200


def test_olga_imports_codes_and_sees_what_was_refused(olga: Client) -> None:
    template = make_template(code_source="pool")
    page = reverse("admin:coupons_template_import_codes", args=[template.pk])
    text = b"\xef\xbb\xbfAB-1,x\nAB-2\n=1+1\nAB-1\n\xff\xfe\n"
    answer = olga.post(page, {"file": SimpleUploadedFile("codes.csv", text)})
    words = answer.content.decode()
    assert "2 codes imported." in words
    assert "3 lines were refused" in words
    assert "The same as line 1." in words
    assert set(PoolCode.objects.values_list("code", flat=True)) == {"AB-1", "AB-2"}
    minted = reverse("admin:coupons_template_import_codes", args=[make_template().pk])
    answer = olga.post(minted, {"file": SimpleUploadedFile("codes.csv", b"X1")})
    assert "makes its own codes" in answer.content.decode()


def test_olga_stops_a_template_and_revokes_a_coupon(olga: Client) -> None:
    template = make_template()
    coupon = issue(template, make_member())
    for model, action, row in (("template", "stop", template), ("coupon", "revoke", coupon)):
        olga.post(
            reverse(f"admin:coupons_{model}_changelist"),
            {"action": action, "_selected_action": [row.pk]},
        )
    template.refresh_from_db()
    assert (template.status, state(coupon)) == ("stopped", "revoked")


def test_somebody_who_may_only_look_mints_nothing(db: None) -> None:
    client = Client()
    client.force_login(User.objects.create_user("otto", is_staff=True))
    template = make_template()
    for page in ("mass_issue", "import_codes"):
        address = reverse(f"admin:coupons_template_{page}", args=[template.pk])
        assert client.post(address, {"count": "5", "key": "k"}).status_code == 403
    assert Coupon.objects.count() == 0


def test_the_command_makes_codes_once_and_goes_on_with_its_key(tmp_path: Path) -> None:
    template = make_template(issue_cap=6000)
    file = tmp_path / "codes.csv"
    for _ in range(2):
        call_command(
            "issue_coupons",
            template.public_id,
            "5500",
            csv=str(file),
            key="may",
            stderr=io.StringIO(),
        )
        made = list(csv.reader(file.read_text().splitlines()))
        assert len({row[0] for row in made[1:]}) == 5500
    assert Coupon.objects.count() == 5500
    with pytest.raises(CommandError, match="gone.*batch key: june"):
        call_command("issue_coupons", template.public_id, "501", csv=str(file), key="june")
    assert Batch.objects.get(key="june").made == 0
    with pytest.raises(CommandError, match="no such coupon template"), transaction.atomic():
        call_command("issue_coupons", "tpl_none", "5")
    Template.objects.update(issue_cap=None)
    call_command(
        "issue_coupons", template.public_id, "501", csv=str(file), key="june", stderr=io.StringIO()
    )
    assert Batch.objects.get(key="june").made == 501


def test_the_command_imports_codes_and_reports(tmp_path: Path) -> None:
    template = make_template(code_source="pool")
    file, refused = tmp_path / "in.csv", tmp_path / "refused.csv"
    file.write_bytes(b'"A1";9\nA2\n-2+3\n\n')
    out = io.StringIO()
    call_command("import_coupon_codes", template.public_id, str(file), refused=refused, stdout=out)
    assert "2 codes imported, 2 lines refused." in out.getvalue()
    assert [row[:2] for row in csv.reader(refused.read_text().splitlines())][1:] == [
        ["3", "'-2+3"],
        ["4", ""],
    ]
    with pytest.raises(CommandError, match="no file"):
        call_command("import_coupon_codes", template.public_id, str(tmp_path / "none"))
    with pytest.raises(CommandError, match="no such"):
        call_command("import_coupon_codes", "tpl_none", str(file))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_no_cell_is_a_formula(start: str) -> None:
    assert safe_cell(f"{start}cmd|'/c calc'!A1") == f"'{start}cmd|'/c calc'!A1"


@pytest.mark.parametrize("value", [-5, 0, 1.5, "plain", "a=b", "", "5 - 3"])
def test_a_plain_cell_stays_as_it_is(value: object) -> None:
    assert safe_cell(value) == value


def test_csv_is_written_in_pieces_and_never_read_ahead() -> None:
    asked = []

    def endless() -> Iterator[tuple[int, str]]:
        for number in range(10**9):
            asked.append(number)
            yield number, '=1,"2"\n'

    pieces = csv_pieces(("n", "@text"), endless())
    first = next(pieces)
    assert len(asked) == ROWS_AT_ONCE
    parsed = list(csv.reader(io.StringIO(first)))
    assert parsed[:2] == [["n", "'@text"], ["0", '\'=1,"2"\n']]
    assert list(csv_pieces(("n",), [])) == ["n\r\n"]
    assert list(csv_pieces(("n",), [(None,)])) == ['n\r\n""\r\n']
