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
from apps.reports import selectors
from apps.reports.rules import UNCORRECTED, Spread


class FreshnessOutput(serializers.Serializer[Any]):
    events_pending = serializers.IntegerField()
    events_parked = serializers.IntegerField()
    grants_pending = serializers.IntegerField()
    refund_orders_outstanding = serializers.IntegerField()
    rooms_due = serializers.IntegerField()


class PeopleOutput(serializers.Serializer[Any]):
    participants = serializers.IntegerField(help_text="Confirmed ones.")
    provisional = serializers.IntegerField()
    seeds = serializers.IntegerField()
    referred = serializers.IntegerField()


class KOutput(serializers.Serializer[Any]):
    value = serializers.FloatField(source="k", allow_null=True)
    referees_of_non_seeds = serializers.IntegerField()
    non_seeds = serializers.IntegerField()
    caveat = serializers.SerializerMethodField()

    def get_caveat(self, spread: Spread) -> str:
        return UNCORRECTED


class GenerationOutput(serializers.Serializer[Any]):
    generation = serializers.IntegerField()
    participants = serializers.IntegerField()
    referees = serializers.IntegerField()
    k = serializers.FloatField(allow_null=True)


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
    k = KOutput(source="spread")
    generations = GenerationOutput(many=True)
    rooms = RoomCountsOutput()
    funnel = StepOutput(many=True)
    rewards = RewardsOutput()
    cost = CostOutput()


class ReportView(EngineView):
    """How far a campaign spread, and what it cost."""

    scope = "reports"

    @extend_schema(responses=ReportOutput)
    def get(self, request: Request, campaign_id: str) -> Response:
        campaign = campaign_by_public_id(campaign_id, is_test=is_test(request))
        report = selectors.campaign_report(campaign, now=clock.now())
        return Response(ReportOutput(report).data)
