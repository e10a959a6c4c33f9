"""Doors: what the shop must pay back."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.checkout import selectors, services
from apps.core import clock
from apps.core.api import EnginePagination, EngineView, idempotent
from apps.core.callers import is_test
from apps.groupbuy.models import RefundOrder
from apps.groupbuy.services import refund_order_ask, refund_order_fail

OUTSTANDING = "outstanding"


class RefundOrderOutput(serializers.ModelSerializer[RefundOrder]):
    id = serializers.CharField(source="public_id")
    order_id = serializers.CharField(
        source="line.order.order_id", help_text="The order of whoever paid the seat."
    )
    line_id = serializers.CharField(source="line.line_id")
    seat = serializers.CharField(source="seat.public_id")
    room = serializers.CharField(source="seat.room.public_id")
    amount_minor = serializers.IntegerField(
        help_text="Still owed; once confirmed, what was paid back through it."
    )
    asked_minor = serializers.IntegerField(help_text="What was asked for in the beginning.")
    reason = serializers.CharField(source="why")
    age_seconds = serializers.SerializerMethodField(
        help_text="How long it is outstanding, or was until it was resolved."
    )

    class Meta:
        model = RefundOrder
        fields = (
            "id",
            "order_id",
            "line_id",
            "seat",
            "room",
            "amount_minor",
            "asked_minor",
            "reduced_minor",
            "currency",
            "reason",
            "status",
            "failure",
            "requested_at",
            "age_seconds",
            "asks",
            "ask_again_at",
            "parked_at",
            "resolved_at",
        )

    def get_age_seconds(self, refund_order: RefundOrder) -> int:
        return int(refund_order.age(clock.now()).total_seconds())


class RefundOrdersQuery(serializers.Serializer[Any]):
    status = serializers.ChoiceField(
        [*RefundOrder.Status.values, OUTSTANDING],
        required=False,
        help_text="`outstanding` are `requested` and `failed`.",
    )
    parked = serializers.BooleanField(
        required=False,
        allow_null=True,
        default=None,
        help_text="Only those that are parked, or only the others.",
    )
    order_id = serializers.CharField(max_length=100, required=False)


class FailInput(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=300)


class RefundOrdersView(EngineView):
    """What the shop must pay back, newest first."""

    scope = "orders"
    pagination_class = EnginePagination

    @extend_schema(
        operation_id="refund_orders_list",
        responses=RefundOrderOutput(many=True),
        parameters=[RefundOrdersQuery],
    )
    def get(self, request: Request) -> Response:
        asked = RefundOrdersQuery(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        rows = selectors.refund_orders(is_test=is_test(request))
        match asked.validated_data:
            case {"status": "outstanding"}:
                rows = rows.outstanding()
            case {"status": status}:
                rows = rows.filter(status=status)
        if (parked := asked.validated_data["parked"]) is not None:
            rows = rows.filter(parked_at__isnull=not parked)
        if order_id := asked.validated_data.get("order_id"):
            rows = rows.filter(line__order__order_id=order_id)
        pages = self.pagination_class()
        page = pages.paginate_queryset(rows, request, view=self)
        return pages.get_paginated_response(RefundOrderOutput(page, many=True).data)


class RefundOrderView(EngineView):
    """A refund order as it stands: look here before you pay."""

    scope = "orders"

    @extend_schema(responses=RefundOrderOutput)
    def get(self, request: Request, refund_order_id: str) -> Response:
        refund_order = selectors.refund_order_by_public_id(
            refund_order_id, is_test=is_test(request)
        )
        return Response(RefundOrderOutput(refund_order).data)


class RefundOrderConfirmView(EngineView):
    """The refund was paid out: this is the refund."""

    scope = "orders"

    @extend_schema(request=None, responses={200: RefundOrderOutput})
    @idempotent()
    def post(self, request: Request, refund_order_id: str) -> Response:
        refund_order = services.refund_order_paid(
            public_id=refund_order_id, is_test=is_test(request), now=clock.now()
        )
        return Response(RefundOrderOutput(refund_order).data)


class RefundOrderFailView(EngineView):
    """The refund could not be paid out; an operator will see it."""

    scope = "orders"

    @extend_schema(request=FailInput, responses={200: RefundOrderOutput})
    @idempotent()
    def post(self, request: Request, refund_order_id: str) -> Response:
        body = FailInput(data=request.data)
        body.is_valid(raise_exception=True)
        refund_order = refund_order_fail(
            public_id=refund_order_id,
            is_test=is_test(request),
            reason=body.validated_data["reason"],
        )
        return Response(RefundOrderOutput(refund_order).data)


class RefundOrderAskView(EngineView):
    """Have it asked for again at once, parked, failed or neither: the shop listens now."""

    scope = "orders"

    @extend_schema(request=None, responses={200: RefundOrderOutput})
    @idempotent()
    def post(self, request: Request, refund_order_id: str) -> Response:
        test = is_test(request)
        refund_order = selectors.refund_order_by_public_id(refund_order_id, is_test=test)
        refund_order_ask(refund_order_id=refund_order.pk)
        asked = selectors.refund_order_by_public_id(refund_order_id, is_test=test)
        return Response(RefundOrderOutput(asked).data)
