"""olga makes links for partners, one by hand and many from a file, and says where they lead."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image

from apps.invites.models import Landing, Link, Target
from apps.invites.rules import Opening
from apps.invites.selectors import Brought, visit_token
from apps.invites.services import NewLink, campaign_join, link_create, link_open
from tests.makers import make_campaign, make_member, now

LINKS = "/admin/invites/link/"
LANDINGS = "/admin/invites/landing/"


def make_partner_link(name: str = "kol", **terms: Any) -> Link:
    campaign = terms.pop("campaign", None) or make_campaign()
    member = make_member(name)
    return link_create(campaign=campaign, member_id=member.pk, wanted=NewLink(**terms), now=now())


def come_by(link: Link, name: str) -> None:
    visit = link_open(link=link, opening=Opening("GET", "", is_bot=False), now=now())
    campaign_join(
        campaign=link.participant.campaign,
        member_id=make_member(name).pk,
        brought=Brought(visit_token=visit_token(visit)),
        now=now(),
    )


def as_operator(*permissions: str) -> Client:
    """Somebody who may come in, with these permissions on links."""
    oskar = User.objects.create_user("oskar", is_staff=True)
    oskar.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(oskar)
    return client


def make_form(campaign: Any, **given: Any) -> dict[str, Any]:
    return {"campaign": campaign.pk, "kind": "partner", "afterwards": "page", **given}


def test_a_link_by_hand(olga: Client) -> None:
    campaign = make_campaign()
    make_member("kol")
    form = make_form(campaign, member="kol", code=" KOL-Tea ", label="Winter", max_opens=100)
    answer = olga.post(f"{LINKS}make/", form, follow=True)
    link = Link.objects.get()
    assert (link.code, link.label, link.max_opens, link.is_default) == (
        "kol-tea",
        "Winter",
        100,
        False,
    )
    page = answer.content.decode()
    assert "http://testserver/s/kol-tea" in page
    assert "/s/kol-tea/qr.svg" in page
    assert "/s/kol-tea/poster.png" in page


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"member": "nobody"}, "There is no member with the external_id"),
        ({"code": "admin"}, "is reserved"),
        ({"code": "taken"}, "Another link has this code"),
        ({"label": "a\nb"}, "One line of text"),
        ({"expires_at_0": "2001-01-01", "expires_at_1": "00:00"}, "over before it opens"),
        ({"campaign": "999999"}, "Select a valid choice"),
        ({"max_opens": "-1"}, "greater than or equal to 1"),
    ],
)
def test_a_link_that_cannot_be_made(olga: Client, given: dict[str, Any], says: str) -> None:
    campaign = make_campaign()
    make_partner_link("kol", code="taken", campaign=campaign)
    answer = olga.post(f"{LINKS}make/", {**make_form(campaign, member="kol"), **given})
    assert answer.status_code == 200
    assert says in answer.content.decode()
    assert Link.objects.count() == 1


def test_a_name_with_a_script_stays_a_name(olga: Client) -> None:
    link = make_partner_link("<script>alert(1)</script>", label="<b>x</b>", reference="<i>y</i>")
    for page in (LINKS, f"{LINKS}{link.pk}/change/", f"{LINKS}{link.pk}/revoke/"):
        text = olga.get(page).content.decode()
        assert "<script>alert" not in text
        assert "<b>x</b>" not in text
        assert "<i>y</i>" not in text


def test_the_list_shows_what_each_brought_in_few_queries(olga: Client) -> None:
    campaign = make_campaign()
    link = make_partner_link("kol", campaign=campaign, label="first")
    come_by(link, "bob")
    olga.get(LINKS)
    with CaptureQueriesContext(
        connection,
    ) as few:
        page = olga.get(LINKS).content.decode()
    assert "first" in page
    for number in range(10):
        make_partner_link("kol", campaign=campaign, label=f"more {number}")
    with CaptureQueriesContext(connection) as more:
        olga.get(LINKS)
    assert len(more) == len(few)


def test_terms_can_be_changed_and_a_members_own_link_has_none(olga: Client) -> None:
    link = make_partner_link(label="old")
    page = f"{LINKS}{link.pk}/change/"
    form = {"label": "new", "max_opens": "5", "afterwards": "shop"}
    olga.post(page, form)
    link.refresh_from_db()
    assert (link.label, link.max_opens, link.afterwards) == ("new", 5, "shop")
    past = {**form, "expires_at_0": "2001-01-01", "expires_at_1": "00:00:00"}
    assert "revoke it" in olga.post(page, past).content.decode()
    Link.objects.update(is_default=True, kind="member", max_opens=None)
    olga.post(page, {**form, "label": "own"})
    link.refresh_from_db()
    assert (link.label, link.max_opens) == ("own", None)


def test_olga_revokes_one_and_some(olga: Client) -> None:
    campaign = make_campaign()
    first, second = (make_partner_link("kol", campaign=campaign, label=label) for label in "ab")
    assert "brings nobody any more" in olga.get(f"{LINKS}{first.pk}/revoke/").content.decode()
    first.refresh_from_db()
    assert first.revoked_at is None  # asked only
    olga.post(f"{LINKS}{first.pk}/revoke/")
    olga.post(LINKS, {"action": "revoke", "_selected_action": [second.pk]})
    assert Link.objects.filter(revoked_at=None).count() == 0


FILE = "external_id,code,label\nkol,kol-tea,Winter\nkol,,=HYPERLINK(1)\n"


def bring(olga: Client, campaign: Any, text: str | bytes, do: str = "make") -> str:
    content = text.encode() if isinstance(text, str) else text
    file = SimpleUploadedFile("links.csv", content, "text/csv")
    answer = olga.post(f"{LINKS}make-many/", {"campaign": campaign.pk, "file": file, "do": do})
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_many_links_from_a_file_and_back_as_a_file(olga: Client) -> None:
    campaign = make_campaign()
    make_member("kol")
    assert "2 links would be made" in bring(olga, campaign, FILE, "check")
    assert not Link.objects.exists()
    page = bring(olga, campaign, FILE)
    assert "2 links made" in page
    keys = page.split('name="made" value="', 1)[1].split('"', 1)[0]
    answer = olga.post(f"{LINKS}make-many/", {"made": keys})
    assert answer["Content-Disposition"] == 'attachment; filename="links.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode())))
    assert [row["code"] for row in rows] == list(
        Link.objects.order_by("pk").values_list("code", flat=True)
    )
    assert rows[0]["url"] == "http://testserver/s/kol-tea"
    assert (rows[0]["external_id"], rows[0]["standing"], rows[0]["opens"]) == ("kol", "opens", "0")
    assert rows[1]["label"] == "'=HYPERLINK(1)"  # no spreadsheet runs it


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "submitted file is empty"),
        ("name\nkol\n", "The header lacks “external_id”"),
        (b"external_id,label\nkol,\xff\xfe\n", "not readable as UTF-8"),
        ("external_id\nkol\nnobody\n", "Nothing was made"),
        ("external_id\n" + "kol\n" * 1001, "At most 1,000 lines"),
        ("external_id,label\nkol,<script>alert(1)</script>\x07\n", "One line of text"),
    ],
)
def test_a_file_with_something_wrong_makes_nothing(
    olga: Client, text: str | bytes, says: str
) -> None:
    make_member("kol")
    page = bring(olga, make_campaign(), text)
    assert says in page
    assert "<script>alert" not in page
    assert not Link.objects.exists()


def test_what_is_asked_back_are_keys_and_nothing_else(olga: Client) -> None:
    link = make_partner_link()
    answer = olga.post(f"{LINKS}make-many/", {"made": f"{link.pk},x,{'9' * 30},-1,1 OR 1=1"})
    assert answer.getvalue().decode().count("\r\n") == 2


def test_export_of_the_list_goes_in_steps(olga: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = make_campaign()
    links = [make_partner_link("kol", campaign=campaign, label=str(n)) for n in range(5)]
    monkeypatch.setattr("apps.invites.admin.links.AT_ONCE", 2)
    come_by(links[0], "bob")
    answer = olga.post(LINKS, {"action": "export", "_selected_action": [x.pk for x in links]})
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode())))
    assert [row["label"] for row in rows] == list("01234")
    assert [(row["opens"], row["joined"]) for row in rows][:2] == [("1", "1"), ("0", "0")]


def test_who_may_only_look_makes_and_revokes_nothing(db: None) -> None:
    link = make_partner_link()
    looker = as_operator("view_link")
    assert looker.get(LINKS).status_code == 200
    for page in ("make", "make-many", f"{link.pk}/revoke"):
        assert looker.get(f"{LINKS}{page}/").status_code == 403
        assert looker.post(f"{LINKS}{page}/", {}).status_code == 403
    looker.post(LINKS, {"action": "revoke", "_selected_action": [link.pk]})
    assert Link.objects.filter(revoked_at=None).count() == 1
    assert as_operator_without_links().get(LINKS).status_code == 403


def as_operator_without_links() -> Client:
    client = Client()
    client.force_login(User.objects.create_user("otto", is_staff=True))
    return client


# Where they lead.


def landing_form(**given: Any) -> dict[str, Any]:
    return {
        "targets-TOTAL_FORMS": 1,
        "targets-INITIAL_FORMS": 0,
        "targets-0-platform": "wechat",
        "targets-0-address": "weixin://dl/business/?query={query}",
        "targets-0-store_address": "",
        **given,
    }


def picture(kind: str = "PNG") -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.new("RGB", (90, 60), "red").save(out, kind)
    return SimpleUploadedFile("logo", out.getvalue())


def test_olga_says_where_links_lead_and_gives_them_a_logo(olga: Client) -> None:
    campaign = make_campaign()
    olga.post(f"{LANDINGS}add/", landing_form(campaign=campaign.pk, new_logo=picture()))
    landing = Landing.objects.get()
    assert Image.open(io.BytesIO(bytes(landing.logo))).size == (90, 60)
    assert landing.picture is None
    target = Target.objects.get()
    assert (target.platform, target.address) == ("wechat", "weixin://dl/business/?query={query}")
    page = f"{LANDINGS}{landing.pk}/change/"
    assert "data:image/png;base64," in olga.get(page).content.decode()
    kept = landing_form(**{"targets-INITIAL_FORMS": 1, "targets-0-id": target.pk})
    olga.post(page, {**kept, "targets-0-landing": landing.pk, "new_picture": picture("JPEG")})
    landing.refresh_from_db()
    assert landing.logo is not None
    assert landing.picture is not None
    olga.post(page, {**kept, "targets-0-landing": landing.pk, "without_logo": "on"})
    landing.refresh_from_db()
    assert landing.logo is None
    assert landing.picture is not None


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"targets-0-address": "javascript:alert(1)"}, "begins with one of these"),
        ({"targets-0-address": "http://shop.example"}, "begins with one of these"),
        ({"targets-0-address": "https://{code}.example"}, "The host stands fixed"),
        ({"targets-0-store_address": "ftp://shop.example"}, "begins with one of these"),
        ({"targets-0-platform": "fridge"}, "Select a valid choice"),
        ({"new_logo": SimpleUploadedFile("x.svg", b"<svg/>")}, "no PNG, JPEG or WebP"),
        ({"new_logo": SimpleUploadedFile("x.png", b"")}, "submitted file is empty"),
    ],
)
def test_a_landing_with_something_wrong(olga: Client, given: dict[str, Any], says: str) -> None:
    campaign = make_campaign()
    answer = olga.post(f"{LANDINGS}add/", landing_form(campaign=campaign.pk, **given))
    assert says in answer.content.decode()
    assert not Landing.objects.exists()


def test_two_targets_of_one_platform(olga: Client) -> None:
    twice = {
        "targets-TOTAL_FORMS": 2,
        "targets-1-platform": "wechat",
        "targets-1-address": "https://shop.example/",
    }
    answer = olga.post(f"{LANDINGS}add/", landing_form(campaign=make_campaign().pk, **twice))
    assert answer.status_code == 200
    assert not Target.objects.exists()


def test_every_page_of_links_opens(olga: Client, drain: Callable[[], None]) -> None:
    make_partner_link()
    for page in (LINKS, f"{LINKS}make/", f"{LINKS}make-many/", LANDINGS, f"{LANDINGS}add/"):
        assert olga.get(page).status_code == 200
