"""The programme report for the shop's backend."""

import pytest

from apps.reports.models import Programme
from apps.reports.services import programme_ask, programme_compute
from tests.flows.client import Phone, Shop, assert_refused
from tests.makers import make_campaign, make_key, now

PATH = "/reports/programme"


@pytest.fixture
def computed(shop: Shop, ann: Phone, bob: Phone) -> Programme:
    """Ann brought bob, who bought twice."""
    campaign = make_campaign(enrolment="everyone").public_id
    ann.join(campaign)
    bob.join(campaign, code=ann.link(campaign))
    shop.paid(bob)
    shop.paid(bob, amount=100)
    programme_ask()
    programme_compute(now=now())
    return Programme.objects.get()


def test_the_latest_report(shop: Shop, computed: Programme) -> None:
    report = shop.get(PATH)
    month = report["members"][-1]
    assert month["by_source"] == {"campaign": 1, "member": 1}
    assert month["referred"]["value"] == 0.5
    assert month["referred"]["low"] < 0.5 < month["referred"]["high"]
    cohort = report["cohorts"][-1]
    assert (cohort["members"], cohort["orders"], cohort["kept_minor"]) == (1, 2, 5000)
    assert [cell["reason"] for cell in cohort["cells"]] == ["too early"] * 12
    assert report["worth"]["each_minor"]["reason"] == "too early"
    assert report["worth"]["each_minor"]["why"]
    assert report["computed_at"] >= report["as_of"]
    assert [step["step"] for step in report["chain"]["steps"]][0] == "acquisition"
    assert (report["measure"], report["currency"]) == ("revenue", "CNY")
    assert report == shop.get(PATH), "nothing is computed in the request"


def test_there_is_none_yet_and_none_of_test_members(shop: Shop, computed: Programme) -> None:
    testing = Shop(shop._http, make_key(is_test=True))
    assert_refused(testing.ask("GET", PATH), 404, "programme_unknown")
    Programme.objects.all().delete()
    programme_ask()
    assert_refused(shop.ask("GET", PATH), 404, "programme_unknown")


def test_who_may_ask(shop: Shop, ann: Phone) -> None:
    assert_refused(ann.ask("GET", PATH), 403, "forbidden")
    narrow = Shop(shop._http, make_key(scopes=["orders"]))
    assert_refused(narrow.ask("GET", PATH), 403, "forbidden")
