"""Doors: presents by hand to many members, decided by somebody else, and voiding one grant."""

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.campaigns.rules import AwardKind
from apps.campaigns.selectors import campaign_by_public_id
from apps.core import clock
from apps.core.api import EngineView, idempotent
from apps.core.callers import caller_of, is_test
from apps.core.errors import Unauthenticated
from apps.rewards import selectors, services
from apps.rewards.models import Goodwill
from apps.rewards.services import Hand, Present
from apps.rewards.services.goodwill import MOST_MEMBERS, MOST_OF_OTHERS
from apps.rewards.services.goodwill import REASON_LENGTH as GOODWILL_REASON_LENGTH
from apps.rewards.services.voiding import REASON_LENGTH as VOID_REASON_LENGTH


class GoodwillInput(serializers.Serializer[Any]):
    campaign = serializers.CharField(max_length=32, help_text="Whose budget pays, cmp_….")
    kind = serializers.ChoiceField([kind.value for kind in AwardKind])
    amount = serializers.IntegerField(
        min_value=1,
        max_value=MOST_OF_OTHERS,
        help_text="For each: points, growth value, minor units of a payable, gifts; 1 coupon.",
    )
    coupon_template = serializers.CharField(
        max_length=32, required=False, default="", allow_blank=True, help_text="Of coupons, tpl_…."
    )
    gift = serializers.CharField(
        max_length=120, required=False, default="", allow_blank=True, help_text="Of custom awards."
    )
    gift_cost_minor = serializers.IntegerField(
        min_value=0,
        max_value=MOST_OF_OTHERS,
        required=False,
        default=0,
        help_text="What one gift takes from the budget, in minor units.",
    )
    members = serializers.ListField(
        child=serializers.CharField(max_length=128),
        min_length=1,
        max_length=MOST_MEMBERS,
        help_text="The shop's own ids. Somebody named twice gets it once.",
    )
    reason = serializers.CharField(
        max_length=GOODWILL_REASON_LENGTH, help_text="Why: for whoever has to approve it."
    )


class RefusedOutput(serializers.Serializer[Any]):
    member = serializers.CharField()
    reason = serializers.CharField(help_text="`budget_spent` or `coupons_gone`.")


class GoodwillOutput(serializers.ModelSerializer[Goodwill]):
    id = serializers.CharField(source="public_id")
    campaign = serializers.CharField(source="campaign.public_id")
    members = serializers.SerializerMethodField(help_text="How many it is for.")
    made = serializers.SerializerMethodField(help_text="How many have their grant.")
    refused = serializers.SerializerMethodField(help_text="Who got nothing, and why.")

    class Meta:
        model = Goodwill
        fields = (
            "id",
            "campaign",
            "status",
            "kind",
            "amount",
            "coupon_template",
            "gift",
            "unit_cost_minor",
            "reason",
            "members",
            "made",
            "refused",
            "proposed_at",
            "decided_at",
            "done_at",
        )

    def get_members(self, goodwill: Goodwill) -> int:
        return len(goodwill.members)

    def get_made(self, goodwill: Goodwill) -> int:
        return goodwill.grants.count()

    @extend_schema_field(RefusedOutput(many=True))
    def get_refused(self, goodwill: Goodwill) -> list[dict[str, Any]]:
        return selectors.goodwill_refused(goodwill)


class VoidInput(serializers.Serializer[Any]):
    reason = serializers.CharField(
        max_length=VOID_REASON_LENGTH, help_text="Kept with the claw-back: the member may ask."
    )


class VoidOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="public_id")
    status = serializers.CharField()
    taken_back = serializers.IntegerField()
    lost = serializers.IntegerField(help_text="Of it, what was used up already.")


def key_of(request: Request) -> str:
    """The public id of the server key that calls."""
    caller = caller_of(request)
    if caller is None:
        raise Unauthenticated()
    return caller.credential


def propose(request: Request) -> Response:
    """Propose goodwill: the body of `POST /grants`."""
    body = GoodwillInput(data=request.data)
    body.is_valid(raise_exception=True)
    asked = body.validated_data
    test = is_test(request)
    goodwill = services.goodwill_propose(
        campaign=campaign_by_public_id(asked["campaign"], is_test=test),
        present=Present(
            kind=AwardKind(asked["kind"]),
            amount=asked["amount"],
            coupon_template=asked["coupon_template"],
            gift=asked["gift"],
            gift_cost_minor=asked["gift_cost_minor"],
        ),
        member_ids=selectors.members_by_external_ids(asked["members"], is_test=test),
        reason=asked["reason"],
        by=Hand(key=key_of(request)),
        now=clock.now(),
    )
    goodwill.refresh_from_db()
    return Response(GoodwillOutput(goodwill).data, status=201)


class GoodwillView(EngineView):
    """A goodwill proposal gdw_…, and how far its grants are."""

    scope = "rewards"

    @extend_schema(operation_id="goodwill_retrieve", responses=GoodwillOutput)
    def get(self, request: Request, grant_id: str) -> Response:
        found = selectors.goodwills(is_test=is_test(request)).filter(public_id=grant_id).first()
        if found is None:
            raise services.GoodwillUnknown()
        return Response(GoodwillOutput(found).data)


class GoodwillApproveView(EngineView):
    """Approve a goodwill proposal gdw_… with another key than the one that proposed it."""

    scope = "rewards"

    @extend_schema(operation_id="goodwill_approve", request=None, responses={200: GoodwillOutput})
    @idempotent()
    def post(self, request: Request, grant_id: str) -> Response:
        goodwill = services.goodwill_approve(
            public_id=grant_id,
            is_test=is_test(request),
            by=Hand(key=key_of(request)),
            now=clock.now(),
        )
        return Response(GoodwillOutput(goodwill).data)


class GoodwillRejectView(EngineView):
    """Turn a goodwill proposal gdw_… down, with another key than the one that proposed it."""

    scope = "rewards"

    @extend_schema(operation_id="goodwill_reject", request=None, responses={200: GoodwillOutput})
    @idempotent()
    def post(self, request: Request, grant_id: str) -> Response:
        goodwill = services.goodwill_reject(
            public_id=grant_id,
            is_test=is_test(request),
            by=Hand(key=key_of(request)),
            now=clock.now(),
        )
        return Response(GoodwillOutput(goodwill).data)


class GrantVoidView(EngineView):
    """Take back what is left of a grant grt_…: void while pending, clawed back once settled."""

    scope = "rewards"

    @extend_schema(operation_id="grant_void", request=VoidInput, responses={200: VoidOutput})
    @idempotent()
    def post(self, request: Request, grant_id: str) -> Response:
        body = VoidInput(data=request.data)
        body.is_valid(raise_exception=True)
        grant = services.grant_void(
            public_id=grant_id,
            is_test=is_test(request),
            reason=body.validated_data["reason"],
            by=f"the key {key_of(request)}",
            now=clock.now(),
        )
        return Response(VoidOutput(grant).data)
