"""Doors: what was granted and why."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.campaigns.rules import WORDS, Reason
from apps.core.api import EnginePagination, EngineView
from apps.core.callers import Door, acting_member_id, is_test
from apps.invites.models import CampaignOrder
from apps.rewards.models import Decision, Grant
from apps.rewards.selectors import DecisionView, decision_views
from apps.rewards.subjects import order_subject


class GrantOutput(serializers.ModelSerializer[Grant]):
    id = serializers.CharField(source="public_id")
    campaign = serializers.CharField(source="campaign.public_id")
    member = serializers.CharField(source="member.public_id")

    class Meta:
        model = Grant
        fields = (
            "id",
            "campaign",
            "member",
            "policy",
            "beneficiary",
            "points",
            "taken_back",
            "status",
            "granted_at",
            "settle_at",
            "settled_at",
        )


class DecisionOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="decision.public_id")
    campaign = serializers.CharField(source="decision.campaign.public_id")
    subject = serializers.CharField(source="decision.subject")
    facts = serializers.JSONField()
    awards = serializers.JSONField()
    refusals = serializers.JSONField()
    words = serializers.SerializerMethodField(help_text="Each refusal, in words for support.")
    decided_at = serializers.DateTimeField(source="decision.decided_at")

    def get_words(self, view: DecisionView) -> list[str]:
        return [WORDS[Reason(refusal["reason"])] for refusal in view.refusals]


class GrantsView(EngineView):
    """Grants, newest first; of one member with `member`."""

    scope = "rewards"

    @extend_schema(responses=GrantOutput(many=True), parameters=[OpenApiParameter("member", str)])
    def get(self, request: Request) -> Response:
        rows = Grant.objects.filter(campaign__is_test=is_test(request))
        if member := request.query_params.get("member"):
            rows = rows.filter(member__public_id=member)
        return _page(self, request, rows.select_related("campaign", "member"), GrantOutput)


class MyGrantsView(EngineView):
    """What the member was granted, newest first."""

    doors = (Door.MEMBER,)

    @extend_schema(responses=GrantOutput(many=True))
    def get(self, request: Request) -> Response:
        rows = Grant.objects.filter(member_id=acting_member_id(request))
        return _page(self, request, rows.select_related("campaign", "member"), GrantOutput)


class DecisionsView(EngineView):
    """Decisions, newest first; of one campaign with `campaign`, of one order with `order`."""

    scope = "rewards"

    @extend_schema(
        responses=DecisionOutput(many=True),
        parameters=[OpenApiParameter("campaign", str), OpenApiParameter("order", str)],
    )
    def get(self, request: Request) -> Response:
        rows = Decision.objects.filter(campaign__is_test=is_test(request))
        if campaign := request.query_params.get("campaign"):
            rows = rows.filter(campaign__public_id=campaign)
        if order := request.query_params.get("order"):
            rows = rows.filter(subject__in=_subjects_of(order, is_test(request)))
        pages = EnginePagination()
        page: Any = pages.paginate_queryset(rows.select_related("campaign"), request, view=self)
        views = decision_views(page)
        return pages.get_paginated_response(DecisionOutput(views, many=True).data)


def _subjects_of(order_id: str, test: bool) -> list[str]:
    counted = CampaignOrder.objects.filter(order__order_id=order_id, order__is_test=test)
    campaigns = counted.values_list("campaign__public_id", flat=True)
    return [order_subject(campaign, order_id) for campaign in campaigns]


def _page(view: EngineView, request: Request, rows: Any, output: Any) -> Response:
    pages = EnginePagination()
    page: Any = pages.paginate_queryset(rows, request, view=view)
    return pages.get_paginated_response(output(page, many=True).data)
