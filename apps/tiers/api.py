"""Doors: the ladder, a member's tier and the way to the next, and growth that a shop reports."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core import clock
from apps.core.api import EngineView, idempotent
from apps.core.callers import Door, acting_member_id, is_test
from apps.members.models import Member
from apps.members.selectors import member_by_external_id
from apps.tiers import selectors, services
from apps.tiers.models import MAX_GROWTH, Benefit, TierChange


class TierBenefitOutput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=Benefit.Kind.choices)
    text = serializers.CharField(help_text="As shoppers read it.")
    multiplier_bps = serializers.IntegerField(
        allow_null=True, help_text="Of `points_multiplier`: 15000 is one and a half times."
    )


class TierOutput(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.CharField()
    rank = serializers.IntegerField(help_text="1 is the lowest.")
    threshold = serializers.IntegerField(help_text="Growth needed within one rolling period.")
    benefits = TierBenefitOutput(many=True, source="benefits.all")


class TierLadderOutput(serializers.Serializer[Any]):
    period_days = serializers.IntegerField(help_text="How long growth counts.")
    grace_days = serializers.IntegerField(help_text="How long a tier outlasts its period.")
    results = TierOutput(many=True)


class NextTierOutput(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.CharField()
    threshold = serializers.IntegerField()
    missing = serializers.IntegerField(help_text="Growth still missing.")


class TierChangeOutput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=TierChange.Kind.choices)
    tier = serializers.CharField(
        source="tier.code", default=None, allow_null=True, help_text="null: no tier any more."
    )
    occurred_at = serializers.DateTimeField()
    period_end = serializers.DateTimeField(allow_null=True)


class MemberTierOutput(serializers.Serializer[Any]):
    tier = TierOutput(allow_null=True)
    growth = serializers.IntegerField(help_text="What counts within the rolling period.")
    since = serializers.DateTimeField(allow_null=True)
    period_start = serializers.DateTimeField(allow_null=True)
    period_end = serializers.DateTimeField(
        allow_null=True, help_text="When it is decided whether the tier is kept."
    )
    grace_until = serializers.DateTimeField(
        allow_null=True, help_text="Set when growth did not suffice: until then it still can."
    )
    next = serializers.SerializerMethodField()
    history = TierChangeOutput(many=True, help_text="The last 20 changes, newest first.")

    def get_next(self, view: selectors.TierView) -> "dict[str, Any] | None":
        if view.next is None:
            return None
        way = {"code": view.next.code, "name": view.next.name, "threshold": view.next.threshold}
        return {**way, "missing": view.missing}


class MemberTierAnswer(MemberTierOutput):
    """For the documentation: what `next` holds."""

    next = NextTierOutput(allow_null=True)  # type: ignore[assignment]


class GrowthInput(serializers.Serializer[Any]):
    amount = serializers.IntegerField(
        min_value=-MAX_GROWTH, max_value=MAX_GROWTH, help_text="Below 0 takes growth back."
    )
    reference = serializers.CharField(
        max_length=64,
        help_text="What it is for, such as your review's id. Each counts once per member.",
    )
    taken_from = serializers.CharField(
        max_length=64,
        required=False,
        default="",
        allow_blank=True,
        help_text="Only below 0: the reference that had brought it. Without: the youngest growth.",
    )

    def validate_amount(self, amount: int) -> int:
        if amount == 0:
            raise serializers.ValidationError("0 changes nothing.")
        return amount

    def validate(self, body: dict[str, Any]) -> dict[str, Any]:
        if body["taken_from"] and body["amount"] > 0:
            raise serializers.ValidationError({"taken_from": "Only when growth is taken back."})
        return body


class TierLadderView(EngineView):
    """The ladder, from the lowest tier up."""

    doors = (Door.PUBLIC, Door.MEMBER, Door.SERVER)

    @extend_schema(operation_id="tiers_ladder", responses=TierLadderOutput)
    def get(self, request: Request) -> Response:
        test = is_test(request)
        ladder = services.ladder_open(is_test=test)
        body = {
            "period_days": ladder.period_days,
            "grace_days": ladder.grace_days,
            "results": selectors.tiers(is_test=test),
        }
        return Response(TierLadderOutput(body).data)


class MyTierView(EngineView):
    """My tier, what it brings, and the way to the next."""

    doors = (Door.MEMBER,)

    @extend_schema(operation_id="me_tier", responses=MemberTierAnswer)
    def get(self, request: Request) -> Response:
        view = selectors.tier_view(acting_member_id(request), is_test=is_test(request))
        return Response(MemberTierOutput(view).data)


class MemberTierView(EngineView):
    """A member's tier, for the shop."""

    scope = "rewards"
    name_length = 128

    @extend_schema(operation_id="member_tier", responses=MemberTierAnswer)
    def get(self, request: Request, external_id: str) -> Response:
        member = member_by_external_id(external_id, is_test=is_test(request))
        return Response(_tier_of(member))


class MemberGrowthView(EngineView):
    """Growth for what only the shop sees, or taken back; answers with the member's tier."""

    scope = "rewards"
    name_length = 128

    @extend_schema(
        operation_id="member_growth", request=GrowthInput, responses={200: MemberTierAnswer}
    )
    @idempotent()
    def post(self, request: Request, external_id: str) -> Response:
        body = GrowthInput(data=request.data)
        body.is_valid(raise_exception=True)
        member = member_by_external_id(external_id, is_test=is_test(request))
        _report(member, **body.validated_data)
        return Response(_tier_of(member))


def _report(member: Member, *, amount: int, reference: str, taken_from: str) -> None:
    key, now = f"shop:{member.public_id}:{reference}", clock.now()
    if amount > 0:
        services.growth_add(
            member_id=member.pk, amount=amount, key=key, reference=reference, now=now
        )
    else:
        services.growth_take_back(
            member_id=member.pk, amount=-amount, key=key, reference=taken_from, now=now
        )


def _tier_of(member: Member) -> Any:
    return MemberTierOutput(selectors.tier_view(member.pk, is_test=member.is_test)).data
