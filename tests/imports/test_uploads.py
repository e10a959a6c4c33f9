"""olga brings history in over the admin: she looks first; balances need oscar too."""

import datetime as dt
import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client

from apps.imports import services
from apps.imports.models import Upload
from apps.imports.rules import ImportKind
from apps.invites.models import Participant
from apps.members.models import Member
from apps.points.selectors import wallet
from tests.makers import make_campaign, make_member, now

pytestmark = pytest.mark.django_db

BRING = "/admin/imports/upload/bring/"


def operator(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser(name))
    return client


@pytest.fixture
def olga() -> Client:
    return operator("olga")


def upload(olga: Client, kind: str, content: bytes | str, **given: Any) -> Upload:
    raw = content.encode() if isinstance(content, str) else content
    file = SimpleUploadedFile("history.csv", raw, content_type="text/csv")
    answer = olga.post(BRING, {"kind": kind, "file": file, **given})
    assert answer.status_code == 302, answer.content.decode()
    found = Upload.objects.latest("pk")
    assert answer["Location"] == work(found)
    return found


def work(upload: Upload) -> str:
    return f"/admin/imports/upload/{upload.pk}/work/"


def press(client: Client, upload: Upload, do: str) -> str:
    """Press a button and read the page it leads to."""
    answer = client.post(work(upload), {"do": do}, follow=True)
    upload.refresh_from_db()
    return answer.content.decode()


def counts(upload: Upload) -> tuple[int, int, int]:
    return (upload.applied, upload.unchanged, upload.refused)


def test_olga_looks_first_and_then_brings_it_in(olga: Client) -> None:
    found = upload(olga, "members", "\ufeffexternal_id,nickname\nann,Ann\n,x\n")
    assert "Nobody has looked at it yet" in olga.get(work(found)).content.decode()
    page = press(olga, found, "check")
    assert (found.status, counts(found)) == ("checked", (1, 0, 1))
    assert "Bring 1 line in" in page
    assert "This must not be empty." in page
    assert Member.objects.count() == 0
    page = press(olga, found, "bring")
    assert (found.status, counts(found), found.content) == ("done", (1, 0, 1), None)
    assert "Brought in</strong> by olga" in page
    assert Member.objects.count() == 1


def test_it_cannot_be_brought_in_unseen_or_twice(olga: Client) -> None:
    found = upload(olga, "members", "external_id\nann\n")
    assert "Check the file first" in press(olga, found, "bring")
    press(olga, found, "check")
    press(olga, found, "bring")
    assert "no longer kept" in press(olga, found, "bring")
    assert counts(found) == (1, 0, 0)


def test_balances_need_a_second_operator(olga: Client, invariants_hold) -> None:
    ann = make_member("ann")
    found = upload(olga, "balances", "external_id,points\nann,500\n")
    assert "another operator than you" in press(olga, found, "check")
    assert (found.points, counts(found)) == (500, (1, 0, 0))
    assert "another operator than who uploaded" in press(olga, found, "bring")
    assert (found.status, wallet(ann.pk).available) == ("checked", 0)
    press(operator("oscar"), found, "bring")
    assert (found.status, wallet(ann.pk).available) == ("done", 500)
    invariants_hold()
    with pytest.raises(IntegrityError, match="needs_two_operators"), transaction.atomic():
        Upload.objects.update(brought_by=found.uploaded_by)


def test_referrers_go_into_the_campaign_that_is_chosen(olga: Client) -> None:
    campaign = make_campaign()
    make_member("ann")
    make_member("bob")
    text = "external_id,referrer_external_id\nbob,ann\n"
    file = SimpleUploadedFile("history.csv", text.encode())
    answer = olga.post(BRING, {"kind": "referrers", "file": file})
    assert "Choose the campaign" in answer.content.decode()
    found = upload(olga, "referrers", text, campaign=campaign.pk)
    press(olga, found, "check")
    assert Participant.objects.count() == 0
    press(olga, found, "bring")
    assert (found.status, Participant.objects.count()) == ("done", 2)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The submitted file is empty"),
        (b"name\nann\n", "The header lacks"),
        (b'external_id\n"ann\n', "Line 2"),
        ("external_id\nann\n".encode("utf-16"), "The header lacks"),
        (b"\x00\x01\x02", "The header lacks"),
    ],
)
def test_a_file_that_cannot_be_meant_says_why(olga: Client, content: bytes, words: str) -> None:
    file = SimpleUploadedFile("history.csv", content)
    page = olga.post(BRING, {"kind": "members", "file": file}, follow=True).content.decode()
    if content:
        found = Upload.objects.get()
        page = press(olga, found, "check")
        assert (found.status, Member.objects.count()) == ("waiting", 0)
    assert words in page.replace("&#x27;", "'")


def test_another_encoding_is_refused_by_line_and_a_formula_is_only_text(olga: Client) -> None:
    content = b"external_id,nickname\nann,\xd6zil\n=cmd(),ok\n"
    found = upload(olga, "members", content)
    assert "not readable as UTF-8" in press(olga, found, "check")
    assert counts(found) == (1, 0, 1)
    found = upload(olga, "tiers", "external_id,tier\n=cmd(),gold\n")
    press(olga, found, "check")
    answer = olga.get(work(found) + "?refused=1")
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert lines[0] == "line,field,reason"
    assert lines[1].startswith("2,external_id,")


def test_the_bar_moves_and_a_second_press_is_refused(olga: Client) -> None:
    text = "external_id\n" + "".join(f"m{number}\n" for number in range(1_200))
    found = upload(olga, "members", text)
    steps = services.upload_check(upload_id=found.pk, now=now())
    first = next(steps)
    assert 0 < first.done <= first.total
    answer = olga.post(work(found), {"do": "check", "stream": "1"})
    lines = [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]
    assert lines == [{"refused": "Somebody is working on this file right now."}]
    steps.close()  # whoever watched went away
    answer = olga.post(work(found), {"do": "check", "stream": "1"})
    lines = [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]
    assert lines[-1] == {"ended": True}
    assert len(lines) == 5
    found.refresh_from_db()
    assert (found.status, counts(found)) == ("checked", (1_200, 0, 0))


def test_broken_off_it_can_be_brought_in_again(olga: Client) -> None:
    text = "external_id\n" + "".join(f"m{number}\n" for number in range(1_200))
    found = upload(olga, "members", text)
    press(olga, found, "check")
    steps = services.upload_bring_in(upload_id=found.pk, by=found.uploaded_by_id, now=now())
    next(steps)
    steps.close()
    assert Member.objects.count() == 500
    assert "It broke off in the middle" in olga.get(work(found)).content.decode()
    press(olga, found, "bring")
    assert (found.status, counts(found)) == ("done", (700, 500, 0))
    assert Member.objects.count() == 1_200


def test_a_file_nobody_wants_is_forgotten(olga: Client) -> None:
    found = upload(olga, "members", "external_id\nann\n")
    assert services.uploads_forget() == 0
    Upload.objects.update(uploaded_at=now() - dt.timedelta(days=8))
    assert services.uploads_forget() == 1
    found.refresh_from_db()
    assert found.content is None
    assert "no longer kept" in olga.get(work(found)).content.decode()


def test_who_may_only_look_cannot_bring_anything_in(olga: Client) -> None:
    found = upload(olga, "members", "external_id\nann\n")
    client = Client()
    client.force_login(User.objects.create_user("sam", is_staff=True))
    assert client.get(BRING).status_code == 403
    assert client.get(work(found)).status_code in (302, 403)
    assert client.post(work(found), {"do": "check"}).status_code in (302, 403)


def test_a_dry_run_keeps_no_lock_between_its_steps(olga: Client) -> None:
    """Two looks at one file, interleaved: neither waits for the other."""
    make_member("ann")
    text = "external_id,points\n" + "".join(f"ann,{number}\n" for number in range(1, 600))
    ones, others = (
        services.upload_keep(
            kind=ImportKind.BALANCES,
            name=name,
            content=text.encode(),
            campaign=None,
            is_test=False,
            by=User.objects.get().pk,
        )
        for name in ("a", "b")
    )
    one = services.upload_check(upload_id=ones.pk, now=now())
    next(one)
    assert [step.total for step in services.upload_check(upload_id=others.pk, now=now())]
    assert list(one)
    ones.refresh_from_db()
    assert counts(ones) == (599, 0, 0)
