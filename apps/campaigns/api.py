"""Doors: what is running, what it cost outside, and lists of members."""

from collections.abc import Callable
from typing import Any

from django.db.models import Count, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from apps.campaigns import selectors, services
from apps.campaigns.models import Audience, Campaign, CampaignCost
from apps.core import clock
from apps.core.api import EnginePagination, EngineView, idempotent
from apps.core.callers import Door, caller_of, is_test


class CampaignOutput(serializers.ModelSerializer[Campaign]):
    id = serializers.CharField(source="public_id")
    attribution_window_seconds = serializers.SerializerMethodField(
        help_text="How old a visit, code or coupon may be to say who brought somebody."
    )
    qualification_window_seconds = serializers.SerializerMethodField(
        help_text="How long after joining an act may still earn; null: as long as it runs."
    )

    class Meta:
        model = Campaign
        fields = (
            "id",
            "name",
            "status",
            "currency",
            "starts_at",
            "ends_at",
            "card_title",
            "attribution_window_seconds",
            "qualification_window_seconds",
            "leaderboard_size",
        )

    def get_attribution_window_seconds(self, campaign: Campaign) -> int:
        return int(campaign.attribution_window.total_seconds())

    def get_qualification_window_seconds(self, campaign: Campaign) -> int | None:
        version = campaign.published_version
        window = version.qualification_window if version else None
        return None if window is None else int(window.total_seconds())


class CampaignListOutput(serializers.Serializer[Any]):
    results = CampaignOutput(many=True)


class CampaignsView(EngineView):
    """The campaigns that are running now, or pre-heated: `starts_at` tells which."""

    doors = (Door.PUBLIC, Door.MEMBER, Door.SERVER)

    @extend_schema(operation_id="campaigns_list", responses=CampaignListOutput)
    def get(self, request: Request) -> Response:
        running = Campaign.objects.shown(clock.now()).select_related("published_version")
        shown = running.filter(is_test=is_test(request))
        return Response({"results": CampaignOutput(shown.order_by("-pk")[:200], many=True).data})


class CampaignView(EngineView):
    """One campaign."""

    doors = (Door.PUBLIC, Door.MEMBER, Door.SERVER)

    @extend_schema(responses=CampaignOutput)
    def get(self, request: Request, campaign_id: str) -> Response:
        campaign = selectors.campaign_by_public_id(campaign_id, is_test=is_test(request))
        return Response(CampaignOutput(campaign).data)


MAX_MINOR = 10**15


class CampaignCostInput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(CampaignCost.Kind.values, help_text="What it was spent on.")
    amount_minor = serializers.IntegerField(min_value=1, max_value=MAX_MINOR)
    currency = serializers.RegexField(r"^[A-Z]{3}$", help_text="The campaign's.")
    first_day = serializers.DateField(help_text="In the campaign's time zone.")
    last_day = serializers.DateField(required=False, help_text="Absent: that one day.")
    note = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)
    partner = serializers.CharField(
        max_length=128,
        required=False,
        default="",
        allow_blank=True,
        help_text="Whose fee it is, by the shop's own id: their statement shows it.",
    )


class CampaignCostReversalInput(serializers.Serializer[Any]):
    note = serializers.CharField(max_length=300, help_text="Why; kept for good.")


class CampaignCostOutput(serializers.ModelSerializer[CampaignCost]):
    id = serializers.CharField(source="public_id")
    campaign = serializers.CharField(source="campaign.public_id")
    currency = serializers.CharField(source="campaign.currency")
    amount_minor = serializers.IntegerField(help_text="Below zero for a reversal.")
    reverses = serializers.CharField(
        source="reverses.public_id", allow_null=True, default=None, help_text="What it takes back."
    )
    reversed_by = serializers.CharField(
        source="reversal.public_id", allow_null=True, default=None, help_text="What took it back."
    )
    partner = serializers.CharField(
        source="partner.public_id",
        allow_null=True,
        default=None,
        help_text="The member whose fee it is, `mem_…`.",
    )
    entered_by = serializers.SerializerMethodField(help_text="An operator's name, or a key's id.")

    class Meta:
        model = CampaignCost
        fields = (
            "id",
            "campaign",
            "kind",
            "amount_minor",
            "currency",
            "first_day",
            "last_day",
            "partner",
            "note",
            "reverses",
            "reversed_by",
            "entered_by",
            "entered_at",
        )

    def get_entered_by(self, cost: CampaignCost) -> str:
        return cost.entered_by.get_username() if cost.entered_by else cost.entered_with


class CostsView(EngineView):
    """What a campaign cost outside its budget: ads, partners' fees."""

    scope = "campaigns"
    pagination_class = EnginePagination

    @extend_schema(operation_id="campaign_costs_list", responses=CampaignCostOutput(many=True))
    def get(self, request: Request, campaign_id: str) -> Response:
        """The costs and what took some of them back, the newest first."""
        campaign = selectors.campaign_by_public_id(campaign_id, is_test=is_test(request))
        pages = self.pagination_class()
        rows = pages.paginate_queryset(selectors.costs_of(campaign), request, view=self)
        return pages.get_paginated_response(CampaignCostOutput(rows, many=True).data)

    @extend_schema(
        operation_id="campaign_costs_create",
        request=CampaignCostInput,
        responses={201: CampaignCostOutput},
    )
    @idempotent()
    def post(self, request: Request, campaign_id: str) -> Response:
        """Enter one. It never changes; `…/reverse` takes it back."""
        given = CampaignCostInput(data=request.data)
        given.is_valid(raise_exception=True)
        told = given.validated_data
        cost = services.cost_enter(
            campaign=selectors.campaign_by_public_id(campaign_id, is_test=is_test(request)),
            report=services.CostReport(**{"last_day": told["first_day"], **told}),
            author=_author(request),
            now=clock.now(),
        )
        return Response(CampaignCostOutput(cost).data, status=status.HTTP_201_CREATED)


class CostReversalView(EngineView):
    """Take a cost back."""

    scope = "campaigns"

    @extend_schema(
        operation_id="campaign_costs_reverse",
        request=CampaignCostReversalInput,
        responses={201: CampaignCostOutput},
    )
    @idempotent()
    def post(self, request: Request, campaign_id: str, cost_id: str) -> Response:
        """By a row with the opposite amount. Once; a reversal itself stays."""
        given = CampaignCostReversalInput(data=request.data)
        given.is_valid(raise_exception=True)
        campaign = selectors.campaign_by_public_id(campaign_id, is_test=is_test(request))
        reversal = services.cost_reverse(
            cost_id=selectors.cost_by_public_id(campaign, cost_id).pk,
            note=given.validated_data["note"],
            author=_author(request),
            now=clock.now(),
        )
        return Response(CampaignCostOutput(reversal).data, status=status.HTTP_201_CREATED)


def _author(request: Request) -> services.CostAuthor:
    caller = caller_of(request)
    assert caller is not None  # these doors open to servers only
    return services.CostAuthor(key=caller.credential)


MOST_EXTERNAL_IDS = 1_000


class AudienceOutput(serializers.ModelSerializer[Audience]):
    id = serializers.CharField(source="public_id")
    members = serializers.IntegerField(help_text="How many are on the list now.")

    class Meta:
        model = Audience
        fields = ("id", "name", "of_partners", "members", "created_at")


class AudienceInput(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=80, help_text="What operators will see.")
    of_partners = serializers.BooleanField(
        default=False, help_text="Whoever is on it is kept out of the draw of variants."
    )


class AudienceMembersInput(serializers.Serializer[Any]):
    external_ids = serializers.ListField(
        child=serializers.CharField(max_length=128),
        min_length=1,
        max_length=MOST_EXTERNAL_IDS,
        help_text=f"The shop's own ids of at most {MOST_EXTERNAL_IDS} members.",
    )


class AudienceChangeOutput(serializers.Serializer[Any]):
    changed = serializers.IntegerField(help_text="Members put on the list, or taken off it.")
    already = serializers.IntegerField(help_text="Members for whom nothing had to change.")
    unknown = serializers.ListField(
        child=serializers.CharField(), help_text="Ids no member is known by. Register them first."
    )


def _audiences(request: Request) -> QuerySet[Audience]:
    rows = Audience.objects.filter(is_test=is_test(request))
    return rows.annotate(members=Count("entries"))


class AudiencesView(EngineView):
    """Lists of members that policies ask for."""

    scope = "campaigns"
    pagination_class = EnginePagination

    @extend_schema(operation_id="audiences_list", responses=AudienceOutput(many=True))
    def get(self, request: Request) -> Response:
        """The lists, the newest first."""
        pages = self.pagination_class()
        rows = pages.paginate_queryset(_audiences(request), request, view=self)
        return pages.get_paginated_response(AudienceOutput(rows, many=True).data)

    @extend_schema(
        operation_id="audiences_create", request=AudienceInput, responses={201: AudienceOutput}
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        """A new, empty list."""
        given = AudienceInput(data=request.data)
        given.is_valid(raise_exception=True)
        audience = services.audience_create(is_test=is_test(request), **given.validated_data)
        made = _audiences(request).get(pk=audience.pk)
        return Response(AudienceOutput(made).data, status=status.HTTP_201_CREATED)


class AudienceMembersView(EngineView):
    """Put members on a list."""

    scope = "campaigns"

    @extend_schema(
        operation_id="audience_members_add",
        request=AudienceMembersInput,
        responses=AudienceChangeOutput,
    )
    @idempotent()
    def post(self, request: Request, audience_id: str) -> Response:
        """Members who are on it already stay; unknown ids are named and change nothing."""
        return _changed(request, audience_id, services.audience_add)


class AudienceMembersRemoveView(EngineView):
    """Take members off a list."""

    scope = "campaigns"

    @extend_schema(
        operation_id="audience_members_remove",
        request=AudienceMembersInput,
        responses=AudienceChangeOutput,
    )
    @idempotent()
    def post(self, request: Request, audience_id: str) -> Response:
        """What was decided while they were on it stands."""
        return _changed(request, audience_id, services.audience_remove)


def _changed(request: Request, audience_id: str, change: Callable[..., Any]) -> Response:
    given = AudienceMembersInput(data=request.data)
    given.is_valid(raise_exception=True)
    audience = selectors.audience_by_public_id(audience_id, is_test=is_test(request))
    done = change(audience_id=audience.pk, external_ids=given.validated_data["external_ids"])
    return Response(AudienceChangeOutput(done).data)
