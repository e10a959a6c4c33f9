"""When a link opens, what a code may look like, and where an address may lead."""

import datetime as dt
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core import ids
from apps.invites.rules import (
    CODE_LONGEST,
    CampaignTerms,
    LinkTerms,
    Platform,
    Standing,
    address_problem,
    code_meant,
    code_problem,
    filled,
    line_problem,
    next_change,
    platform_of,
    standing,
    utm_of,
)

NOW = dt.datetime(2026, 5, 4, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
RUNNING = CampaignTerms(starts_at=NOW - DAY, ends_at=NOW + DAY)


@pytest.mark.parametrize(
    ("link", "campaign", "expected"),
    [
        (LinkTerms(), RUNNING, "opens"),
        (LinkTerms(starts_at=NOW), RUNNING, "opens"),
        (LinkTerms(starts_at=NOW + DAY), RUNNING, "not_yet"),
        (LinkTerms(expires_at=NOW), RUNNING, "expired"),
        (LinkTerms(expires_at=NOW + DAY), RUNNING, "opens"),
        (LinkTerms(max_opens=4), RUNNING, "opens"),
        (LinkTerms(max_opens=3), RUNNING, "exhausted"),
        (LinkTerms(revoked=True, expires_at=NOW, max_opens=1), RUNNING, "revoked"),
        (LinkTerms(expires_at=NOW, max_opens=1), RUNNING, "expired"),
        (LinkTerms(), CampaignTerms(NOW - DAY, ends_at=NOW), "ended"),
        (LinkTerms(expires_at=NOW), CampaignTerms(NOW - DAY, over=True), "ended"),
        (LinkTerms(expires_at=NOW), CampaignTerms(NOW - DAY, halted=True), "expired"),
        (LinkTerms(starts_at=NOW + DAY), CampaignTerms(NOW - DAY, halted=True), "paused"),
        (LinkTerms(), CampaignTerms(NOW + DAY), "early"),
        (LinkTerms(), CampaignTerms(NOW + DAY, shown_from=NOW), "opens"),
        (LinkTerms(), CampaignTerms(NOW + DAY, over=True), "ended"),
    ],
)
def test_what_opening_does(link: LinkTerms, campaign: CampaignTerms, expected: str) -> None:
    assert standing(link, campaign, now=NOW, opens=3) == expected


moments = st.none() | st.sampled_from([NOW - DAY, NOW, NOW + DAY])
links = st.builds(LinkTerms, st.booleans(), moments, moments, st.none() | st.integers(1, 4))


@given(links, st.integers(0, 5), st.integers(0, 72))
def test_a_link_that_is_over_stays_over(link: LinkTerms, opens: int, later: int) -> None:
    before = standing(link, RUNNING, now=NOW, opens=opens)
    after = standing(link, RUNNING, now=NOW + dt.timedelta(hours=later), opens=opens + later)
    if before in (Standing.REVOKED, Standing.EXPIRED, Standing.EXHAUSTED):
        assert after not in (Standing.OPENS, Standing.NOT_YET)


@given(links, st.integers(0, 5))
def test_it_opens_exactly_inside_its_terms(link: LinkTerms, opens: int) -> None:
    inside = (
        not link.revoked
        and (link.starts_at is None or link.starts_at <= NOW)
        and (link.expires_at is None or link.expires_at > NOW)
        and (link.max_opens is None or opens < link.max_opens)
    )
    opened = standing(link, RUNNING, now=NOW, opens=opens) is Standing.OPENS
    assert opened == inside


shapes = st.builds(CampaignTerms, st.sampled_from([NOW - DAY, NOW + DAY / 2]), moments, moments)


@given(links, shapes, st.integers(0, 5), st.integers(0, 60))
def test_until_its_next_change_a_link_stays_as_it_is(
    link: LinkTerms, campaign: CampaignTerms, opens: int, later: int
) -> None:
    at = NOW + dt.timedelta(hours=later)
    changes = next_change(link, campaign, now=NOW)
    if changes is None or at < changes:
        before = standing(link, campaign, now=NOW, opens=opens)
        assert standing(link, campaign, now=at, opens=opens) == before


def test_a_drawn_code_has_70_bits_and_fits_a_scene() -> None:
    alphabet = ids._CODE_ALPHABET
    assert len(set(alphabet)) == len(alphabet) == 32
    assert not set(alphabet) & set("ilou")  # read out or typed, none passes for another
    assert len(alphabet) ** ids.CODE_LENGTH >= 2**64
    drawn = [ids.new_code() for _ in range(2000)]
    assert len(set(drawn)) == len(drawn)
    assert all(len(code) == ids.CODE_LENGTH <= CODE_LONGEST == 32 for code in drawn)
    # Every place takes every character: no bit is lost to how they are drawn.
    for place in zip(*drawn, strict=True):
        assert set(place) == set(alphabet)


@pytest.mark.parametrize("code", ["ann-tea", "spring26", "0000", "a" * 32, "a-b-c"])
def test_codes_to_choose(code: str) -> None:
    assert code_problem(code) == ""


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("", "4 to 32"),
        ("abc", "4 to 32"),
        ("a" * 33, "4 to 32"),
        ("Ann-tea", "small letters"),
        ("ann_tea", "small letters"),
        ("-ann", "small letters"),
        ("ann--tea", "small letters"),
        ("änn-tea", "small letters"),
        ("１２３４", "small letters"),
        ("ann/tea", "small letters"),
        ("ann\r\nset-cookie", "small letters"),
        ("ann-tea\n", "small letters"),
        ("admin", "reserved"),
        ("tea-official", "reserved"),
    ],
)
def test_codes_that_cannot_be_chosen(code: str, says: str) -> None:
    assert says in code_problem(code)


def test_a_code_may_be_typed_with_capitals() -> None:
    assert code_meant(" Ann-Tea\n") == "ann-tea"


@pytest.mark.parametrize(
    "text", ["a\nb", "a\rb", "a\0b", "a\x1bb", "a\u202eb", "a\u2028b", "\ud800"]
)
def test_a_label_is_one_printable_line(text: str) -> None:
    assert line_problem(text)


def test_a_label_may_be_in_any_language() -> None:
    assert line_problem("南京西路店 №3, “tea”") == ""


SCHEMES = frozenset({"weixin", "shopapp"})


@pytest.mark.parametrize(
    "address",
    [
        "https://shop.example/join",
        "https://shop.example/join?visit={visit}#{code}",
        "weixin://dl/business/?appid=wx1&path=pages/join&query={query}",
        "shopapp://join/{code}",
    ],
)
def test_addresses_that_may_be_targets(address: str) -> None:
    assert address_problem(address, SCHEMES) == ""


@pytest.mark.parametrize(
    "address",
    [
        "http://shop.example/join",
        "javascript:alert(1)",
        "JavaScript://shop.example/%0aalert(1)",
        "data:text/html,x",
        "//evil.example",
        "/join",
        "otherapp://join",
        "https://",
        "https:shop.example",
        "https://shop.example@evil.example/",
        "https://{code}.evil.example/",
        "https://shop.example:{code}/",
        "https://shop.example/{else}",
        "https://shop.example/{visit",
        "https://shop.example/a b",
        "https://shop.example/\r\nSet-Cookie:x",
        "https://shop.example\\@evil.example",
        "https://shöp.example/",
        "https://[::1/",
        'https://shop.example/"onclick="x',
    ],
)
def test_addresses_that_may_not(address: str) -> None:
    assert address_problem(address, SCHEMES)


def test_what_is_carried_goes_into_its_places_or_the_query() -> None:
    carried = {"visit": "v.1:x", "room": "", "utm_source": "a&b=c"}
    assert filled("https://s.example/j?a=1#top", carried, code="tea") == (
        "https://s.example/j?a=1&visit=v.1%3Ax&utm_source=a%26b%3Dc#top"
    )
    place = "app://j/{code}?r={room}&v={visit}"
    assert filled(place, carried, code="tea") == "app://j/tea?r=&v=v.1%3Ax"
    store = filled("https://play.example/a?referrer={query}", carried)
    told = parse_qs(urlsplit(store).query)["referrer"][0]
    assert parse_qs(told) == {"visit": ["v.1:x"], "utm_source": ["a&b=c"]}
    assert filled("", carried) == ""
    assert filled("https://s.example/{code}", {}) == "https://s.example/"


awkward = st.text(max_size=20) | st.sampled_from(
    ["//evil.example", "\r\nLocation: x", "{query}", "@evil.example", "#", "?", "..", "%0a"]
)


@given(st.fixed_dictionaries({"visit": awkward, "code": awkward, "utm_source": awkward}))
def test_no_value_changes_where_an_address_leads(carried: dict[str, str]) -> None:
    try:
        "".join(carried.values()).encode()
    except UnicodeEncodeError:
        return
    for address in ("https://s.example/j", "https://s.example/j/{code}?v={visit}&q={query}"):
        led = filled(address, carried, code=carried["code"])
        parts = urlsplit(led)
        assert (parts.scheme, parts.netloc) == ("https", "s.example")
        assert parts.path.startswith("/j")
        assert parts.fragment == ""
        assert led.isascii()
        assert not any(character.isspace() for character in led)


def test_campaign_parameters_are_known_names_in_one_order() -> None:
    query = "utm_medium=chat&utm_evil=1&visit=x&utm_source=%E5%BE%AE&utm_term=&utm_content=a%0d%0ab"
    assert utm_of(query) == (("utm_source", "微"), ("utm_medium", "chat"))
    assert utm_of("utm_source=" + "x" * 300) == (("utm_source", "x" * 100),)
    assert utm_of("visit=x") == ()
    assert utm_of("&".join(f"a{n}=1" for n in range(500)) + "&utm_source=y") == (
        ("utm_source", "y"),
    )


@pytest.mark.parametrize(
    ("agent", "platform"),
    [
        ("Mozilla/5.0 (iPhone; …) MicroMessenger/8.0.49", Platform.WECHAT),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Safari/604.1", Platform.IOS),
        ("Mozilla/5.0 (Linux; Android 14; Pixel 8) Chrome/126", Platform.ANDROID),
        ("Mozilla/5.0 (Phone; OpenHarmony 4.1) ArkWeb/4.1", Platform.ANDROID),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) Safari/605", Platform.DESKTOP),
        ("", Platform.DESKTOP),
    ],
)
def test_platforms(agent: str, platform: Platform) -> None:
    assert platform_of(agent) is platform
