"""Two variants of a campaign side by side: the report's figures, each of its own people."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.campaigns.models import Campaign
from apps.invites.models import Participant
from apps.reports.selectors import whole_report
from apps.reports.selectors.variants import versus
from apps.reports.services import campaign_rebuild
from apps.reports.viral.figures import Reason
from tests.makers import make_campaign, make_key
from tests.reports.makers import DAY
from tests.reports.test_experiment import a_test, bought, grown, people, rewarded

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign() -> Campaign:
    """“a” brings twice as many per seed as “b”, who have bought more; “c” is the holdout."""
    made = a_test("a", "b", "c", holdout="c")
    for variant, brought in (("a", 80), ("b", 40), ("c", 30)):
        grown(made, variant, 100, brought)
    people(made, 3, ago=DAY, below=[], variant="a")  # too young
    seeds = Participant.objects.filter(campaign=made, referrer=None, variant="b").order_by("pk")
    for seed in seeds[:60]:
        bought(made, seed, 500, ago=29 * DAY)
    rewarded(made, seeds[0], 120, ago=29 * DAY)
    Participant.objects.filter(variant="b", generation=1).update(crossed=True)
    campaign_rebuild(campaign_id=made.pk, now=timezone.now())
    return made


def test_each_has_its_own_figures(campaign: Campaign) -> None:
    now = timezone.now()
    found = versus(campaign, "a", "b", now=now)
    a, b = found.first, found.second
    assert [(of.participants, of.seeds, of.mature, of.waiting) for of in (a, b)] == [
        (183, 103, 100, 3),
        (140, 100, 100, 0),
    ]
    assert (a.spreading.seeds.referees, b.spreading.seeds.referees) == (80, 40)
    assert [step.count for step in b.chain.steps if step.name == "confirmed"] == [40]
    assert (a.rewards_minor, b.rewards_minor) == (0, 120)
    assert b.reward.value == 3
    assert a.per_seed.conversions.value == 0.8
    low, high = a.per_seed.conversions.low, a.per_seed.conversions.high
    assert low is not None
    assert high is not None
    assert 0.5 < low < 0.8 < high < 1.1
    assert b.per_seed.net.value == (60 * 500 - 120) / 100
    assert found.difference.conversions.value == pytest.approx(-0.4)
    assert found.verdict == "“a” brings more people per seed than “b”"
    assert found.verdict_on_net == "“b” earns more per seed than “a”"
    assert found.crossed == 40
    whole = whole_report(campaign, now=now)
    sides = (a, b, versus(campaign, "c", "a", now=now).first)
    assert sum(of.participants for of in sides) == whole.people.participants
    assert sum(of.spreading.seeds.referees for of in sides) == whole.spreading.seeds.referees


def test_of_pairs_one_may_choose_each_takes_its_part(campaign: Campaign) -> None:
    """The interval of a pair is wider than that of two variants who are all there is."""
    three = versus(campaign, "a", "b", now=timezone.now()).difference.conversions
    Participant.objects.filter(campaign=campaign, variant="c").update(variant="a")
    campaign.variants.filter(key="c").delete()
    two = versus(campaign, "b", "a", now=timezone.now()).difference.conversions
    assert three.high is not None
    assert three.low is not None
    assert two.high is not None
    assert two.low is not None
    assert three.high - three.low > two.high - two.low


def test_over_the_api(campaign: Campaign) -> None:
    path = f"/api/v1/campaigns/{campaign.public_id}/experiment/compare"
    shop = Client(headers={"Authorization": f"Bearer {make_key()}"})
    told = shop.get(path, {"first": "a", "second": "b"}).json()
    assert told["difference"]["conversions"]["value"] == pytest.approx(-0.4)
    assert told["first"]["k_of_seeds"]["value"] > told["second"]["k_of_seeds"]["value"]
    assert told["first"]["k"]["reason"]
    assert "drawn into a variant" in told["caveat"]
    for asked, pointer in (
        ({"first": "a"}, "/second"),
        ({"first": "x", "second": "a"}, "/first"),
        ({"first": "a", "second": "a"}, "/second"),
    ):
        answer = shop.get(path, asked)
        assert answer.status_code in (400, 422)
        assert answer.json()["errors"][0]["pointer"] == pointer
    nothing = f"/api/v1/campaigns/{make_campaign().public_id}/experiment/compare"
    assert shop.get(nothing, {"first": "a", "second": "b"}).json()["code"] == "variant_unknown"


def test_in_the_admin(admin_client: Client, campaign: Campaign) -> None:
    page = reverse("admin:campaigns_campaign_report_compare", args=[campaign.pk])
    assert "Or two of its variants" in admin_client.get(page).content.decode()
    said = admin_client.get(page, {"first": "a", "second": "b"}).content.decode()
    assert "“a” brings more people per seed than “b”" in said
    assert "40 people met a variant" in said
    assert "Those whose attribution window is over" in said
    for table in ("compared", "counts", "funnel", "people", "money"):
        file = reverse(
            "admin:campaigns_campaign_report_compare_file", args=[campaign.pk, f"{table}.csv"]
        )
        assert f"{file}?first=a&amp;second=b" in said
        assert admin_client.get(file, {"first": "a", "second": "b"}).status_code == 200
    printed = admin_client.get(f"{page}/print", {"first": "a", "second": "b"}).content.decode()
    assert "The variants “a” and “b” beside each other" in printed
    wrong = admin_client.get(page, {"first": "a", "second": "x"})
    assert (wrong.status_code, "second is one of a, b, c." in wrong.content.decode()) == (200, True)
    alone = make_campaign()
    page = reverse("admin:campaigns_campaign_report_compare", args=[alone.pk])
    assert "variants" not in admin_client.get(page).content.decode().split("<form")[-1]


def test_nobody_yet() -> None:
    found = versus(a_test("a", "b"), "a", "b", now=timezone.now())
    assert found.first.per_seed.conversions.reason is Reason.NOT_APPLICABLE
    assert found.difference.net.reason is Reason.TOO_EARLY
    assert found.verdict == "no decision yet"
