"""Variants compared seed by seed: whole trees, within a window, at every look."""

import datetime as dt

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.campaigns.models import AudienceMember, Campaign, ExperimentPlan, Variant
from apps.campaigns.services import (
    ExperimentBegun,
    PlanTerms,
    audience_create,
    campaign_publish,
    experiment_plan,
)
from apps.invites.models import Participant
from apps.invites.selectors import Brought
from apps.invites.services import participant_admit, variant_draw
from apps.members.models import Member
from apps.orders.models import Order, OrderLine
from apps.reports.selectors.experimenting import experiment_of
from apps.reports.selectors.seeds import arms_of, terms_of
from apps.reports.viral.figures import Reason
from apps.rewards.models import Grant
from tests.makers import make_campaign, make_member
from tests.reports.makers import DAY

pytestmark = pytest.mark.django_db

WEEK = 7 * DAY


def a_test(*keys: str, holdout: str = "", **given: object) -> Campaign:
    """A published campaign with these variants."""
    campaign = make_campaign(
        published=False,
        **{"starts_at": timezone.now() - 60 * DAY, "enrolment": "everyone", **given},
    )
    for key in keys:
        Variant.objects.create(campaign=campaign, key=key, is_holdout=key == holdout)
    campaign_publish(campaign_id=campaign.pk, now=timezone.now())
    campaign.refresh_from_db()
    return campaign


def people(
    campaign: Campaign, number: int, *, ago: dt.timedelta, below: list[Participant], **given: object
) -> list[Participant]:
    """So many confirmed participants: seeds, or below each of these in turn."""
    at = timezone.now() - ago
    members = Member.objects.bulk_create([Member() for _ in range(number)])
    version = campaign.versions.latest("pk")
    above = [below[n % len(below)] if below else None for n in range(number)]
    return Participant.objects.bulk_create(
        Participant(
            campaign=campaign,
            member=member,
            version=version,
            referrer=parent,
            root=(parent.root or parent) if parent else None,
            generation=parent.generation + 1 if parent else 0,
            status="confirmed",
            joined_at=at,
            confirmed_at=at,
            **{"variant": parent.variant if parent else "", **given},
        )
        for member, parent in zip(members, above, strict=True)
    )


def grown(campaign: Campaign, variant: str, seeds: int, brought: int) -> None:
    """Mature seeds of whom the first `brought` bring one person each."""
    rows = people(campaign, seeds, ago=30 * DAY, below=[], variant=variant)
    people(campaign, brought, ago=28 * DAY, below=rows)


def test_a_seed_is_worth_what_its_tree_brings_in_its_window() -> None:
    campaign = a_test("a", "b")
    seed, other = people(campaign, 2, ago=20 * DAY, below=[], variant="a")
    [friend, _] = people(campaign, 2, ago=19 * DAY, below=[seed])
    people(campaign, 1, ago=18 * DAY, below=[friend])
    people(campaign, 5, ago=10 * DAY, below=[seed])  # after its window
    provisional = people(campaign, 1, ago=19 * DAY, below=[other])
    Participant.objects.filter(pk=provisional[0].pk).update(status="provisional", confirmed_at=None)
    people(campaign, 3, ago=DAY, below=[], variant="a")  # too young
    bought(campaign, friend, 500, ago=18 * DAY)
    bought(campaign, seed, 200, ago=5 * DAY)  # after its window
    bought(campaign, other, -100, ago=19 * DAY)
    rewarded(campaign, seed, 120, ago=18 * DAY)
    found = arms_of(campaign, WEEK, now=timezone.now())
    assert set(found) == {"a"}
    arms = found["a"]
    assert (arms.conversions.seeds, arms.conversions.total, arms.conversions.squares) == (2, 3, 9)
    assert (arms.margin.total, arms.margin.squares) == (400, 500**2 + 100**2)
    assert (arms.net.total, arms.net.squares) == (280, 380**2 + 100**2)
    assert arms.waiting == 3


def bought(campaign: Campaign, who: Participant, margin: int, *, ago: dt.timedelta) -> None:
    order = Order.objects.create(
        order_id=f"o-{who.pk}-{margin}",
        member=who.member,
        nth=who.member.orders.count() + 1,
        currency="CNY",
        paid_minor=1000,
        occurred_at=timezone.now() - ago,
        fingerprint="-",
    )
    OrderLine.objects.create(
        order=order, line_id="1", sku="tea", quantity=1, amount_minor=1000, margin_minor=margin
    )
    order.campaigns.create(campaign=campaign, participant=who)


def rewarded(campaign: Campaign, who: Participant, cost: int, *, ago: dt.timedelta) -> None:
    Grant.objects.create(
        campaign=campaign,
        policy="pol_x",
        subject=f"s{who.pk}",
        beneficiary="member",
        member=who.member,
        amount=1,
        full_cost_minor=cost,
        cost_minor=cost,
        granted_at=timezone.now() - ago,
    )


def test_a_difference_is_found_and_none_is_not() -> None:
    campaign = a_test("a", "b", "c", holdout="c")
    for variant, brought in (("a", 180), ("b", 45), ("c", 40)):
        grown(campaign, variant, 300, brought)
    people(campaign, 2, ago=20 * DAY, below=[], variant="")
    Participant.objects.filter(variant="b", generation=1).update(crossed=True)
    found = experiment_of(campaign, now=timezone.now())
    assert [(row.key, row.is_control, row.seeds) for row in found.variants] == [
        ("a", False, 300),
        ("b", False, 300),
        ("c", True, 300),
    ]
    a, b = found.against
    assert (a.variant, a.control) == ("a", "c")
    assert a.verdict == "“a” brings more people per seed than “c”"
    assert a.conversions.value == pytest.approx(140 / 300)
    assert b.verdict == "no decision yet"
    assert b.net.reason is Reason.TOO_EARLY  # nobody bought anything
    assert (found.crossed, found.undrawn) == (45, 2)


def test_without_variants_there_is_nothing_to_compare() -> None:
    found = experiment_of(make_campaign(), now=timezone.now())
    assert (found.variants, found.against) == ((), ())
    draft = experiment_of(make_campaign(published=False), now=timezone.now())
    assert draft.against == ()


def plan(campaign: Campaign, seeds: int = 700) -> ExperimentPlan:
    terms = PlanTerms(0.4, 0.1, 20.0, 14 * DAY, seeds)
    olga, _ = User.objects.get_or_create(username="olga")
    return experiment_plan(
        campaign_id=campaign.pk, terms=terms, operator_id=olga.pk, now=timezone.now()
    )


def test_the_plan_is_what_the_comparison_goes_by_and_is_fixed_once_people_can_join() -> None:
    campaign = a_test("a", "b", starts_at=timezone.now() + DAY)
    plan(campaign)
    plan(campaign, 800)
    terms = terms_of(campaign)
    assert (terms.window, terms.tightest_at) == (14 * DAY, 800)
    Campaign.objects.filter(pk=campaign.pk).update(shown_from=timezone.now() - DAY)
    with pytest.raises(ExperimentBegun), transaction.atomic():
        plan(campaign, 900)
    with pytest.raises(IntegrityError, match="plan is fixed"), transaction.atomic():
        ExperimentPlan.objects.update(seeds_per_arm=900)
    assert terms_of(a_test("a", "b")).tightest_at == 500


def a_partner(name: str) -> Member:
    partners = audience_create(name="Partners", of_partners=True)
    lin = make_member(name)
    AudienceMember.objects.create(audience=partners, member=lin)
    return lin


def test_partners_seeds_are_in_no_variant_whatever_they_drew() -> None:
    campaign = a_test("a", "b")
    lin, wei = a_partner("lin"), a_partner("wei")
    now = timezone.now()

    def admit(member: Member, **brought: object) -> Participant:
        told = Brought(**brought)
        return participant_admit(
            campaign=campaign, member_id=member.pk, brought=told, now=now
        ).participant

    assert admit(lin).variant == ""
    assert variant_draw(campaign=campaign, now=now, member_id=wei.pk).variant == ""
    assert variant_draw(campaign=campaign, now=now, visitor="wei").variant in ("a", "b")
    assert admit(make_member("ann")).variant in ("a", "b")
    assert experiment_of(campaign, now=now).undrawn == 1


def test_olga_plans_before_and_looks_during(admin_client: Client) -> None:
    campaign = a_test("a", "b", starts_at=timezone.now() + DAY)
    page = reverse("admin:campaigns_campaign_experiment", args=[campaign.pk])
    assert "Nobody planned it" in admin_client.get(page).content.decode()
    typed = {"baseline": "0.4", "lift": "25", "seeds_per_day": "50", "unevenness": "0.3", "days": 7}
    said = admin_client.post(page, typed).content.decode()
    assert "seeds a variant</strong>" in said
    assert "Looking once, at the end, would take" in said
    assert not ExperimentPlan.objects.exists()
    said = admin_client.post(page, {**typed, "keep": "1"}, follow=True).content.decode()
    assert "The plan is kept." in said
    kept = ExperimentPlan.objects.get()
    assert kept.detectable == pytest.approx(0.1)
    assert kept.window == WEEK
    assert 1000 < kept.seeds_per_arm < 10_000
    for wrong in ({"baseline": "0"}, {"lift": "0.0001"}, {"lift": "NaN"}, {"days": "x"}, {}):
        told = {**typed, **wrong} if wrong else {}
        assert admin_client.post(page, {**told, "keep": "1"}).status_code == 200
    assert ExperimentPlan.objects.get().seeds_per_arm == kept.seeds_per_arm
    Campaign.objects.update(starts_at=timezone.now() - 60 * DAY)
    for variant, brought in (("a", 30), ("b", 60)):
        grown(campaign, variant, 100, brought)
    said = admin_client.get(page).content.decode()
    assert "No decision yet" in said
    assert "interval-bar" in said
    assert "How many seeds does it take?" not in said
    assert "plan is fixed" in admin_client.post(page, {**typed, "keep": "1"}).content.decode()
