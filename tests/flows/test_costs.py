"""The shop tells what a campaign cost and what its goods leave; the report says whether it paid."""

from collections.abc import Callable

from apps.campaigns.models import CampaignCost
from tests.flows.client import Phone, Shop, accepted, assert_refused
from tests.makers import make_campaign, make_key

ADS = {"kind": "ads", "amount_minor": 1200, "currency": "CNY", "first_day": "2026-11-20"}


def test_a_cost_is_entered_once_and_taken_back_once(shop: Shop) -> None:
    campaign = make_campaign().public_id
    costs = f"/campaigns/{campaign}/costs"
    told = {**ADS, "last_day": "2026-11-24", "note": "Moments"}
    first = accepted(shop.post(costs, told, key="ads-1"))
    assert accepted(shop.post(costs, told, key="ads-1")) == first
    assert (first["amount_minor"], first["last_day"]) == (1200, "2026-11-24")
    assert first["entered_by"].startswith("key")
    back = accepted(shop.post(f"{costs}/{first['id']}/reverse", {"note": "a mistake"}))
    assert (back["amount_minor"], back["reverses"]) == (-1200, first["id"])
    assert_refused(
        shop.post(f"{costs}/{first['id']}/reverse", {"note": "again"}), 409, "cost_already_reversed"
    )
    assert_refused(
        shop.post(f"{costs}/{back['id']}/reverse", {"note": "no"}), 409, "cost_is_reversal"
    )
    listed = shop.get(costs)["results"]
    assert [row["id"] for row in listed] == [back["id"], first["id"]]
    assert listed[1]["reversed_by"] == back["id"]
    assert CampaignCost.objects.count() == 2


def test_what_is_wrong_with_a_cost_is_named(shop: Shop) -> None:
    costs = f"/campaigns/{make_campaign().public_id}/costs"
    for change, code, field in (
        ({"amount_minor": 0}, "invalid", "/amount_minor"),
        ({"kind": "bribes"}, "invalid", "/kind"),
        ({"currency": "EUR"}, "currency_mismatch", "/currency"),
        ({"first_day": "yesterday"}, "invalid", "/first_day"),
        ({"first_day": "1900-01-01"}, "cost_days_odd", "/first_day"),
        ({"last_day": "2026-11-19"}, "cost_days_odd", "/last_day"),
        ({"last_day": "2099-11-19"}, "cost_days_odd", "/last_day"),
    ):
        assert_refused(shop.post(costs, {**ADS, **change}), 422, code, field)
    assert_refused(shop.post("/campaigns/cmp_none/costs", ADS), 404, "campaign_unknown")
    assert_refused(shop.post(f"{costs}/cst_none/reverse", {"note": "?"}), 404, "cost_unknown")
    assert shop.get(costs)["results"] == []


def test_a_cost_needs_the_scope(shop: Shop) -> None:
    other = Shop(shop._http, make_key(scopes=("orders",)))
    costs = f"/campaigns/{make_campaign().public_id}/costs"
    assert_refused(other.post(costs, ADS), 403, "forbidden")


def test_the_report_says_whether_it_paid(shop: Shop, ann: Phone, drain: Callable[[], None]) -> None:
    campaign = make_campaign(enrolment="everyone").public_id
    line = {"line_id": "1", "sku": "tea", "quantity": 1, "amount_minor": 5000}
    shop.paid(ann, lines=[{**line, "cost_minor": 2000}])
    again = shop.paid(ann, lines=[{**line, "margin_minor": 1000}])
    shop.paid(ann, lines=[{**line}])
    accepted(shop.post(f"/campaigns/{campaign}/costs", ADS))
    drain()
    pay = shop.get(f"/campaigns/{campaign}/report")["pay"]
    assert (pay["revenue_minor"], pay["margin_minor"], pay["costs_minor"]) == (15_000, 4000, 1200)
    assert pay["attributed_minor"]["value"] == 2790  # and ten points for joining
    assert pay["margin_known_share"]["value"] == 10_000 / 15_000
    assert pay["incremental_minor"]["reason"] == "n/a"
    accepted(shop.refund(again))
    drain()
    pay = shop.get(f"/campaigns/{campaign}/report")["pay"]
    assert (pay["margin_minor"], pay["attributed_minor"]["value"]) == (3000, 1790)


def test_a_line_has_a_margin_or_a_cost(shop: Shop, ann: Phone) -> None:
    line = {"line_id": "1", "sku": "tea", "quantity": 1, "amount_minor": 5000}
    both = shop.order("both", ann, lines=[{**line, "cost_minor": 1, "margin_minor": 1}])
    assert_refused(both, 422, "invalid", "/lines/0/cost_minor")
    order_id = shop.paid(ann, lines=[{**line, "cost_minor": 2000}])
    told = shop.report(order_id, ann, lines=[{**line, "cost_minor": 2001}])
    assert_refused(shop.post("/orders", told), 409, "order_conflict")
