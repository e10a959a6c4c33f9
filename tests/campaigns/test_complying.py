"""Publishing against a blocking finding takes a reason, which is kept for good."""

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from apps.campaigns.models import Campaign, ComplianceOverride, Variant
from apps.campaigns.rules import Beneficiary, Trigger
from apps.campaigns.services import (
    AlreadyOverridden,
    ComplianceBlocks,
    FindingFinal,
    FindingUnknown,
    OverrideNeedsReason,
    SeveralHoldouts,
    campaign_publish,
    compliance_override,
)
from apps.core.models import Event
from tests.makers import make_campaign, make_policy, now

pytestmark = pytest.mark.django_db

PER_HEAD = (
    Trigger.JOINED,
    Beneficiary.REFERRER,
    {"kind": "payable", "points": 0, "amount_minor": 500, "name": "Cash per friend"},
)


@pytest.fixture
def olga(db: None) -> User:
    return User.objects.create_user("olga", is_staff=True)


def publish(campaign: Campaign) -> None:
    with transaction.atomic():
        campaign_publish(campaign_id=campaign.pk, now=now())


def override(campaign: Campaign, olga: User, **given: str) -> ComplianceOverride:
    given = {"finding": "pay_per_head", "reason": "Our counsel checked it.", **given}
    policy = given.pop("policy", campaign.policies.get().public_id)
    with transaction.atomic():
        return compliance_override(
            campaign_id=campaign.pk, policy=policy, operator_id=olga.pk, now=now(), **given
        )


def test_a_blocking_finding_keeps_a_campaign_from_being_published(olga: User) -> None:
    campaign = make_campaign(PER_HEAD, published=False)
    with pytest.raises(ComplianceBlocks, match="Cash per friend") as refused:
        publish(campaign)
    assert refused.value.code == "compliance_blocks"
    campaign.refresh_from_db()
    assert (campaign.status, campaign.versions.count()) == (Campaign.Status.DRAFT, 0)

    override(campaign, olga)
    publish(campaign)
    campaign.refresh_from_db()
    assert campaign.status == Campaign.Status.RUNNING
    assert Event.objects.filter(kind="campaign.compliance_overridden").count() == 1


def test_a_reason_is_for_one_finding_of_one_policy(olga: User) -> None:
    campaign = make_campaign(PER_HEAD, published=False)
    override(campaign, olga)
    make_policy(campaign, *PER_HEAD[:2], **PER_HEAD[2])
    with pytest.raises(ComplianceBlocks):
        publish(campaign)


def test_two_levels_need_a_reason(olga: User) -> None:
    second = (Trigger.JOINED, Beneficiary.SECOND_REFERRER, {})
    campaign = make_campaign(second, published=False, levels=2)
    with pytest.raises(ComplianceBlocks, match="Two levels"):
        publish(campaign)
    override(campaign, olga, finding="second_level", policy="")
    publish(campaign)


def test_nobody_overrides_a_second_level_that_is_off(olga: User) -> None:
    second = (Trigger.JOINED, Beneficiary.SECOND_REFERRER, {})
    campaign = make_campaign(second, published=False)
    with pytest.raises(FindingFinal):
        override(campaign, olga, finding="second_level_off")
    with pytest.raises(ComplianceBlocks):
        publish(campaign)


def test_a_third_level_cannot_be_configured() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_campaign(published=False, levels=3)


@pytest.mark.parametrize("reason", ["", "   ", "x" * 301])
def test_an_override_needs_a_reason(olga: User, reason: str) -> None:
    campaign = make_campaign(PER_HEAD, published=False)
    with pytest.raises(OverrideNeedsReason):
        override(campaign, olga, reason=reason)


def test_only_what_is_found_can_be_overridden_and_once(olga: User) -> None:
    campaign = make_campaign(PER_HEAD, published=False)
    for strange in ("no_budget", "buy_to_join", "\0"):
        with pytest.raises(FindingUnknown):
            override(campaign, olga, finding=strange)
    override(campaign, olga)
    with pytest.raises(AlreadyOverridden):
        override(campaign, olga)


def test_a_reason_is_kept_for_good(olga: User) -> None:
    kept = override(make_campaign(PER_HEAD, published=False), olga)
    for change in (
        lambda: ComplianceOverride.objects.update(reason="Another."),
        lambda: ComplianceOverride.objects.all().delete(),
    ):
        with pytest.raises(IntegrityError, match="kept for good"), transaction.atomic():
            change()
    kept.refresh_from_db()
    assert (kept.reason, kept.overridden_by) == ("Our counsel checked it.", olga)


def test_one_holdout_at_most() -> None:
    campaign = make_campaign(published=False)
    for key in ("x", "y"):
        Variant.objects.create(campaign=campaign, key=key, is_holdout=True)
    with pytest.raises(SeveralHoldouts):
        publish(campaign)
