"""How long after joining an act may still earn: the qualification window."""

import datetime as dt
from collections.abc import Callable

import pytest

from apps.campaigns.models import Campaign
from apps.campaigns.rules import Beneficiary, Trigger, qualifies
from apps.campaigns.services import campaign_publish
from apps.invites.models import Participant
from tests.flows.client import Phone, Shop, accepted, at
from tests.makers import make_campaign, now

WEEK = dt.timedelta(days=7)
PAID = (Trigger.ORDER_PAID, Beneficiary.REFERRER, {})


@pytest.mark.parametrize(
    ("days", "window", "yes"),
    [(0, WEEK, True), (6.999, WEEK, True), (7, WEEK, False), (-1, WEEK, True), (900, None, True)],
)
def test_the_window_is_half_open(days: float, window: dt.timedelta | None, yes: bool) -> None:
    joined_at = dt.datetime(2026, 5, 4, tzinfo=dt.UTC)
    acted_at = joined_at + dt.timedelta(days=days)
    assert qualifies(joined_at=joined_at, acted_at=acted_at, window=window) is yes


def joined_ago(days: float) -> None:
    """Everybody joined so many days ago."""
    Participant.objects.update(joined_at=now() - dt.timedelta(days=days))


def brought(shop: Shop, ann: Phone, bob: Phone, **given: object) -> Campaign:
    started = now() - dt.timedelta(days=60)
    campaign = make_campaign(PAID, starts_at=started, **given)  # type: ignore[arg-type]
    accepted(bob.join(campaign.public_id, code=ann.link(campaign.public_id)))
    return campaign


def test_an_order_inside_it_earns_and_a_later_one_says_why_not(
    shop: Shop, ann: Phone, bob: Phone, drain: Callable[[], None]
) -> None:
    brought(shop, ann, bob, qualification_window=WEEK)
    first = shop.paid(bob)
    drain()
    joined_ago(8)
    second = shop.paid(bob, occurred_at=at())
    drain()
    assert shop.refusals(first) == []
    assert shop.refusals(second) == ["too_long_after_joining"]
    assert len(shop.grants(ann)) == 1


def test_it_is_apart_from_the_attribution_window(
    shop: Shop, ann: Phone, bob: Phone, drain: Callable[[], None]
) -> None:
    brought(shop, ann, bob, attribution_window=dt.timedelta(hours=1), qualification_window=WEEK)
    joined_ago(3)
    shop.paid(bob)
    drain()
    assert len(shop.grants(ann)) == 1


def test_without_one_the_campaign_is_the_only_window(
    shop: Shop, ann: Phone, bob: Phone, drain: Callable[[], None]
) -> None:
    brought(shop, ann, bob)
    joined_ago(59)
    shop.paid(bob)
    drain()
    assert len(shop.grants(ann)) == 1


def test_who_joined_keeps_the_window_they_joined_under(
    shop: Shop, ann: Phone, bob: Phone, drain: Callable[[], None]
) -> None:
    campaign = brought(shop, ann, bob, qualification_window=WEEK)
    joined_ago(3)
    Campaign.objects.update(qualification_window=dt.timedelta(days=1))
    assert shop.get(f"/campaigns/{campaign.public_id}")["qualification_window_seconds"] == 604_800
    campaign_publish(campaign_id=campaign.pk, now=now())
    assert shop.get(f"/campaigns/{campaign.public_id}")["qualification_window_seconds"] == 86_400
    shop.paid(bob)
    drain()
    assert len(shop.grants(ann)) == 1


def test_a_refund_later_decides_by_the_same_moment(
    shop: Shop, ann: Phone, bob: Phone, drain: Callable[[], None]
) -> None:
    brought(shop, ann, bob, qualification_window=WEEK)
    order = shop.paid(bob, occurred_at=at(ago=2 * 86_400))
    joined_ago(8)
    Participant.objects.update(joined_at=now() - dt.timedelta(days=8))
    drain()
    accepted(shop.refund(order, amount_minor=100))
    drain()
    assert [row["status"] for row in shop.grants(ann)] == ["settled"]


def test_joining_counts_by_the_order_that_confirmed_it(
    shop: Shop, ann: Phone, bob: Phone, drain: Callable[[], None], move_clock: Callable[..., None]
) -> None:
    """The order came in time; that it was kept is known only after the window."""
    campaign = make_campaign(
        (Trigger.JOINED, Beneficiary.REFERRER, {}),
        qualifying_act="order",
        qualification_window=dt.timedelta(days=2),
        keep_window=WEEK,
    )
    accepted(bob.join(campaign.public_id, code=ann.link(campaign.public_id)))
    shop.paid(bob)
    move_clock(WEEK.total_seconds() + 60)
    drain()
    assert len(shop.grants(ann)) == 1


def test_a_dry_run_knows_it(shop: Shop, ann: Phone, bob: Phone) -> None:
    brought(shop, ann, bob, qualification_window=WEEK)
    joined_ago(8)
    tried = shop.post("/orders", {**shop.report("o-1", bob), "dry_run": True})
    assert "too_long_after_joining" in tried.text
