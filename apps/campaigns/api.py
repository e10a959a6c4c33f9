"""Doors: what is running."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.campaigns import selectors
from apps.campaigns.models import Campaign
from apps.core import clock
from apps.core.api import EngineView
from apps.core.callers import Door, is_test


class CampaignOutput(serializers.ModelSerializer[Campaign]):
    id = serializers.CharField(source="public_id")

    class Meta:
        model = Campaign
        fields = ("id", "name", "status", "currency", "starts_at", "ends_at", "card_title")


class CampaignListOutput(serializers.Serializer[Any]):
    results = CampaignOutput(many=True)


class CampaignsView(EngineView):
    """The campaigns that are running now."""

    doors = (Door.PUBLIC, Door.MEMBER, Door.SERVER)

    @extend_schema(operation_id="campaigns_list", responses=CampaignListOutput)
    def get(self, request: Request) -> Response:
        running = Campaign.objects.running(clock.now()).filter(is_test=is_test(request))
        return Response({"results": CampaignOutput(running.order_by("-pk")[:200], many=True).data})


class CampaignView(EngineView):
    """One campaign."""

    doors = (Door.PUBLIC, Door.MEMBER, Door.SERVER)

    @extend_schema(responses=CampaignOutput)
    def get(self, request: Request, campaign_id: str) -> Response:
        campaign = selectors.campaign_by_public_id(campaign_id, is_test=is_test(request))
        return Response(CampaignOutput(campaign).data)
