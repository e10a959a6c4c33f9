"""The sweeper looks campaigns over, tells what changed, and tells it once a day."""

import datetime as dt

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.campaigns.models import Campaign, Watch
from apps.campaigns.services import budget_reserve
from apps.core.models import Event
from apps.core.services import events_process
from apps.invites.models import CampaignOrder, Link, Participant
from apps.invites.selectors import Brought
from apps.invites.services import campaign_link
from apps.members.models import Member
from apps.orders.models import Order, Refund
from apps.reports.alert_rules import Alert
from apps.reports.selectors import watching
from apps.reports.services import alerting, campaign_rebuild
from apps.rewards.models import Grant
from apps.webhooks.models import Delivery
from apps.webhooks.services import endpoint_create
from tests.makers import make_campaign, make_key, make_member
from tests.reports.makers import DAY, a_forest

NOW = timezone.now


def told(kind: str = "alert.") -> list[str]:
    return list(Event.objects.filter(kind__startswith=kind).values_list("kind", flat=True))


def joined(campaign: Campaign, number: int, ago: dt.timedelta, link: Link | None = None) -> None:
    """So many people joined so long ago, by this link."""
    version = campaign.versions.latest("pk")
    members = Member.objects.bulk_create([Member() for _ in range(number)])
    by = link.participant if link else None
    Participant.objects.bulk_create(
        Participant(
            campaign=campaign,
            member=member,
            version=version,
            referrer=by,
            root=by,
            generation=1 if by else 0,
            link=link,
            circumstances={"channel": "moments"} if link else {},
            joined_at=NOW() - ago,
        )
        for member in members
    )


def ordered(campaign: Campaign, number: int, refunded: int, ago: dt.timedelta) -> None:
    """So many orders so long ago, so many of them refunded the day after."""
    member = make_member()
    person = Participant.objects.create(
        campaign=campaign,
        member=member,
        version=campaign.versions.latest("pk"),
        joined_at=NOW() - ago,
    )
    orders = Order.objects.bulk_create(
        Order(
            order_id=f"{member.pk}-{nth}",
            member=member,
            nth=nth,
            currency="CNY",
            paid_minor=100,
            occurred_at=NOW() - ago,
            fingerprint="-",
        )
        for nth in range(1, number + 1)
    )
    CampaignOrder.objects.bulk_create(
        CampaignOrder(campaign=campaign, order=order, participant=person) for order in orders
    )
    Refund.objects.bulk_create(
        Refund(
            order_id_reported=order.order_id,
            refund_id=refund_id,
            order=order,
            asked={},
            occurred_at=NOW() - ago + DAY,
        )
        for order in orders[:refunded]
        for refund_id in ("r1", "engine:rfo_x")
    )


@pytest.fixture
def campaign(db: None) -> Campaign:
    return make_campaign(starts_at=NOW() - 30 * DAY, budget_minor=100_000)


def test_a_quiet_campaign_is_looked_over_once_an_hour_and_nothing_is_told(
    campaign: Campaign,
) -> None:
    make_campaign(starts_at=NOW() - DAY / 2)  # too young
    assert alerting.alerts_find() == 1
    assert alerting.alerts_find() == 0
    Watch.objects.update(looked_at=NOW() - 2 * alerting.EVERY)
    assert alerting.alerts_find() == 1
    assert told() == []
    Campaign.objects.update(status="ended")
    Watch.objects.all().delete()
    assert alerting.alerts_find() == 0


def test_a_look_that_fails_waits_for_the_next_turn(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = make_campaign(starts_at=NOW() - 30 * DAY)
    tried: list[int] = []

    def fails(campaign: Campaign, *, now: dt.datetime) -> None:
        tried.append(campaign.pk)
        raise ValueError("odd figures")

    monkeypatch.setattr(watching, "burn_of", fails)
    for _ in range(3):
        assert alerting.alerts_find() == 0
    assert tried == [campaign.pk]


def test_a_burning_budget_is_told_once_a_day_and_webhooks_carry_it(campaign: Campaign) -> None:
    endpoint_create(url="https://shop.example/hooks", kinds=("alert.budget_burn",))
    assert budget_reserve(campaign_id=campaign.pk, cost_minor=60_000)
    Grant.objects.create(
        campaign=campaign,
        policy="pol_x",
        subject="s",
        beneficiary="member",
        member=make_member(),
        amount=1,
        full_cost_minor=60_000,
        cost_minor=60_000,
    )
    for _ in range(2):
        alerting.alerts_find()
        Watch.objects.update(looked_at=NOW() - 2 * alerting.EVERY)
        Grant.objects.update(cost_minor=59_000)  # the figures change, the alert stands
    [event] = Event.objects.filter(kind=Alert.BUDGET_BURN)
    assert event.payload["left_minor"] == 40_000
    assert event.payload["hours_left"] == 16.0
    assert event.payload["day"] in event.key
    events_process()
    assert Delivery.objects.filter(event=event).count() == 1


def test_the_day_is_the_campaigns(campaign: Campaign) -> None:
    campaign.time_zone = "Asia/Shanghai"
    evening = dt.datetime(2026, 11, 25, 17, tzinfo=dt.UTC)
    figures = {"hours_left": 1.0}
    first = alerting.alert_record(
        campaign=campaign, kind=Alert.BUDGET_BURN, figures=figures, now=evening
    )
    assert first is not None
    assert first.payload["day"] == "2026-11-26"
    again = {"campaign": campaign, "kind": Alert.BUDGET_BURN, "figures": {"hours_left": 2.0}}
    assert alerting.alert_record(**again, now=evening + DAY / 8) is None
    assert alerting.alert_record(**again, now=evening + DAY) is not None


def test_a_sudden_link_is_told_by_its_code(campaign: Campaign) -> None:
    ann = make_member("ann")
    link, _ = campaign_link(campaign=campaign, member_id=ann.pk, brought=Brought(), now=NOW())
    joined(campaign, 100, 3 * DAY)
    joined(campaign, 30, DAY / 2)
    joined(campaign, 40, DAY / 2, link)
    alerting.alerts_find()
    [event] = Event.objects.filter(kind__startswith="alert.")
    assert event.kind == Alert.SUDDEN_SOURCE
    assert (event.payload["link"], event.payload["people"], event.payload["of"]) == (
        link.code,
        40,
        71,  # and ann
    )
    _, channels = watching.sources_of(campaign, now=NOW())
    assert [source.name for source in channels.largest] == ["moments"]


def test_refunds_above_the_campaigns_own_norm(campaign: Campaign) -> None:
    ordered(campaign, 200, 4, 20 * DAY)
    ordered(campaign, 50, 12, 3 * DAY)
    alerting.alerts_find()
    [event] = Event.objects.filter(kind__startswith="alert.")
    assert event.kind == Alert.REFUNDS_HIGH
    assert (event.payload["refunded"], event.payload["orders"]) == (12, 50)


def test_a_new_campaign_is_held_against_the_shops_norm(campaign: Campaign) -> None:
    ordered(make_campaign(starts_at=NOW() - 60 * DAY), 150, 6, 20 * DAY)
    ordered(campaign, 50, 12, 3 * DAY)
    week, norm = watching.refunds_of(campaign, now=NOW())
    assert (norm.orders, norm.refunded, week.refunded) == (150, 6, 12)


def test_what_the_engine_asked_back_is_no_regret(campaign: Campaign) -> None:
    ordered(campaign, 50, 12, 3 * DAY)
    Refund.objects.filter(refund_id="r1").delete()
    week, _ = watching.refunds_of(campaign, now=NOW())
    assert (week.orders, week.refunded) == (50, 0)


def test_k_that_stops_is_told(campaign: Campaign) -> None:
    now = NOW()
    a_forest(campaign, began=now - 24 * DAY, until=now - 3 * DAY, seeds=400)
    campaign_rebuild(campaign_id=campaign.pk, now=now)
    pace = watching.pace_of(campaign, now=now)
    assert pace is not None
    assert pace.referees_before >= 20
    assert pace.recent.high < pace.before.low
    alerting.alerts_find()
    assert told() == [Alert.K_FELL]


def test_k_that_goes_on_is_not(campaign: Campaign) -> None:
    now = NOW()
    a_forest(campaign, began=now - 14 * DAY, until=now, seeds=400)
    campaign_rebuild(campaign_id=campaign.pk, now=now)
    alerting.alerts_find()
    assert told() == []


def test_the_front_page_lists_them(campaign: Campaign) -> None:
    figures = {
        Alert.K_FELL: {
            "k": {"value": 0.2, "low": 0.1, "high": 0.3},
            "before": {"value": 0.6, "low": 0.5, "high": 0.7},
            "days": 3,
        },
        Alert.BUDGET_BURN: {"left_minor": 4000, "last_day_minor": 6000, "hours_left": 16.0},
        Alert.SUDDEN_SOURCE: {
            "channel": "moments",
            "people": 40,
            "of": 71,
            "share": 0.5634,
            "share_before": 0.01,
        },
        Alert.REFUNDS_HIGH: {"refunded": 12, "orders": 50, "expected": 1.2, "share_usual": 0.02},
    }
    for kind, given in figures.items():
        alerting.alert_record(campaign=campaign, kind=kind, figures=given, now=NOW())
    client = Client()
    client.force_login(User.objects.create_superuser("olga"))
    page = client.get(reverse("admin:index")).content.decode()
    assert "K fell: 0.20 (0.10 to 0.30) in the last 3 days" in page
    assert "The budget lasts 16 more hours: ¥40.00 is left" in page
    assert "“moments” brought 40 of the 71" in page
    assert "12 orders were refunded in a week of 50 orders; 1.2 would be usual." in page
    client.force_login(User.objects.create_user("clerk", is_staff=True))
    assert "K fell" not in client.get(reverse("admin:index")).content.decode()


def test_the_shop_reads_them_page_by_page(campaign: Campaign) -> None:
    burn = {"left_minor": 4000, "last_day_minor": 6000, "hours_left": 16.0}
    other = make_campaign()
    for of, kind, ago in (
        (campaign, Alert.BUDGET_BURN, DAY),
        (campaign, Alert.BUDGET_BURN, 0 * DAY),
        (other, Alert.BUDGET_BURN, 0 * DAY),
    ):
        alerting.alert_record(campaign=of, kind=kind, figures=burn, now=NOW() - ago)
    shop = Client(headers={"Authorization": f"Bearer {make_key()}"})
    path = f"/api/v1/campaigns/{campaign.public_id}/alerts"
    page = shop.get(path, {"limit": 1}).json()
    [latest] = page["results"]
    [earlier] = shop.get(page["next"]).json()["results"]
    event = Event.objects.get(key=latest["id"])
    assert latest == {
        "type": "alert.budget_burn",
        "id": event.key,
        "timestamp": latest["timestamp"],
        "data": event.payload,
    }
    assert latest["data"]["campaign"] == earlier["data"]["campaign"] == campaign.public_id
    assert latest["data"]["day"] > earlier["data"]["day"]
    assert Client().get(path).status_code == 401
    lacking = Client(headers={"Authorization": f"Bearer {make_key(scopes=['orders'])}"})
    assert lacking.get(path).status_code == 403
    assert shop.get("/api/v1/campaigns/cmp_x/alerts").status_code == 404
