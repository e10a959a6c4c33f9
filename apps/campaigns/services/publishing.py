"""Freezing a campaign's policies as a version."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import asdict

from apps.campaigns import events
from apps.campaigns.models import Budget, Campaign, Version
from apps.campaigns.rules import PolicyTerms, VariantTerms, terms_to_json
from apps.campaigns.services.complying import require_compliance
from apps.campaigns.services.drafting import draft_terms, draft_variants
from apps.campaigns.services.turning import CampaignTurnRefused, campaign_lock
from apps.core.errors import Invalid
from apps.core.services import event_record
from apps.core.transactions import in_transaction
from apps.coupons.selectors import template_cost

Status = Campaign.Status


class CampaignWithoutPolicies(Invalid):
    code = "campaign_without_policies"
    message = "A campaign needs at least one policy before it is published."


class VariantUnknown(Invalid):
    code = "variant_unknown"


class SeveralHoldouts(Invalid):
    code = "several_holdouts"
    message = "One variant at most is the holdout."


class CouponMisfit(Invalid):
    code = "coupon_misfit"


@in_transaction
def campaign_publish(*, campaign_id: int, now: dt.datetime) -> Version:
    """Freeze the policies as the next version and let the campaign run inside its window.

    Publishing again is how an operator changes a running campaign: new participants get the new
    version, everybody else keeps theirs. Raises CampaignWithoutPolicies, VariantUnknown,
    SeveralHoldouts, CouponMisfit, ComplianceBlocks while a blocking finding has no override,
    CampaignTurnRefused for an ended campaign. Locks the campaign.
    """
    campaign = campaign_lock(campaign_id)
    if campaign.status == Status.ENDED:
        raise CampaignTurnRefused("An ended campaign cannot be published again. Copy it.")
    terms = draft_terms(campaign)
    if not terms:
        raise CampaignWithoutPolicies()
    variants = draft_variants(campaign)
    _require_known_variants(terms, variants)
    if sum(variant.is_holdout for variant in variants) > 1:
        raise SeveralHoldouts()
    _require_fitting_coupons(campaign, terms)
    require_compliance(campaign)
    version = Version.objects.create(
        campaign=campaign,
        number=campaign.versions.count() + 1,
        policies=[terms_to_json(policy) for policy in terms],
        variants=[asdict(variant) for variant in variants],
        qualification_window=campaign.qualification_window,
        published_at=now,
    )
    Budget.objects.get_or_create(campaign=campaign)
    if campaign.status == Status.DRAFT:
        campaign.status = Status.RUNNING if campaign.starts_at <= now else Status.SCHEDULED
    campaign.published_version = version
    campaign.save(update_fields=["status", "published_version"])
    event_record(
        key=f"{events.PUBLISHED}:{campaign.public_id}:{version.number}",
        kind=events.PUBLISHED,
        payload={"campaign": campaign.public_id, "version": version.number},
        occurred_at=now,
        is_test=campaign.is_test,
    )
    return version


def _require_known_variants(terms: Iterable[PolicyTerms], variants: Iterable[VariantTerms]) -> None:
    known = {variant.key for variant in variants}
    for policy in terms:
        if policy.variant and policy.variant not in known:
            raise VariantUnknown(f"“{policy.name}” names the variant {policy.variant}: add it.")


def _require_fitting_coupons(campaign: Campaign, terms: Iterable[PolicyTerms]) -> None:
    for policy in terms:
        if not policy.coupon_template:
            continue
        coupon = template_cost(policy.coupon_template)
        if (coupon.currency, coupon.is_test) != (campaign.currency, campaign.is_test):
            mode = "test" if coupon.is_test else "live"
            raise CouponMisfit(
                f"“{policy.name}” gives a {mode} coupon in {coupon.currency}; the campaign needs "
                f"one of its own mode and in {campaign.currency}."
            )
