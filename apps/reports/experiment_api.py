"""Doors: how the variants of a campaign compare."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.campaigns.selectors import campaign_by_public_id
from apps.core import clock
from apps.core.api import EngineView
from apps.core.callers import is_test
from apps.reports.outputs import (
    ConcentrationOutput,
    CycleTimeOutput,
    FigureOutput,
    ForecastOutput,
    MatureChainOutput,
)
from apps.reports.pay_api import EstimateOutput
from apps.reports.selectors.experimenting import Experiment, experiment_of
from apps.reports.selectors.variants import VERSUS_CAVEAT, Versus, versus


class PlanOutput(serializers.Serializer[Any]):
    """What was planned before the start."""

    baseline = serializers.FloatField(help_text="Conversions per seed that were expected.")
    detectable = serializers.FloatField(help_text="The difference per seed worth finding.")
    seeds_per_day = serializers.FloatField()
    seeds_per_variant = serializers.IntegerField(source="seeds_per_arm")
    planned_at = serializers.DateTimeField()


class VariantOutput(serializers.Serializer[Any]):
    """A variant: its seeds whose window is over, and what they brought on average."""

    key = serializers.CharField()
    is_holdout = serializers.BooleanField()
    is_control = serializers.BooleanField(help_text="The others are compared with it.")
    seeds = serializers.IntegerField()
    waiting = serializers.IntegerField(help_text="Seeds too young to count.")
    conversions_per_seed = EstimateOutput(source="conversions")
    net_margin_per_seed_minor = EstimateOutput(
        source="net", help_text="Margin less group discounts and rewards."
    )


class AgainstOutput(serializers.Serializer[Any]):
    """A variant less the control, per seed; the intervals hold at every look."""

    variant = serializers.CharField()
    control = serializers.CharField()
    conversions_per_seed = EstimateOutput(source="conversions")
    net_margin_per_seed_minor = EstimateOutput(source="net")
    verdict = serializers.CharField(help_text="On conversions; “no decision yet” is an answer.")
    verdict_on_net = serializers.CharField()


class ExperimentOutput(serializers.Serializer[Any]):
    campaign = serializers.CharField(source="campaign.public_id")
    as_of = serializers.DateTimeField()
    currency = serializers.CharField(source="campaign.currency")
    plan = PlanOutput(allow_null=True)
    window_seconds = serializers.SerializerMethodField(help_text="How long a seed's tree counts.")
    tightest_at = serializers.IntegerField(help_text="Seeds per variant, fixed before the start.")
    variants = VariantOutput(many=True)
    comparisons = AgainstOutput(source="against", many=True)
    crossed = serializers.IntegerField(
        help_text="People who met a variant that is not their tree's."
    )
    undrawn_seeds = serializers.IntegerField(
        source="undrawn", help_text="In no variant: partners, and seeds of before."
    )

    def get_window_seconds(self, experiment: Experiment) -> int:
        return int(experiment.window.total_seconds())


class PerSeedOutput(serializers.Serializer[Any]):
    """Per seed, within the experiment's window; the intervals hold at every look."""

    conversions = FigureOutput(help_text="Confirmed people in the seed's tree.")
    margin_minor = FigureOutput(source="margin", help_text="Before group discounts.")
    net_margin_minor = FigureOutput(source="net", help_text="Less group discounts and rewards.")


class OfVariantOutput(serializers.Serializer[Any]):
    """A variant's own people: how they spread, and what they cost."""

    key = serializers.CharField()
    is_holdout = serializers.BooleanField()
    participants = serializers.IntegerField(help_text="Confirmed ones.")
    seeds = serializers.IntegerField()
    k = FigureOutput(source="spreading.k.k", help_text="Of non-seeds, corrected for age.")
    k_of_seeds = FigureOutput(source="spreading.seeds.k")
    correction = serializers.CharField(
        source="spreading.source", help_text="Where the correction for age is from, if anywhere."
    )
    amplification = FigureOutput(source="spreading.amplification")
    cycle_time = CycleTimeOutput(source="spreading.cycle")
    chain = MatureChainOutput()
    concentration = ConcentrationOutput()
    forecast = ForecastOutput()
    rewards_minor = serializers.IntegerField(
        help_text="What its people were granted, less what was taken back."
    )
    reward_per_referee_minor = FigureOutput(source="reward")
    mature_seeds = serializers.IntegerField(source="mature", help_text="Behind `per_seed`.")
    waiting_seeds = serializers.IntegerField(source="waiting", help_text="Too young to count.")
    per_seed = PerSeedOutput()


class VersusOutput(serializers.Serializer[Any]):
    """Two variants side by side, and the second less the first per seed."""

    campaign = serializers.CharField(source="campaign.public_id")
    as_of = serializers.DateTimeField()
    currency = serializers.CharField(source="campaign.currency")
    window_seconds = serializers.SerializerMethodField(help_text="How long a seed's tree counts.")
    first = OfVariantOutput()
    second = OfVariantOutput()
    difference = PerSeedOutput()
    verdict = serializers.CharField(help_text="On conversions; “no decision yet” is an answer.")
    verdict_on_net = serializers.CharField()
    crossed = serializers.IntegerField(
        help_text="People who met a variant that is not their tree's."
    )
    caveat = serializers.SerializerMethodField()

    def get_window_seconds(self, found: Versus) -> int:
        return int(found.window.total_seconds())

    def get_caveat(self, found: Versus) -> str:
        return VERSUS_CAVEAT


class VersusView(EngineView):
    """Two variants of a campaign side by side, with the report's figures of each."""

    scope = "reports"

    @extend_schema(
        operation_id="campaign_variants_compared",
        responses=VersusOutput,
        parameters=[
            OpenApiParameter("first", str, required=True, description="A variant's key."),
            OpenApiParameter("second", str, required=True, description="Another one's."),
        ],
    )
    def get(self, request: Request, campaign_id: str) -> Response:
        campaign = campaign_by_public_id(campaign_id, is_test=is_test(request))
        first, second = (request.query_params.get(name, "") for name in ("first", "second"))
        return Response(VersusOutput(versus(campaign, first, second, now=clock.now())).data)


class ExperimentView(EngineView):
    """How the variants of a campaign compare, valid at every look."""

    scope = "reports"

    @extend_schema(responses=ExperimentOutput)
    def get(self, request: Request, campaign_id: str) -> Response:
        campaign = campaign_by_public_id(campaign_id, is_test=is_test(request))
        return Response(ExperimentOutput(experiment_of(campaign, now=clock.now())).data)
