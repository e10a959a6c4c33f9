"""What an operator has drafted, as the terms a version would freeze."""

from apps.campaigns.models import Audience, Campaign, Policy
from apps.campaigns.rules import (
    AwardKind,
    Beneficiary,
    HoldFrom,
    PolicyTerms,
    Trigger,
    VariantTerms,
)
from apps.coupons.selectors import template_cost


def draft_terms(campaign: Campaign) -> tuple[PolicyTerms, ...]:
    """The policies as they would be frozen now. Raises TemplateUnknown."""
    policies = campaign.policies.select_related(
        "audience",
        "excluded_audience",
        "beneficiary_audience",
        "excluded_beneficiary_audience",
    ).order_by("pk")
    return tuple(_terms_of(policy) for policy in policies)


def draft_variants(campaign: Campaign) -> tuple[VariantTerms, ...]:
    """The variants as they would be frozen now, in the order of their making."""
    rows = campaign.variants.order_by("pk")
    return tuple(VariantTerms(row.key, row.weight, row.is_holdout) for row in rows)


def _terms_of(policy: Policy) -> PolicyTerms:
    kind = AwardKind(policy.kind)
    cost = template_cost(policy.coupon_template) if kind is AwardKind.COUPON else None
    return PolicyTerms(
        policy=policy.public_id,
        name=policy.name,
        trigger=Trigger(policy.trigger),
        beneficiary=Beneficiary(policy.beneficiary),
        kind=kind,
        points=policy.points,
        share_bps=policy.share_bps,
        amount_minor=policy.amount_minor,
        max_amount=policy.max_amount,
        coupon_template=policy.coupon_template,
        coupon_cost_minor=cost.cost_minor if cost else 0,
        gift=policy.gift,
        gift_cost_minor=policy.gift_cost_minor,
        first_order_only=policy.first_order_only,
        new_members_only=policy.new_members_only,
        min_order_minor=policy.min_order_minor,
        product_tags=tuple(policy.product_tags),
        channels=tuple(policy.channels),
        tiers=tuple(policy.tiers),
        audience=_named(policy.audience),
        excluded_audience=_named(policy.excluded_audience),
        beneficiary_audience=_named(policy.beneficiary_audience),
        excluded_beneficiary_audience=_named(policy.excluded_beneficiary_audience),
        variant=policy.variant,
        milestone_every=policy.milestone_every,
        milestone_at=tuple(policy.milestone_at),
        hold_seconds=policy.hold_seconds,
        hold_from=HoldFrom(policy.hold_from),
        cap_per_member=policy.cap_per_member,
        cap_per_day=policy.cap_per_day,
        cap_per_order=policy.cap_per_order,
        cap_per_campaign=policy.cap_per_campaign,
    )


def _named(audience: Audience | None) -> str:
    return audience.public_id if audience else ""
