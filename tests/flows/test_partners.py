"""Kate is a partner: her terms are of a list, and her statement says what they came to."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.campaigns.models import Audience, AudienceSpell, Campaign
from apps.campaigns.rules import Beneficiary, Trigger
from apps.campaigns.services import audience_add, audience_remove, budget_change
from apps.coupons.models import Template
from apps.invites.services.links import MOST_CHANNELS
from tests.flows.client import Phone, Shop, accepted, assert_refused
from tests.makers import make_campaign, make_offer

Drain = Callable[[], None]

REFERRER = Beneficiary.REFERRER
TENTH = {"kind": "payable", "points": 0, "share_bps": 1000, "name": "partners"}


@pytest.fixture
def partners(committed: None) -> Audience:
    return Audience.objects.create(name="Partners")


@pytest.fixture
def campaign(partners: Audience) -> Campaign:
    """Partners get a tenth in money, everybody else ten points."""
    return make_campaign(
        (Trigger.ORDER_PAID, REFERRER, {**TENTH, "beneficiary_audience": partners}),
        (Trigger.ORDER_PAID, REFERRER, {"excluded_beneficiary_audience": partners}),
    )


@pytest.fixture
def kate(shop: Shop, partners: Audience) -> Phone:
    kate = shop.phone("kate")
    assert audience_add(audience_id=partners.pk, external_ids=["kate"]).changed == 1
    return kate


def buyer(shop: Shop, name: str, campaign: Campaign, code: str) -> Phone:
    """Somebody new whom a code brought."""
    phone = shop.phone(name)
    accepted(phone.join(campaign.public_id, code=code))
    return phone


def earned(phone: Phone) -> tuple[int, int]:
    """Points, and money with what was paid out."""
    balances = phone.get("/me/payouts")["balances"]
    return phone.wallet()[0], sum(row["due_minor"] for row in balances)


def test_the_terms_are_of_whoever_brings(
    shop: Shop, ann: Phone, kate: Phone, campaign: Campaign, drain: Drain
) -> None:
    bobs = shop.paid(buyer(shop, "bea", campaign, ann.link(campaign.public_id)), amount=1000)
    cleos = shop.paid(buyer(shop, "carl", campaign, kate.link(campaign.public_id)), amount=1000)
    drain()
    assert (earned(ann), earned(kate)) == ((10, 0), (0, 100))
    assert shop.refusals(bobs) == ["beneficiary_not_in_audience"]
    assert shop.refusals(cleos) == ["beneficiary_in_excluded_audience"]


def test_a_refund_keeps_to_the_terms_of_then(
    shop: Shop, kate: Phone, campaign: Campaign, partners: Audience, drain: Drain
) -> None:
    carl = buyer(shop, "carl", campaign, kate.link(campaign.public_id))
    before = shop.paid(carl, amount=1000)
    audience_remove(audience_id=partners.pk, external_ids=["kate"])
    accepted(shop.refund(before, amount_minor=500))
    shop.paid(carl, amount=1000)
    drain()
    assert earned(kate) == (10, 50)
    audience_add(audience_id=partners.pk, external_ids=["kate"])
    assert [spell.until is None for spell in AudienceSpell.objects.order_by("pk")] == [False, True]


def test_what_would_happen_knows_the_terms(shop: Shop, kate: Phone, campaign: Campaign) -> None:
    carl = buyer(shop, "carl", campaign, kate.link(campaign.public_id))
    asked = {"trigger": "order_paid", "member": "carl", "order": {"amount_minor": 1000}}
    seen = accepted(shop.post(f"/campaigns/{campaign.public_id}/preview", asked), 200)
    assert [(row["kind"], row["amount"]) for row in seen["awards"]] == [("payable", 100)]
    report = {**shop.report("dry", carl, amount=1000), "dry_run": True}
    dry = accepted(shop.post("/orders", report), 200)
    assert "payable" in str(dry)


def test_the_statement(
    shop: Shop, kate: Phone, campaign: Campaign, drain: Drain, ann: Phone
) -> None:
    own = kate.link(campaign.public_id)
    made = {
        "campaign": campaign.public_id,
        "member": "kate",
        "code": "kate-tea",
        "channel": "video",
    }
    accepted(shop.post("/links", made))
    for name, code in (("carl", own), ("dora", "kate-tea")):
        order = shop.paid(buyer(shop, name, campaign, code), amount=1000)
    drain()
    accepted(shop.refund(order, amount_minor=500))
    drain()
    told = shop.get("/members/kate/statement?limit=1")
    assert told["lists"] == ["Partners"]
    [place] = told["campaigns"]
    assert (place["links"], place["brought"], place["orders"], place["kept_minor"]) == (
        2,
        2,
        2,
        1500,
    )
    assert told["totals"] == [
        {"currency": "CNY", "earned_minor": 200, "taken_back_minor": 50, "left_minor": 150}
    ]
    assert told["balances"][0]["due_minor"] == 150
    assert len(told["results"]) == 1
    assert told["next"]
    mine = kate.get("/me/statement")
    assert len(mine["results"]) == 2
    assert "lists" not in mine
    assert "page_url" not in mine
    assert shop.get("/members/ann/statement")["results"] == []
    assert_refused(kate.ask("GET", "/members/kate/statement"), 403, "forbidden")


def test_what_she_pays_for(shop: Shop, kate: Phone, campaign: Campaign, drain: Drain) -> None:
    budget_change(campaign_id=campaign.pk, amount_minor=500, partner="kate")
    Template.objects.create(name="Kate's tea", partner="kate", currency="CNY", face_minor=100)
    shop.paid(buyer(shop, "carl", campaign, kate.link(campaign.public_id)), amount=1000)
    drain()
    told = kate.get("/me/statement")
    [budget] = told["budgets"]
    assert (budget["amount_minor"], budget["spent_minor"]) == (500, 100)
    assert [(row["name"], row["redeemed"]) for row in told["coupons"]] == [("Kate's tea", 0)]
    assert shop.get("/members/carl/statement")["budgets"] == []


def test_her_fees_are_on_her_statement_alone(
    shop: Shop, ann: Phone, kate: Phone, campaign: Campaign
) -> None:
    costs = f"/campaigns/{campaign.public_id}/costs"
    fee = {"kind": "partner_fee", "currency": "CNY", "first_day": "2026-02-28", "partner": "kate"}
    kept = accepted(shop.post(costs, {**fee, "amount_minor": 70_000, "note": "as Tom agreed"}))
    assert kept["partner"] == shop.get("/members/kate")["id"]
    wrong = accepted(shop.post(costs, {**fee, "amount_minor": 90_000}))
    accepted(shop.post(f"{costs}/{wrong['id']}/reverse", {"note": "mistyped"}))
    accepted(shop.post(costs, {**fee, "amount_minor": 5, "first_day": "2026-03-01"}))
    accepted(shop.post(costs, {**fee, "amount_minor": 6, "partner": "ann"}))
    february = "since=2026-02-01&until=2026-03-01"
    for told in (
        shop.get(f"/members/kate/statement?{february}"),
        kate.get(f"/me/statement?{february}"),
    ):
        [row] = told["fees"]
        assert (row["cost"], row["amount_minor"], row["name"]) == (kept["id"], 70_000, "Spring")
        assert "Tom" not in str(told)
    assert [row["amount_minor"] for row in ann.get(f"/me/statement?{february}")["fees"]] == [6]
    assert kate.get("/me/statement")["fees"] == []
    path = shop.get("/members/kate/statement")["page_url"].partition("/partner/")[2]
    page = Client().get(f"/partner/{path}?{february}").content.decode()
    assert ("¥700.00" in page, "¥900.00" in page, "Tom" in page) == (True, False, False)
    file = Client().get(f"/partner/{path}/earnings.csv?{february}")
    [line] = csv.DictReader(io.StringIO(b"".join(file).decode()))  # type: ignore[arg-type]
    assert (line["kind"], line["amount_minor"], line["reward"]) == ("fee", "70000", kept["id"])


def test_whose_a_fee_can_be(shop: Shop, kate: Phone, campaign: Campaign) -> None:
    costs = f"/campaigns/{campaign.public_id}/costs"
    ads = {"kind": "ads", "amount_minor": 1, "currency": "CNY", "first_day": "2026-02-28"}
    assert_refused(
        shop.post(costs, {**ads, "partner": "kate"}), 422, "cost_of_no_partner", "/partner"
    )
    nobody = {**ads, "kind": "partner_fee", "partner": "nobody"}
    assert_refused(shop.post(costs, nobody), 404, "member_unknown", "/partner")


def test_her_own_page_and_its_file(
    shop: Shop, kate: Phone, campaign: Campaign, drain: Drain, settings: Any
) -> None:
    carl = buyer(shop, "carl", campaign, kate.link(campaign.public_id))
    shop.paid(carl, amount=1000)
    drain()
    path = shop.get("/members/kate/statement")["page_url"].partition("/partner/")[2]
    client = Client()
    page = client.get(f"/partner/{path}")
    assert page.status_code == 200
    text = page.content.decode()
    assert ("Kate" in text, "¥1.00" in text, "Partners" in text) == (True, True, False)
    assert page["Referrer-Policy"] == "no-referrer"
    assert "no-store" in page["Cache-Control"]
    file = client.get(f"/partner/{path}/earnings.csv")
    rows = list(csv.DictReader(io.StringIO(b"".join(file).decode())))  # type: ignore[arg-type]
    assert [(row["amount_minor"], row["state"]) for row in rows] == [("100", "due")]
    assert client.get(f"/partner/{path}?since=nonsense").status_code == 200
    assert client.get(f"/partner/{path}x").status_code == 404
    settings.PARTNER_PAGE_DAYS = -1
    over = client.get(f"/partner/{path}")
    assert (over.status_code, "opens nothing any more" in over.content.decode()) == (404, True)


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ("since=yesterday", "/since"),
        ("until=2027-13-01", "/until"),
        ("since=2027-02-01&until=2027-01-01", "/until"),
        ("since=0001-01-01", "/since"),
    ],
)
def test_an_odd_period(shop: Shop, kate: Phone, asked: str, pointer: str) -> None:
    answer = shop.ask("GET", f"/members/kate/statement?{asked}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_a_link_of_my_own_for_each_channel(shop: Shop, ann: Phone, campaign: Campaign) -> None:
    path = f"/campaigns/{campaign.public_id}/link"
    plain = ann.link(campaign.public_id)
    made = [ann.put(path, {"channel": channel}) for channel in ("moments", "chat", "moments")]
    assert [answer.status_code for answer in made] == [201, 201, 200]
    codes = [answer.json()["code"] for answer in made]
    assert codes[0] == codes[2]
    assert len({plain, *codes}) == 3
    assert ann.link(campaign.public_id) == plain
    accepted(shop.phone("bea").post("/visits", {"code": codes[0]}))
    [row] = shop.get("/links?channel=moments")["results"]
    assert (row["code"], row["figures"]["opens"], row["kind"]) == (codes[0], 1, "member")
    for n in range(MOST_CHANNELS - 2):
        assert ann.put(path, {"channel": f"shelf-{n}"}).status_code == 201
    assert_refused(ann.put(path, {"channel": "video"}), 409, "channels_spent", "/channel")
    assert ann.put(path, {"channel": "chat"}).status_code == 200
    assert_refused(ann.put(path, {"channel": "a\nb"}), 422, "link_refused", "/channel")


def test_a_partners_link_to_a_room(shop: Shop, ann: Phone, kate: Phone, campaign: Campaign) -> None:
    room, seat = ann.open_room(make_offer(campaign, size=3).public_id)
    asked = {"member": "kate", "code": "kate-room", "channel": "video"}
    assert_refused(shop.post(f"/rooms/{room}/links", asked), 409, "room_not_open")
    shop.paid(ann, seat)
    made = accepted(shop.post(f"/rooms/{room}/links", asked))
    assert (made["room"], made["kind"], made["code"]) == (room, "partner", "kate-room")
    own = ann.put(f"/rooms/{room}/link", {"channel": "chat"}).json()["code"]
    assert own != ann.room_link(room)
    carl = shop.phone("carl")
    carl.seat(room, visit_token=carl.visit("kate-room"))
    assert [row["code"] for row in shop.get(f"/links?room={room}&kind=partner")["results"]] == [
        "kate-room"
    ]
    assert_refused(kate.post(f"/rooms/{room}/links", asked), 403, "forbidden")
    assert_refused(shop.post("/rooms/room_none/links", asked), 404, "room_unknown")
