"""Doors: what was granted and why."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.campaigns.rules import WORDS, AwardKind, Reason
from apps.core.api import EnginePagination, EngineView, idempotent
from apps.core.callers import Door, acting_member_id, is_test
from apps.core.errors import Invalid
from apps.invites.models import CampaignOrder
from apps.rewards import selectors
from apps.rewards.api.goodwill import GoodwillInput, GoodwillOutput, propose
from apps.rewards.models import Decision, Grant
from apps.rewards.selectors import DecisionView, decision_views
from apps.rewards.subjects import order_subject

MEMBER = OpenApiParameter("member", str, description="The shop's own id, or mem_….")


class GrantOutput(serializers.ModelSerializer[Grant]):
    id = serializers.CharField(source="public_id")
    campaign = serializers.CharField(source="campaign.public_id")
    member = serializers.CharField(source="member.public_id")
    goodwill = serializers.SerializerMethodField(
        help_text="The proposal it came from, when it was given by hand."
    )

    class Meta:
        model = Grant
        fields = (
            "id",
            "campaign",
            "member",
            "policy",
            "subject",
            "beneficiary",
            "kind",
            "amount",
            "taken_back",
            "lost",
            "what",
            "status",
            "goodwill",
            "granted_at",
            "settle_at",
            "settled_at",
        )

    def get_goodwill(self, grant: Grant) -> str | None:
        return grant.goodwill.public_id if grant.goodwill else None


class WordsOutput(serializers.Serializer[Any]):
    shopper = serializers.CharField()
    operator = serializers.CharField()
    developer = serializers.CharField()


class DecisionOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="decision.public_id")
    campaign = serializers.CharField(source="decision.campaign.public_id")
    subject = serializers.CharField(source="decision.subject")
    facts = serializers.JSONField()
    awards = serializers.JSONField()
    refusals = serializers.JSONField()
    words = serializers.SerializerMethodField(
        help_text="Each refusal, in words for the shopper, the operator and the developer."
    )
    decided_at = serializers.DateTimeField(source="decision.decided_at")

    @extend_schema_field(WordsOutput(many=True))
    def get_words(self, view: DecisionView) -> list[dict[str, str]]:
        return [asdict(WORDS[Reason(refusal["reason"])]) for refusal in view.refusals]


class GrantsView(EngineView):
    """Grants, newest first, narrowed to a member, campaign, status, kind or goodwill."""

    scope = "rewards"

    @extend_schema(
        responses=GrantOutput(many=True),
        parameters=[
            MEMBER,
            OpenApiParameter("campaign", str),
            OpenApiParameter("status", str, enum=Grant.Status.values),
            OpenApiParameter("kind", str, enum=[kind.value for kind in AwardKind]),
            OpenApiParameter("goodwill", str, description="Those of a proposal gdw_…."),
        ],
    )
    def get(self, request: Request) -> Response:
        rows = selectors.grants(is_test=is_test(request))
        if member := request.query_params.get("member"):
            rows = rows.filter(member__in=selectors.members_named(member, is_test=is_test(request)))
        if campaign := request.query_params.get("campaign"):
            rows = rows.filter(campaign__public_id=campaign)
        if status := _one_of(request, "status", Grant.Status.values):
            rows = rows.filter(status=status)
        if kind := _one_of(request, "kind", [kind.value for kind in AwardKind]):
            rows = rows.filter(kind=kind)
        if goodwill := request.query_params.get("goodwill"):
            rows = rows.filter(goodwill__public_id=goodwill)
        return _page(self, request, rows, GrantOutput)

    @extend_schema(
        operation_id="goodwill_propose", request=GoodwillInput, responses={201: GoodwillOutput}
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        """Propose a present for up to 1,000 members. Nobody gets it before somebody else approves."""
        return propose(request)


class MyGrantsView(EngineView):
    """What the member was granted, newest first."""

    doors = (Door.MEMBER,)

    @extend_schema(responses=GrantOutput(many=True))
    def get(self, request: Request) -> Response:
        rows = Grant.objects.filter(member_id=acting_member_id(request))
        rows = rows.select_related("campaign", "member", "goodwill")
        return _page(self, request, rows, GrantOutput)


class DecisionsView(EngineView):
    """Decisions, newest first, narrowed to a campaign, an order, or a member they are about."""

    scope = "rewards"

    @extend_schema(
        responses=DecisionOutput(many=True),
        parameters=[MEMBER, OpenApiParameter("campaign", str), OpenApiParameter("order", str)],
    )
    def get(self, request: Request) -> Response:
        rows = Decision.objects.filter(campaign__is_test=is_test(request))
        if campaign := request.query_params.get("campaign"):
            rows = rows.filter(campaign__public_id=campaign)
        if order := request.query_params.get("order"):
            rows = rows.filter(subject__in=_subjects_of(order, is_test(request)))
        if member := request.query_params.get("member"):
            named = selectors.members_named(member, is_test=is_test(request)).first()
            rows = rows.filter(members__contains=[named.pk]) if named else rows.none()
        pages = EnginePagination()
        page: Any = pages.paginate_queryset(rows.select_related("campaign"), request, view=self)
        views = decision_views(page)
        return pages.get_paginated_response(DecisionOutput(views, many=True).data)


def _subjects_of(order_id: str, test: bool) -> list[str]:
    counted = CampaignOrder.objects.filter(order__order_id=order_id, order__is_test=test)
    campaigns = counted.values_list("campaign__public_id", flat=True)
    return [order_subject(campaign, order_id) for campaign in campaigns]


def _one_of(request: Request, field: str, known: Sequence[str]) -> str:
    """What a list is narrowed to, "" for nothing. Raises Invalid for what is not known."""
    asked = request.query_params.get(field, "")
    if asked and asked not in known:
        raise Invalid(f"The {field} is one of {', '.join(known)}.", pointer=f"/{field}")
    return asked


def _page(view: EngineView, request: Request, rows: Any, output: Any) -> Response:
    pages = EnginePagination()
    page: Any = pages.paginate_queryset(rows, request, view=view)
    return pages.get_paginated_response(output(page, many=True).data)
