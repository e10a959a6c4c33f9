"""The part of the report that says whether the campaign paid."""

from typing import Any

from rest_framework import serializers

from apps.reports.viral.figures import Reason


class EstimateOutput(serializers.Serializer[Any]):
    """A number, its 95 % interval where it has one; what is null is said in `reason` and `why`."""

    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    reason = serializers.CharField(allow_null=True, help_text="One of: " + ", ".join(Reason))
    why = serializers.CharField()


class CoveredOutput(serializers.Serializer[Any]):
    """Kept revenue whose margin is known in one way."""

    margin_from = serializers.CharField(
        source="source",
        help_text="line: the shop told it; tag: a rate of a tag; default: the shop's rate; unknown.",
    )
    revenue_minor = serializers.IntegerField(source="revenue")
    margin_minor = serializers.IntegerField(source="margin")
    discounts_minor = serializers.IntegerField(source="discounts")


class PayOutput(serializers.Serializer[Any]):
    """Margin − settled − reserved − discounts − costs, in minor units."""

    currency = serializers.CharField()
    revenue_minor = serializers.IntegerField(source="revenue", help_text="After refunds.")
    margin_known_share = EstimateOutput(
        source="coverage", help_text="The share of the revenue of which the margin is known."
    )
    by_source = CoveredOutput(source="covered", many=True)
    margin_minor = serializers.IntegerField(
        source="money.margin", help_text="Of what is known, before group discounts."
    )
    settled_minor = serializers.IntegerField(source="money.settled", help_text="Rewards.")
    reserved_minor = serializers.IntegerField(source="money.reserved", help_text="Rewards held.")
    discounts_minor = serializers.IntegerField(source="money.discounts", help_text="Group prices.")
    costs_minor = serializers.IntegerField(source="money.costs", help_text="Ads, partners, other.")
    attributed_minor = EstimateOutput(
        source="balance.attributed", help_text="As if nobody would have bought without it."
    )
    incremental_minor = EstimateOutput(
        source="balance.incremental", help_text="What the holdout shows it brought."
    )
    incremental_share = EstimateOutput(source="lift")
    holdout_margin_minor = serializers.IntegerField(
        source="holdout_margin", help_text="Of those who got nothing; in no sum."
    )
    cost_per_member_minor = EstimateOutput(source="per_member")
    payback_day = EstimateOutput(
        help_text="The first day of age on which the older half of the members has earned that."
    )
    assumed = serializers.ListField(child=serializers.CharField())
