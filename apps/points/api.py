"""Doors: a member's own points, and points reserved and spent by the shop."""

import datetime as dt
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core import clock
from apps.core.api import (
    EnginePagination,
    EngineView,
    idempotent,
    parsed,
    rendered,
    require_idempotency_key,
    shown,
)
from apps.core.callers import Door, acting_member_id, caller_of, is_test
from apps.core.fingerprints import fingerprint
from apps.core.replies import Asked
from apps.members.models import Member
from apps.members.selectors import member_by_external_id
from apps.points import selectors, services
from apps.points.models import Account, Reservation, Transfer

MAX_POINTS = 10**12
_MONTH = OpenApiParameter(
    "month", str, required=True, description="YYYY-MM, in UTC.", pattern=r"^\d{4}-\d{2}$"
)


class ExpiringOutput(serializers.Serializer[Any]):
    points = serializers.IntegerField()
    expires_at = serializers.DateTimeField()


class WalletOutput(serializers.Serializer[Any]):
    available = serializers.IntegerField(
        source="wallet.available", help_text="Points that can be spent now."
    )
    pending = serializers.IntegerField(
        source="wallet.pending", help_text="Points earned that are still on hold."
    )
    debt = serializers.IntegerField(
        source="wallet.debt",
        help_text="0 or negative: points taken back after they were spent. Earnings repay it first.",
    )
    reserved = serializers.IntegerField(
        source="wallet.reserved", help_text="Points set aside for orders not paid yet."
    )
    worth_minor = serializers.IntegerField(
        help_text="What the available points are worth, rounded down."
    )
    currency = serializers.CharField()
    expiring = ExpiringOutput(
        many=True, help_text="What ends within the notice of the programme, soonest first."
    )


class PointsOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="public_id")
    kind = serializers.ChoiceField(choices=Transfer.Kind.choices)
    amount = serializers.IntegerField(help_text="Points, more than 0.")
    taken_from = serializers.ChoiceField(source="debit.purpose", choices=Account.Purpose.choices)
    given_to = serializers.ChoiceField(source="credit.purpose", choices=Account.Purpose.choices)
    reference = serializers.CharField()
    occurred_at = serializers.DateTimeField()


class StatementLineOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    kind = serializers.ChoiceField(choices=Transfer.Kind.choices)
    points = serializers.IntegerField(help_text="Above 0: came; below: went.")
    reference = serializers.CharField()
    occurred_at = serializers.DateTimeField()
    booked_at = serializers.DateTimeField(help_text="What decides the month.")


class StatementOutput(serializers.Serializer[Any]):
    month = serializers.CharField()
    opening = serializers.IntegerField(help_text="Points to spend when the month began.")
    came = serializers.IntegerField()
    went = serializers.IntegerField(help_text="0 or negative.")
    closing = serializers.IntegerField(help_text="opening + came + went.")
    lines = StatementLineOutput(many=True, help_text="Oldest first, at most 1,000.")
    shortened = serializers.BooleanField(
        help_text="Whether there are more lines; the sums are of all."
    )


class MemberPointsOutput(serializers.Serializer[Any]):
    wallet = WalletOutput()
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = PointsOutput(many=True)


class SpendInput(serializers.Serializer[Any]):
    member = serializers.CharField(max_length=128, help_text="The member's external_id.")
    order_id = serializers.CharField(
        max_length=100, help_text="The shop's id of the order, which need not be reported yet."
    )
    amount = serializers.IntegerField(min_value=1, max_value=MAX_POINTS, help_text="Points.")
    ttl_seconds = serializers.IntegerField(
        min_value=1,
        max_value=30 * 86_400,
        required=False,
        help_text="How long they wait for the payment; else as the programme says.",
    )


class SpendOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="public_id")
    order_id = serializers.CharField()
    amount = serializers.IntegerField()
    returned = serializers.IntegerField(help_text="Given back after refunds.")
    status = serializers.ChoiceField(choices=Reservation.Status.choices)
    cause = serializers.ChoiceField(
        choices=Reservation.Cause.choices, allow_blank=True, help_text="Why they were released."
    )
    expires_at = serializers.DateTimeField(help_text="When they are released if nothing happens.")


class PointsView(EngineView):
    """How the member came to have it: every transfer, newest first."""

    doors = (Door.MEMBER,)
    pagination_class = EnginePagination

    @extend_schema(responses=PointsOutput(many=True))
    def get(self, request: Request) -> Response:
        pages = self.pagination_class()
        transfers = selectors.transfers_of(acting_member_id(request))
        page = pages.paginate_queryset(transfers, request, view=self)
        return pages.get_paginated_response(PointsOutput(page, many=True).data)


class StatementView(EngineView):
    """A month of the points the member could spend."""

    doors = (Door.MEMBER,)

    @extend_schema(parameters=[_MONTH], responses=StatementOutput)
    def get(self, request: Request) -> Response:
        month = request.query_params.get("month", "")
        found = selectors.statement(acting_member_id(request), month)
        return Response(StatementOutput(found).data)


class MemberPointsView(EngineView):
    """A member's wallet and, newest first, every transfer."""

    scope = "rewards"
    name_length = 128

    @extend_schema(
        parameters=[OpenApiParameter("cursor", str), OpenApiParameter("limit", int)],
        responses=MemberPointsOutput,
    )
    def get(self, request: Request, external_id: str) -> Response:
        member = member_by_external_id(external_id, is_test=is_test(request))
        pages = EnginePagination()
        page = pages.paginate_queryset(selectors.transfers_of(member.pk), request, view=self)
        found = selectors.wallet_in_full(member.pk, is_test=member.is_test)
        answer = pages.get_paginated_response(PointsOutput(page, many=True).data)
        answer.data = {"wallet": WalletOutput(found).data, **answer.data}
        return answer


class MemberStatementView(EngineView):
    """A month of the points a member could spend."""

    scope = "rewards"
    name_length = 128

    @extend_schema(parameters=[_MONTH], responses=StatementOutput)
    def get(self, request: Request, external_id: str) -> Response:
        member = member_by_external_id(external_id, is_test=is_test(request))
        found = selectors.statement(member.pk, request.query_params.get("month", ""))
        return Response(StatementOutput(found).data)


def _spend_at_once(request: Request, names: dict[str, Any], asked: Asked) -> HttpResponse | None:
    fields = parsed(SpendInput, request.data)
    ttl = fields.get("ttl_seconds")
    body = services.points_reserve_and_reply(
        external_id=fields["member"],
        amount=fields["amount"],
        order_id=fields["order_id"],
        is_test=is_test(request),
        key=_key(request),
        now=clock.now(),
        ttl=dt.timedelta(seconds=ttl) if ttl else None,
        reply=asked,
    )
    return None if body is None else rendered(body, status=201)


class SpendsView(EngineView):
    """Points at checkout."""

    scope = "rewards"
    looks_at_the_key = True

    @extend_schema(request=SpendInput, responses={201: SpendOutput})
    @idempotent(at_once=_spend_at_once)
    def post(self, request: Request) -> Response:
        """Set points aside for an order. Paying the order captures them, cancelling releases them."""
        fields = parsed(SpendInput, request.data)
        member = _member(request, fields["member"])
        ttl = fields.get("ttl_seconds")
        reservation = services.points_reserve(
            member_id=member.pk,
            amount=fields["amount"],
            order_id=fields["order_id"],
            is_test=member.is_test,
            key=_key(request),
            now=clock.now(),
            ttl=dt.timedelta(seconds=ttl) if ttl else None,
        )
        return Response(shown(SpendOutput, reservation), status=201)


class SpendCaptureView(EngineView):
    """Spend what was set aside, for good. Only where the order is not reported to the engine."""

    scope = "rewards"

    @extend_schema(request=None, responses=SpendOutput)
    @idempotent()
    def post(self, request: Request, spend_id: str) -> Response:
        reservation = services.reservation_capture(
            public_id=spend_id, is_test=is_test(request), now=clock.now()
        )
        return Response(shown(SpendOutput, reservation))


class SpendReleaseView(EngineView):
    """Give what was set aside back to the member, with its old expiry."""

    scope = "rewards"

    @extend_schema(request=None, responses=SpendOutput)
    @idempotent()
    def post(self, request: Request, spend_id: str) -> Response:
        reservation = services.reservation_release(
            public_id=spend_id, is_test=is_test(request), now=clock.now()
        )
        return Response(shown(SpendOutput, reservation))


def _member(request: Request, external_id: str) -> Member:
    return member_by_external_id(external_id, is_test=is_test(request), pointer="/member")


def _key(request: Request) -> str:
    """What makes it happen once, also after the kept reply is gone: the request's own key."""
    caller = caller_of(request)
    asked = [caller.credential if caller else "", require_idempotency_key(request)]
    return f"spend:{fingerprint(asked)}"
