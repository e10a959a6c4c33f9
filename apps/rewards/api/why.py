"""Door: why somebody got what they got, or nothing."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core import clock
from apps.core.api import EngineView
from apps.core.callers import is_test
from apps.core.errors import Invalid
from apps.rewards.why import why


class NothingAsked(Invalid):
    code = "nothing_asked"
    message = "Name a member, an order or a campaign."


class AnswerOutput(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="Stable: a refusal's reason, or what came of it.")
    shopper = serializers.CharField(help_text="To be sent to the shopper as it is.")
    operator = serializers.CharField()
    developer = serializers.CharField()
    ids = serializers.DictField(
        child=serializers.CharField(), help_text="What it is about: campaign, order, grant …"
    )
    moments = serializers.DictField(
        child=serializers.DateTimeField(), help_text="When: decided_at, settle_at, tried_again_at …"
    )
    at = serializers.DateTimeField(help_text="The moment the answers are sorted by, newest first.")


class WhyOutput(serializers.Serializer[Any]):
    results = AnswerOutput(many=True)


class WhyView(EngineView):
    """Why somebody got what they got, or nothing, also when nothing was ever reported.

    For any of member, order and campaign together; newest first, at most 100 answers.
    """

    scope = "rewards"

    @extend_schema(
        operation_id="why",
        responses=WhyOutput,
        parameters=[
            OpenApiParameter("member", str, description="The shop's own id, or mem_…."),
            OpenApiParameter("order", str, description="The shop's own id."),
            OpenApiParameter("campaign", str, description="cmp_…."),
        ],
    )
    def get(self, request: Request) -> Response:
        asked = {
            name: request.query_params.get(name, "") for name in ("member", "order", "campaign")
        }
        if not any(asked.values()):
            raise NothingAsked()
        answers = why(
            member=asked["member"],
            order_id=asked["order"],
            campaign=asked["campaign"],
            is_test=is_test(request),
            now=clock.now(),
        )
        return Response(WhyOutput({"results": answers}).data)
