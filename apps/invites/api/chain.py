"""Doors: the chain below somebody, why their referrer is who it is, and the friends they brought."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.campaigns.models import Campaign
from apps.campaigns.selectors import campaign_by_public_id
from apps.core.api import EnginePagination, EngineView, idempotent, parsed
from apps.core.callers import Door, acting_member_id, is_test
from apps.core.errors import Invalid
from apps.invites import selectors, services
from apps.invites.models import Link, Participant
from apps.invites.selectors import forest, funnels, tracing
from apps.members.selectors import Face

CHANNEL_LENGTH = 32


class ChainPlaceOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="public_id")
    generation = serializers.IntegerField(help_text="0: a seed, whom nobody brought.")
    status = serializers.CharField()
    joined_at = serializers.DateTimeField()


class ChainOutput(ChainPlaceOutput):
    friends = serializers.IntegerField(help_text="Whom they brought themselves.")
    below = serializers.IntegerField(help_text="Everybody who hangs below them.")
    depth = serializers.IntegerField(help_text="How many levels hang below them.")
    at_least = serializers.BooleanField(
        help_text=f"Counting stops at {forest.MOST_COUNTED}: there may be more."
    )


class TreeOutput(serializers.Serializer[Any]):
    participant = ChainOutput()
    ancestors = ChainPlaceOutput(
        many=True, help_text=f"The referrer first, at most {forest.MOST_ABOVE}."
    )
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = ChainOutput(many=True, help_text="Direct friends, the newest first.")


class CandidateOutput(serializers.Serializer[Any]):
    touch = serializers.IntegerField()
    source = serializers.CharField()  # type: ignore[assignment]  # the field's name, not its source
    referrer = serializers.CharField(source="referrer.public_id")
    link = serializers.CharField(help_text="The link's code.")
    channel = serializers.CharField(allow_blank=True)
    touched_at = serializers.DateTimeField()
    verdict = serializers.CharField(help_text="`won`, or why it lost.")
    why = serializers.CharField(help_text="The verdict in words.")


class OverrideOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="public_id")
    reason = serializers.CharField()
    by = serializers.SerializerMethodField()
    at = serializers.DateTimeField(source="overridden_at")
    before = serializers.CharField(
        source="before.public_id", default=None, allow_null=True, help_text="The former referrer."
    )

    def get_by(self, override: Any) -> str:
        return tracing.override_author(override)


class TraceOutput(serializers.Serializer[Any]):
    decided_at = serializers.DateTimeField()
    referrer = serializers.CharField(source="referrer.public_id", default=None, allow_null=True)
    override = OverrideOutput(allow_null=True, help_text="The operator's decision, if it was one.")
    candidates = CandidateOutput(many=True)


class TracesOutput(serializers.Serializer[Any]):
    variant = serializers.CharField(
        allow_blank=True, help_text="The seed's draw, inherited by the whole tree."
    )
    crossed = serializers.BooleanField(
        help_text="They had drawn another variant before a link brought them into this tree."
    )
    results = TraceOutput(many=True)


class FriendOutput(serializers.Serializer[Any]):
    nickname = serializers.CharField(allow_blank=True)
    avatar_url = serializers.CharField(allow_blank=True)
    campaign = serializers.CharField(source="campaign.public_id")
    status = serializers.CharField()
    joined_at = serializers.DateTimeField()


class FunnelOutput(serializers.Serializer[Any]):
    name = serializers.CharField(
        allow_blank=True, help_text="The channel, the link's code or the participant's id."
    )
    intents = serializers.IntegerField(help_text="Told by `POST /links/{code}/shares`.")
    visits = serializers.IntegerField(help_text="Without bots, previews and prefetches.")
    brought = serializers.IntegerField()
    confirmed = serializers.IntegerField()
    buyers = serializers.IntegerField(help_text="Of those brought, with an order that is kept.")
    orders = serializers.IntegerField()
    kept_minor = serializers.IntegerField(help_text="Of these orders, after refunds.")


class FunnelsOutput(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = FunnelOutput(many=True)


class ShareInput(serializers.Serializer[Any]):
    channel = serializers.CharField(
        max_length=CHANNEL_LENGTH,
        required=False,
        default="",
        allow_blank=True,
        help_text="Where to: `chat`, `moments`, `poster`, …",
    )


class ShareOutput(serializers.Serializer[Any]):
    code = serializers.CharField(source="link.code")
    channel = serializers.CharField(allow_blank=True)
    shared_at = serializers.DateTimeField()


class TreeView(EngineView):
    """Whom a participant brought, a page at a time, and who stands above them."""

    scope = "campaigns"
    pagination_class = EnginePagination

    @extend_schema(
        responses=TreeOutput,
        parameters=[OpenApiParameter("limit", int), OpenApiParameter("cursor", str)],
    )
    def get(self, request: Request, participant_id: str) -> Response:
        top = selectors.participant_by_public_id(participant_id, is_test=is_test(request))
        pages = self.pagination_class()
        friends = pages.paginate_queryset(forest.friends(top), request, view=self) or []
        counted = forest.below([top.pk, *(friend.pk for friend in friends)])
        page = pages.get_paginated_response([_chain(row, counted[row.pk]) for row in friends])
        above = ChainPlaceOutput(forest.ancestors(top), many=True).data
        head = {"participant": _chain(top, counted[top.pk]), "ancestors": above}
        return Response({**head, **page.data})


def _chain(row: Participant, below: forest.Below) -> dict[str, Any]:
    return {
        **ChainPlaceOutput(row).data,
        "friends": below.friends,
        "below": below.everybody,
        "depth": below.depth,
        "at_least": below.is_more,
    }


class TraceView(EngineView):
    """Why the referrer and the variant are what they are: every decision, with its candidates."""

    scope = "campaigns"

    @extend_schema(responses=TracesOutput)
    def get(self, request: Request, participant_id: str) -> Response:
        participant = selectors.participant_by_public_id(participant_id, is_test=is_test(request))
        answer = {
            "variant": participant.variant,
            "crossed": participant.crossed,
            "results": tracing.trace_of(participant),
        }
        return Response(TracesOutput(answer).data)


class MyReferralsView(EngineView):
    """The friends I brought, the newest first: nickname and picture, and how far they are."""

    doors = (Door.MEMBER,)
    pagination_class = EnginePagination

    @extend_schema(
        responses=FriendOutput(many=True),
        parameters=[OpenApiParameter("campaign", str, description="Absent: of all campaigns.")],
    )
    def get(self, request: Request) -> Response:
        rows = forest.friends_of_member(
            acting_member_id(request), request.query_params.get("campaign", "")
        )
        pages = self.pagination_class()
        page = pages.paginate_queryset(rows, request, view=self) or []
        return pages.get_paginated_response([_friend(row) for row in page])


def _friend(row: Participant) -> dict[str, Any]:
    """What phones may know of somebody else: never an id."""
    profile = getattr(row.member, "profile", None)
    face = Face(profile.nickname, profile.avatar_url) if profile else Face("", "")
    return {
        "nickname": face.nickname,
        "avatar_url": face.avatar_url,
        "campaign": row.campaign.public_id,
        "status": row.status,
        "joined_at": serializers.DateTimeField().to_representation(row.joined_at),
    }


BY = ("channel", "link", "participant")


class FunnelsView(EngineView):
    """From the intent to share to the order, per channel, link or participant (a partner, say).

    Links come a page at a time, the newest first, of one `participant` if it is named; channels, and
    participants by how many their links brought, at most 100.
    """

    scope = "reports"
    pagination_class = EnginePagination

    @extend_schema(
        responses=FunnelsOutput,
        parameters=[
            OpenApiParameter("by", str, enum=BY, description="Absent: channel."),
            OpenApiParameter("participant", str, description="Only this one's links."),
            OpenApiParameter("limit", int),
            OpenApiParameter("cursor", str),
        ],
    )
    def get(self, request: Request, campaign_id: str) -> Response:
        campaign = campaign_by_public_id(campaign_id, is_test=is_test(request))
        by = request.query_params.get("by", "channel")
        if by not in BY:
            raise Invalid(f"by is one of {', '.join(BY)}.", pointer="/by")
        owner = self._owner(request, campaign)
        if by == "link":
            return self._of_links(request, campaign, owner)
        rows = (
            funnels.funnels_by_channel(campaign, owner=owner)
            if by == "channel"
            else funnels.funnels_by_owner(campaign, owner=owner)
        )
        shown = FunnelOutput(rows, many=True).data
        return Response({"next": None, "previous": None, "results": shown})

    def _owner(self, request: Request, campaign: Campaign) -> int | None:
        named = request.query_params.get("participant", "")
        if not named:
            return None
        owner = selectors.participant_by_public_id(named, is_test=is_test(request))
        if owner.campaign_id != campaign.pk:
            raise selectors.ParticipantUnknown(pointer="/participant")
        return owner.pk

    def _of_links(self, request: Request, campaign: Campaign, owner: int | None) -> Response:
        links = Link.objects.filter(participant__campaign=campaign)
        pages = self.pagination_class()
        page = pages.paginate_queryset(
            links.filter(participant=owner) if owner else links, request, view=self
        )
        rows = funnels.funnels_by_link([link.code for link in page or []])
        return pages.get_paginated_response(FunnelOutput(rows, many=True).data)


class SharesView(EngineView):
    """I am about to share my link. Whether I do, no phone tells."""

    doors = (Door.MEMBER,)

    @extend_schema(request=ShareInput, responses={201: ShareOutput})
    @idempotent()
    def post(self, request: Request, code: str) -> Response:
        share = services.share_record(
            code=code,
            member_id=acting_member_id(request),
            channel=parsed(ShareInput, request.data)["channel"],
        )
        share.refresh_from_db(fields=["shared_at"])
        return Response(ShareOutput(share).data, status=201)
