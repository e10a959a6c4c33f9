"""The shop makes links for a partner and a store; each has figures of its own."""

import datetime as dt
from typing import Any

import httpx
import pytest

from apps.invites.models import Link
from apps.invites.rules import LinkKind
from tests.flows.client import Caller, Phone, Shop, accepted, assert_refused, at
from tests.makers import make_campaign, make_key, now


@pytest.fixture
def campaign(shop: Shop) -> str:
    return str(make_campaign(shop_url="https://shop.example/join").public_id)


def make(shop: Shop, campaign: str, phone: Phone, **terms: Any) -> dict[str, Any]:
    body = {"campaign": campaign, "member": phone.name, **terms}
    return dict(accepted(shop.post("/links", body)))


def listed(shop: Shop, query: str = "") -> list[dict[str, Any]]:
    return list(shop.get(f"/links{query}")["results"])


def test_each_link_has_figures_of_its_own(
    shop: Shop, campaign: str, ann: Phone, bob: Phone, cleo: Phone
) -> None:
    stream = make(shop, campaign, ann, kind="live", reference="2026-11-25", label="Evening stream")
    store = make(shop, campaign, ann, kind="store", reference="Nanjing Rd", code="tea-nanjing")
    own = ann.link(campaign)
    assert len({stream["code"], store["code"], own}) == 3
    assert accepted(bob.join(campaign, visit_token=bob.visit(stream["code"])))["brought"]
    shop.paid(bob)
    shop.paid(bob)
    cleo.visit(stream["code"])
    dora = shop.phone("dora")
    accepted(dora.join(campaign, code="TEA-Nanjing"))
    figures = {row["code"]: row["figures"] for row in listed(shop)}
    assert figures == {
        stream["code"]: {"opens": 2, "joined": 1, "orders": 2},
        "tea-nanjing": {"opens": 0, "joined": 1, "orders": 0},
        own: {"opens": 0, "joined": 0, "orders": 0},
    }
    assert [row["code"] for row in listed(shop, "?kind=live")] == [stream["code"]]
    assert [row["code"] for row in listed(shop, "?reference=Nanjing%20Rd")] == ["tea-nanjing"]
    assert len(listed(shop, f"?member={ann.name}&campaign={campaign}")) == 3
    assert listed(shop, "?member=nobody") == []
    assert [row["standing"] for row in listed(shop, "?code=tea-nanjing")] == ["opens"]


def test_a_members_own_link_stays_one(shop: Shop, campaign: str, ann: Phone) -> None:
    make(shop, campaign, ann, kind="partner")
    body = accepted(ann.put(f"/campaigns/{campaign}/link"))
    assert ann.link(campaign) == body["code"]
    assert body["url"].endswith(f"/s/{body['code']}")
    assert body["qr_url"].endswith("/qr.png")
    assert body["poster_url"].endswith("/poster.png")
    assert len(listed(shop)) == 2


def test_a_retry_makes_no_second_link(shop: Shop, campaign: str, ann: Phone) -> None:
    body = {"campaign": campaign, "member": ann.name}
    first, again = (accepted(shop.post("/links", body, key="k1")) for _ in range(2))
    assert first == again
    assert len(listed(shop)) == 1


@pytest.mark.parametrize(
    ("terms", "status", "code", "pointer"),
    [
        ({"code": "Admin"}, 422, "link_refused", "/code"),
        ({"code": "a b"}, 422, "link_refused", "/code"),
        ({"code": "a-code\r\nset-cookie: x"}, 422, "link_refused", "/code"),
        ({"label": "a\u2028b"}, 422, "link_refused", "/label"),
        ({"kind": "shop"}, 422, "invalid", "/kind"),
        ({"max_opens": 0}, 422, "invalid", "/max_opens"),
        ({"expires_at": "2001-01-01T00:00:00Z"}, 422, "link_refused", "/expires_at"),
        ({"afterwards": "https://evil.example"}, 422, "invalid", "/afterwards"),
        ({"member": "nobody"}, 404, "member_unknown", "/member"),
        ({"campaign": "cmp_nope"}, 404, "campaign_unknown", None),
    ],
)
def test_what_no_link_can_be(
    shop: Shop,
    campaign: str,
    ann: Phone,
    terms: dict[str, Any],
    status: int,
    code: str,
    pointer: str | None,
) -> None:
    body = {"campaign": campaign, "member": ann.name, **terms}
    assert_refused(shop.post("/links", body), status, code, pointer)
    assert listed(shop) == []


def test_a_code_is_had_once(shop: Shop, campaign: str, ann: Phone, bob: Phone) -> None:
    make(shop, campaign, ann, code="tea-time")
    body = {"campaign": campaign, "member": bob.name, "code": "tea-time"}
    assert_refused(shop.post("/links", body), 409, "code_taken", "/code")
    assert len(listed(shop)) == 1


def test_a_revoked_link_brings_nobody(shop: Shop, campaign: str, ann: Phone, bob: Phone) -> None:
    link = make(shop, campaign, ann)
    token = bob.visit(link["code"])
    revoked = accepted(shop.post(f"/links/{link['code']}/revoke"), 200)
    assert (revoked["standing"], revoked["revoked_at"] is not None) == ("revoked", True)
    again = accepted(shop.post(f"/links/{link['code']}/revoke"), 200)
    assert again["revoked_at"] == revoked["revoked_at"]
    assert_refused(bob.post("/visits", {"code": link["code"]}), 410, "link_revoked")
    assert not accepted(bob.join(campaign, visit_token=token))["brought"]


def test_unknown_codes_and_those_of_the_other_mode_are_answered_alike(
    shop: Shop, campaign: str, ann: Phone, http: httpx.Client
) -> None:
    link = make(shop, campaign, ann)
    other = Shop(http, make_key(is_test=True))
    answers = [
        other.post(f"/links/{code}/revoke") for code in (link["code"], "nosuchcode", "x" * 99)
    ]
    assert len({(answer.status_code, answer.text) for answer in answers}) == 1
    assert_refused(answers[0], 404, "link_unknown")
    assert listed(other) == []


def test_phones_and_strangers_make_no_links(
    shop: Shop, campaign: str, ann: Phone, http: httpx.Client
) -> None:
    body = {"campaign": campaign, "member": ann.name}
    assert_refused(ann.post("/links", body), 403, "forbidden")
    assert_refused(Caller(http).post("/links", body), 401, "unauthenticated")
    poor = Shop(http, make_key(scopes=["orders"]))
    assert_refused(poor.post("/links", body), 403, "forbidden")
    assert_refused(poor.ask("GET", "/links"), 403, "forbidden")


def test_links_that_do_not_open_say_so_to_a_mini_program(
    shop: Shop, campaign: str, ann: Phone, bob: Phone
) -> None:
    later = at(dt.datetime.now(dt.UTC) + dt.timedelta(days=1))
    early = make(shop, campaign, ann, starts_at=later)
    assert early["standing"] == "not_yet"
    assert_refused(bob.post("/visits", {"code": early["code"]}), 409, "link_not_yet")
    once = make(shop, campaign, ann, max_opens=1, label="for one")
    bob.visit(once["code"])
    assert_refused(shop.post("/visits", {"code": once["code"]}), 410, "link_exhausted")
    assert [row["standing"] for row in listed(shop, f"?code={once['code']}")] == ["exhausted"]


def test_a_code_typed_too_late_brings_nobody_but_a_visit_in_time_does(
    shop: Shop, campaign: str, ann: Phone, bob: Phone, cleo: Phone
) -> None:
    link = make(shop, campaign, ann, code="tea-time")
    token = bob.visit("tea-time")
    Link.objects.filter(code=link["code"]).update(expires_at=now())
    assert_refused(cleo.join(campaign, code="tea-time"), 409, "link_out_of_time", "/code")
    assert accepted(bob.join(campaign, visit_token=token))["brought"]


def test_a_list_asks_few_questions(shop: Shop, campaign: str, ann: Phone) -> None:
    for number in range(5):
        make(shop, campaign, ann, label=str(number))
    page = shop.get("/links?limit=2")
    assert [row["label"] for row in page["results"]] == ["4", "3"]
    assert page["next"]
    assert {kind.value for kind in LinkKind} >= {row["kind"] for row in page["results"]}
    assert_refused(shop.ask("GET", "/links?kind=nonsense"), 422, "invalid", "/kind")
