"""Links with terms: when they open, where they lead on each platform, and what they look like."""

import datetime as dt
import io
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import zxingcpp
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import transaction
from django.test import Client
from PIL import Image

from apps.invites import qr
from apps.invites.models import Landing, Link, Target, Visit
from apps.invites.rules import Afterwards, LinkKind
from apps.invites.selectors import visit_by_token
from apps.invites.services import CodeTaken, LinkRefused, NewLink, link_create
from apps.invites.uploads import PictureRefused, logo_from, picture_from
from tests.makers import make_member, now
from tests.pages.makers import PHONE, SHOP, make_link, make_room, make_shop_campaign

DAY = dt.timedelta(days=1)
WECHAT = f"{PHONE} MicroMessenger/8.0.49"
ANDROID = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537 Chrome/126 Mobile Safari/537"


def make_partner_link(campaign: Any = None, **terms: Any) -> Link:
    campaign = campaign or make_shop_campaign()
    with transaction.atomic():
        return link_create(
            campaign=campaign, member_id=make_member("kol").pk, wanted=NewLink(**terms), now=now()
        )


def make_picture(kind: str = "PNG", size: tuple[int, int] = (300, 200), colour: str = "red") -> Any:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind)
    return ContentFile(out.getvalue())


def landed(link: Link, platform: str, address: str, store: str = "") -> None:
    landing, _ = Landing.objects.get_or_create(campaign=link.participant.campaign)
    Target.objects.create(landing=landing, platform=platform, address=address, store_address=store)


def hrefs(page: str) -> Iterator[str]:
    for part in page.split('href="')[1:]:
        yield part.split('"', 1)[0].replace("&amp;", "&")


# When a link opens.


@pytest.mark.parametrize(
    ("changed", "status", "words"),
    [
        ({"expires_at": now() - DAY}, 410, "This link has expired"),
        ({"starts_at": now() + DAY}, 200, "This link opens soon"),
        ({"revoked_at": now()}, 410, "no longer valid"),
    ],
)
def test_a_link_outside_its_terms(
    phone: Client, changed: dict[str, Any], status: int, words: str
) -> None:
    link = make_partner_link()
    Link.objects.update(**changed)
    answer = phone.get(f"/s/{link.code}")
    assert (answer.status_code, words in answer.content.decode()) == (status, True)
    assert "Go to the shop" in answer.content.decode()
    assert not Visit.objects.exists()


def test_a_link_opens_for_so_many_and_no_bot_takes_a_turn(phone: Client) -> None:
    link = make_partner_link(max_opens=2)
    phone.get(f"/s/{link.code}", headers={"User-Agent": "facebookexternalhit/1.1"})
    phone.head(f"/s/{link.code}")
    from_home = [f"192.0.2.{number}" for number in range(3)]
    said = [phone.get(f"/s/{link.code}", REMOTE_ADDR=home).status_code for home in from_home]
    assert said == [200, 200, 410]
    assert Visit.objects.filter(skipped="").count() == 2
    again = phone.get(f"/s/{link.code}", REMOTE_ADDR=from_home[2])
    assert "Everybody it was for has come" in again.content.decode()


def test_what_comes_after_the_campaign_alone(phone: Client) -> None:
    link = make_partner_link(afterwards=Afterwards.CAMPAIGN)
    Link.objects.update(expires_at=now() - DAY)
    answer = phone.get(f"/s/{link.code}?utm_source=chat")
    page = answer.content.decode()
    assert answer.status_code == 410
    assert f"{SHOP}?utm_source=chat" in hrefs(page)
    assert "Join without an invitation" in page


def test_what_comes_after_the_shop(phone: Client) -> None:
    link = make_partner_link(afterwards=Afterwards.SHOP)
    Link.objects.update(expires_at=now() - DAY)
    answer = phone.get(f"/s/{link.code}?utm_source=chat&next=https://evil.example")
    assert (answer.status_code, answer["Location"]) == (302, f"{SHOP}?utm_source=chat")
    Link.objects.update(revoked_at=now())
    assert phone.get(f"/s/{link.code}").status_code == 410


def test_without_a_shop_there_is_a_page_after_all(phone: Client) -> None:
    link = make_partner_link(make_shop_campaign(shop_url=""), afterwards=Afterwards.SHOP)
    Link.objects.update(expires_at=now() - DAY)
    assert phone.get(f"/s/{link.code}").status_code == 410


def test_a_visit_has_the_links_channel_if_the_address_names_none(phone: Client) -> None:
    link = make_partner_link(channel="stream")
    phone.get(f"/s/{link.code}")
    phone.get(f"/s/{link.code}?channel=chat", REMOTE_ADDR="192.0.2.1")
    assert list(Visit.objects.order_by("pk").values_list("channel", flat=True)) == [
        "stream",
        "chat",
    ]


# Codes.


def test_a_chosen_code_opens_whatever_its_capitals(phone: Client) -> None:
    make_partner_link(code="kol-tea")
    assert phone.get("/s/kol-tea").status_code == 200
    assert phone.get("/s/KOL-Tea").status_code == 200
    assert phone.get("/s/kol-tea/qr.png").status_code == 200


@pytest.mark.django_db
def test_a_code_is_had_once() -> None:
    first = make_partner_link(code="kol-tea")
    with pytest.raises(CodeTaken):
        make_partner_link(first.participant.campaign, code="kol-tea")
    # The refusal undid itself alone.
    assert make_partner_link(first.participant.campaign, code="kol-tee").code == "kol-tee"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("terms", "pointer"),
    [
        ({"code": "Kol Tea"}, "/code"),
        ({"code": "admin"}, "/code"),
        ({"label": "a\r\nSet-Cookie: b"}, "/label"),
        ({"reference": "x" * 65}, "/reference"),
        ({"channel": "a\nb"}, "/channel"),
        ({"max_opens": 0}, "/max_opens"),
        ({"expires_at": now() - DAY}, "/expires_at"),
        ({"starts_at": now() + 2 * DAY, "expires_at": now() + DAY}, "/expires_at"),
    ],
)
def test_what_no_link_can_be(terms: dict[str, Any], pointer: str) -> None:
    campaign = make_shop_campaign()
    with pytest.raises(LinkRefused) as refused:
        make_partner_link(campaign, **terms)
    assert refused.value.pointer == pointer
    assert not Link.objects.exists()


@pytest.mark.parametrize(
    "code", ["%0d%0aSet-Cookie:a", "..%2fadmin", "%3Cscript%3E", "a%00b", "x" * 300, "％２５"]
)
def test_a_code_injects_nothing(phone: Client, code: str) -> None:
    for path in (f"/s/{code}", f"/s/{code}/qr.svg", f"/s/{code}/poster.png", f"/s/{code}/card.png"):
        answer = phone.get(path)
        assert answer.status_code in (400, 404)
        assert "Set-Cookie" not in answer
        assert b"<script>" not in answer.content


# Where it leads.


def test_each_platform_has_a_way_of_its_own(phone: Client) -> None:
    link = make_link("ann")
    landed(link, "wechat", "weixin://dl/business/?appid=wx1&query={query}")
    landed(
        link,
        "android",
        "https://app.example/join/{code}",
        "https://play.example/app?referrer={query}",
    )
    token = {}
    for agent, begins in (
        (WECHAT, "weixin://dl/business/?appid=wx1&query=visit%3Dvis_"),
        (ANDROID, f"https://app.example/join/{link.code}"),
        (PHONE, f"{SHOP}?visit=vis_"),
    ):
        page = phone.get(f"/s/{link.code}", headers={"User-Agent": agent}).content.decode()
        join = page.split('<a class="button" href="', 1)[1].split('"', 1)[0].replace("&amp;", "&")
        assert join.startswith(begins)
        token[agent] = list(hrefs(page))
    store = next(address for address in token[ANDROID] if address.startswith("https://play."))
    told = parse_qs(parse_qs(urlsplit(store).query)["referrer"][0])["visit"][0]
    assert visit_by_token(told).link == link
    web = next(address for address in token[ANDROID] if address.startswith(SHOP))
    assert visit_by_token(parse_qs(urlsplit(web).query)["visit"][0]).link == link


def test_campaign_parameters_go_on_and_nothing_else_of_the_request(phone: Client) -> None:
    link = make_link("ann")
    evil = "next=https://evil.example&url=//evil.example&redirect=javascript:alert(1)"
    utm = "utm_source=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&utm_medium=a%0d%0aSet-Cookie:b"
    answer = phone.get(f"/s/{link.code}?{evil}&{utm}&utm_campaign=%E6%98%A5&visit=forged")
    page = answer.content.decode()
    assert "evil.example" not in page
    assert "<script>alert" not in page
    assert "javascript:" not in page
    assert "Set-Cookie" not in answer
    join = page.split('<a class="button" href="', 1)[1].split('"', 1)[0].replace("&amp;", "&")
    carried = parse_qs(urlsplit(join).query)
    assert carried["utm_source"] == ['"><script>alert(1)</script>']  # a value, whatever it holds
    assert carried["utm_campaign"] == ["春"]
    assert "utm_medium" not in carried
    assert visit_by_token(carried["visit"][0]) == Visit.objects.get()


def test_a_rooms_link_carries_on_into_the_target(phone: Client) -> None:
    room = make_room("ann")
    link = make_link("bob", campaign=room.offer.campaign)
    Link.objects.update(room=room.public_id)
    landed(link, "ios", "shopapp://room/{room}?{query}", "https://store.example/?r={query}")
    onward = phone.get(f"/s/{link.code}?utm_source=chat")
    page = phone.get(onward["Location"]).content.decode()
    join = next(address for address in hrefs(page) if address.startswith("shopapp:"))
    assert join.startswith(
        f"shopapp://room/{room.public_id}?room%3D{room.public_id}%26visit%3Dvis_"
    )
    assert join.endswith("%26utm_source%3Dchat")
    web = next(address for address in hrefs(page) if address.startswith(f"{SHOP}?room="))
    carried = parse_qs(urlsplit(web).query)
    assert visit_by_token(carried["visit"][0]) == Visit.objects.get()
    assert carried["utm_source"] == ["chat"]


def test_an_offers_link_tells_the_shop_which_offer(phone: Client) -> None:
    link = make_partner_link(kind=LinkKind.OFFER, reference="off_1&x=1")
    page = phone.get(f"/s/{link.code}").content.decode()
    join = page.split('<a class="button" href="', 1)[1].split('"', 1)[0].replace("&amp;", "&")
    assert parse_qs(urlsplit(join).query)["offer"] == ["off_1&x=1"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "address"),
    [
        ("address", "javascript:alert(1)"),
        ("address", "http://shop.example/"),
        ("address", "otherapp://join"),
        ("store_address", "https://x@evil.example/"),
    ],
)
def test_a_target_is_https_or_an_app_of_ours(field: str, address: str) -> None:
    landing = Landing.objects.create(campaign=make_shop_campaign())
    good = {"address": "https://shop.example/", field: address}
    with pytest.raises(ValidationError) as refused:
        Target(landing=landing, platform="ios", **good).full_clean()
    assert list(refused.value.message_dict) == [field]


# What it looks like.


def read(picture: bytes) -> list[str]:
    """What the QR codes in a picture say."""
    opened = Image.open(io.BytesIO(picture)).convert("RGB")
    return [found.text for found in zxingcpp.read_barcodes(opened)]


@pytest.mark.parametrize("level", ["L", "M", "Q", "H"])
def test_a_qr_code_is_read_back(level: str) -> None:
    address = "https://shop.example/s/0123456789abcd"
    assert read(qr.png(qr.Code(address, level))) == [address]


def test_a_qr_code_with_a_logo_is_read_back(phone: Client) -> None:
    link = make_link("ann")
    logo = logo_from(make_picture(size=(400, 400), colour="#b93a0c"))
    Landing.objects.create(campaign=link.participant.campaign, logo=logo)
    plain = qr.png(qr.Code(f"http://testserver/s/{link.code}"))
    drawn = phone.get(f"/s/{link.code}/qr.png?level=L").content
    assert drawn != plain
    assert read(drawn) == [f"http://testserver/s/{link.code}"]
    assert read(phone.get(f"/s/{link.code}/poster.png").content) == read(plain)
    svg = phone.get(f"/s/{link.code}/qr.svg").content.decode()
    assert "data:image/png;base64," in svg
    assert "http://testserver" not in svg  # a picture names no address to be fetched


@pytest.mark.parametrize("level", ["", "X", "LL", "%0d%0aa:b", "é"])
def test_an_unknown_level_is_the_usual_one(phone: Client, level: str) -> None:
    link = make_link()
    usual = phone.get(f"/s/{link.code}/qr.svg").content
    assert phone.get(f"/s/{link.code}/qr.svg?level={level}").content == usual


@pytest.mark.parametrize("name", ["ann", "安娜", "<script>alert(1)</script>", "‮evil", "n" * 64, ""])
def test_a_poster_and_a_card_of_anybody(phone: Client, name: str) -> None:
    link = make_link(name or "x", card_title="春茶 " * 30, ends_at=now() + DAY)
    address = f"http://testserver/s/{link.code}"
    poster = phone.get(f"/s/{link.code}/poster.png")
    card = phone.get(f"/s/{link.code}/card.png")
    assert Image.open(io.BytesIO(poster.content)).size == (750, 1200)
    assert Image.open(io.BytesIO(card.content)).size == (1200, 630)
    assert read(poster.content) == read(card.content) == [address]
    assert not Visit.objects.exists()


def test_a_poster_with_the_campaigns_picture(phone: Client) -> None:
    link = make_link("ann")
    picture = picture_from(make_picture("JPEG", (2000, 1000), "#00ff00"))
    Landing.objects.create(campaign=link.participant.campaign, picture=picture)
    poster = Image.open(io.BytesIO(phone.get(f"/s/{link.code}/poster.png").content)).convert("RGB")
    red, green, blue = poster.getpixel((375, 200))  # type: ignore[misc]
    assert green > 200 > red + blue


def test_a_rooms_link_has_its_rooms_poster(phone: Client) -> None:
    room = make_room("ann")
    link = make_link("bob", campaign=room.offer.campaign)
    Link.objects.update(room=room.public_id)
    answer = phone.get(f"/s/{link.code}/poster.png")
    assert answer["Location"] == f"/g/{room.public_id}/poster.png?link={link.code}"


def test_previews_find_a_card_and_leave_no_token(phone: Client) -> None:
    link = make_link("ann", card_title='"Tea" & <b>more</b>')
    agent = {"User-Agent": "facebookexternalhit/1.1"}
    page = phone.get(f"/s/{link.code}?utm_source=x", headers=agent).content.decode()
    head = page.split("</head>")[0]
    assert (
        '<meta property="og:title" content="&quot;Tea&quot; &amp; &lt;b&gt;more&lt;/b&gt;">' in head
    )
    assert f'og:image" content="http://testserver/s/{link.code}/card.png"' in head
    assert f'og:url" content="http://testserver/s/{link.code}"' in head
    assert '<meta name="twitter:card" content="summary_large_image">' in head
    assert "visit=" not in head


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF89a",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\x89PNG\r\n\x1a\n",
        b"x" * 100,
    ],
)
def test_what_is_no_picture(content: bytes) -> None:
    with pytest.raises(PictureRefused):
        logo_from(io.BytesIO(content))


def test_a_picture_too_large() -> None:
    with pytest.raises(PictureRefused, match="5 MB"):
        picture_from(io.BytesIO(b"x" * (5 * 1024 * 1024 + 1)))
    out = io.BytesIO()
    Image.new("1", (10_000, 10_000)).save(out, "PNG")
    with pytest.raises(PictureRefused, match="pixels"):
        picture_from(io.BytesIO(out.getvalue()))


def test_a_logo_keeps_nothing_but_its_pixels() -> None:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "where it was taken"
    Image.new("RGB", (600, 300), "red").save(out, "JPEG", exif=exif)
    logo = Image.open(io.BytesIO(logo_from(io.BytesIO(out.getvalue()))))
    assert logo.size == (256, 128)
    assert not logo.getexif()
    assert b"taken" not in logo_from(io.BytesIO(out.getvalue()))


def test_who_comes_again_takes_no_second_turn(phone: Client) -> None:
    link = make_partner_link(max_opens=1)
    said = [phone.get(f"/s/{link.code}").status_code for _ in range(3)]
    assert said == [200, 200, 200]
    assert phone.get(f"/s/{link.code}", REMOTE_ADDR="192.0.2.1").status_code == 410
    assert list(Visit.objects.order_by("pk").values_list("skipped", flat=True)) == [
        "",
        "repeat",
        "repeat",
    ]
