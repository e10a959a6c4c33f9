"""Doors: the campaign report."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.campaigns.api import CampaignOutput
from apps.campaigns.selectors import campaign_by_public_id
from apps.core import clock
from apps.core.api import EngineView
from apps.core.callers import is_test
from apps.reports import services
from apps.reports.outputs import (
    REASONS,
    ConcentrationOutput,
    CycleTimeOutput,
    FigureOutput,
    ForecastOutput,
    GrownOutput,
    MatureChainOutput,
    RewardCostOutput,
    SpentOutput,
)
from apps.reports.pay_api import PayOutput
from apps.reports.rules import ATTRIBUTED
from apps.reports.selectors import CampaignReport


class FreshnessOutput(serializers.Serializer[Any]):
    events_pending = serializers.IntegerField()
    events_parked = serializers.IntegerField()
    changes_pending = serializers.IntegerField(
        help_text="What participants did that the figures do not contain yet."
    )
    rows_pending = serializers.IntegerField(
        help_text="New participants, links, intents and visits, of all campaigns, not counted yet."
    )
    grants_pending = serializers.IntegerField()
    refund_orders_outstanding = serializers.IntegerField()
    rooms_due = serializers.IntegerField()


class PeopleOutput(serializers.Serializer[Any]):
    participants = serializers.IntegerField(help_text="Confirmed ones.")
    provisional = serializers.IntegerField()
    seeds = serializers.IntegerField()
    referred = serializers.IntegerField()


class KOutput(FigureOutput):
    """K of non-seeds, corrected for those who have had little time yet. Attributed, not
    incremental."""

    value = serializers.FloatField(source="spreading.k.k.value", allow_null=True)
    low = serializers.FloatField(source="spreading.k.k.low", allow_null=True)
    high = serializers.FloatField(source="spreading.k.k.high", allow_null=True)
    reason = serializers.CharField(
        source="spreading.k.k.reason", allow_null=True, help_text=REASONS
    )
    why = serializers.CharField(source="spreading.k.k.why")
    naive = serializers.FloatField(
        source="spread.naive_k",
        allow_null=True,
        help_text="Referees per non-seed, whatever their age: reads low while a campaign grows.",
    )
    maturity = serializers.FloatField(
        source="spreading.k.maturity",
        allow_null=True,
        help_text="The share of the referees to be expected who can have come by now.",
    )
    correction = serializers.CharField(
        source="spreading.source", help_text="Where the correction for age is from, if anywhere."
    )
    referees_of_non_seeds = serializers.IntegerField(source="spread.referees_of_non_seeds")
    non_seeds = serializers.IntegerField(source="spread.non_seeds")
    seeds = FigureOutput(source="spreading.seeds.k", help_text="K₀: what seeds brought each.")
    amplification = FigureOutput(
        source="spreading.amplification", help_text="1/(1 − K): members per person brought in."
    )
    caveat = serializers.SerializerMethodField()

    def get_caveat(self, report: CampaignReport) -> str:
        return ATTRIBUTED


class GenerationOutput(serializers.Serializer[Any]):
    generation = serializers.IntegerField()
    participants = serializers.IntegerField()
    referees = serializers.IntegerField()
    naive_k = serializers.FloatField(allow_null=True)
    k = FigureOutput(allow_null=True, help_text="Corrected for age; null past generation 4.")


class RoomCountsOutput(serializers.Serializer[Any]):
    opened = serializers.IntegerField()
    open = serializers.IntegerField()
    completed = serializers.IntegerField()
    failed = serializers.IntegerField()
    cancelled = serializers.IntegerField()
    refunded = serializers.IntegerField(help_text="Completed, then below their size by a refund.")


class StepOutput(serializers.Serializer[Any]):
    step = serializers.CharField()
    count = serializers.IntegerField()
    rate = serializers.FloatField(allow_null=True)


class SettlingOutput(serializers.Serializer[Any]):
    """K where a completed room is what confirms somebody: rooms that are open may still fail."""

    joined = FigureOutput(source="joined.k", help_text="As if every open room completed.")
    settled = FigureOutput(source="settled.k", help_text="Of completed rooms alone: this is K.")


class RewardsOutput(serializers.Serializer[Any]):
    grants = serializers.IntegerField()
    points_pending = serializers.IntegerField()
    points_settled = serializers.IntegerField(help_text="Settled minus clawed back.")
    points_clawed_back = serializers.IntegerField()
    points_void = serializers.IntegerField()


class CostOutput(serializers.Serializer[Any]):
    currency = serializers.CharField()
    budget_minor = serializers.IntegerField(allow_null=True)
    reserved_minor = serializers.IntegerField()
    spent_minor = serializers.IntegerField()
    per_participant_minor = serializers.FloatField(allow_null=True)


class ReportOutput(serializers.Serializer[Any]):
    campaign = CampaignOutput()
    as_of = serializers.DateTimeField()
    freshness = FreshnessOutput()
    people = PeopleOutput()
    k = KOutput(source="*")
    generations = GenerationOutput(many=True, source="levels")
    cycle_days = CycleTimeOutput(source="spreading.cycle")
    rooms = RoomCountsOutput()
    k_of_rooms = SettlingOutput(
        source="settling", allow_null=True, help_text="Null where rooms confirm nobody."
    )
    funnel = StepOutput(many=True)
    rewards = RewardsOutput()
    cost = CostOutput()
    chain = MatureChainOutput()
    chain_as_of = serializers.DateTimeField(
        source="chain_at", help_text="When the chain was counted: every ten minutes."
    )
    concentration = ConcentrationOutput()
    forecast = ForecastOutput()
    forecast_as_of = serializers.DateTimeField(
        source="forecast_at",
        help_text="When the forecast was counted: a minute after somebody came, or ten after the last.",
    )
    growth = GrownOutput(source="grown")
    spending = SpentOutput(source="spent")
    reward_cost = RewardCostOutput(source="*")
    keeps_holdout = serializers.BooleanField(source="holdout")
    pay = PayOutput()


class ReportView(EngineView):
    """How far a campaign spread, and what it cost."""

    scope = "reports"

    @extend_schema(responses=ReportOutput)
    def get(self, request: Request, campaign_id: str) -> Response:
        campaign = campaign_by_public_id(campaign_id, is_test=is_test(request))
        report = services.report_read(campaign=campaign, now=clock.now())
        return Response(ReportOutput(report).data)
