"""Doors: the life of an order."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.checkout import selectors, services
from apps.checkout.api.dry_run import DryRunOutput, dry_run_output, is_dry_run
from apps.checkout.dry_run import order_dry_run
from apps.core import clock
from apps.core.api import (
    EngineView,
    idempotent,
    require_idempotency_key,
    validate_instant,
)
from apps.core.callers import is_test
from apps.core.errors import EngineError
from apps.invites.api import BroughtInput, brought_of
from apps.invites.selectors import Brought
from apps.members.selectors import member_by_external_id
from apps.orders.models import Order, Refund
from apps.orders.rules import RefundAsk
from apps.orders.services import LineReport, OrderReport, order_fulfil

MAX_MINOR = 10**15


class LineInput(serializers.Serializer[Any]):
    line_id = serializers.CharField(max_length=100)
    sku = serializers.CharField(max_length=100)
    quantity = serializers.IntegerField(min_value=1, max_value=1_000_000, default=1)
    amount_minor = serializers.IntegerField(
        min_value=0, max_value=MAX_MINOR, help_text="Paid for this line, after discounts."
    )
    tags = serializers.ListField(
        child=serializers.CharField(max_length=60), max_length=30, default=list
    )
    seat = serializers.CharField(max_length=32, required=False, default="")
    margin_minor = serializers.IntegerField(
        min_value=-MAX_MINOR,
        max_value=MAX_MINOR,
        required=False,
        help_text="What of the amount is left after the goods' cost; for reports only.",
    )
    cost_minor = serializers.IntegerField(
        min_value=0,
        max_value=MAX_MINOR,
        required=False,
        help_text="Or what the goods of this line cost the shop.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "cost_minor" in attrs and "margin_minor" in attrs:
            raise serializers.ValidationError(
                {"cost_minor": ["Give a line's margin or its cost, not both."]}
            )
        return attrs


class OrderInput(BroughtInput):
    order_id = serializers.CharField(max_length=100)
    member = serializers.CharField(max_length=128, help_text="The buyer's external_id.")
    currency = serializers.RegexField(r"^[A-Z]{3}$")
    paid_minor = serializers.IntegerField(min_value=0, max_value=MAX_MINOR)
    occurred_at = serializers.DateTimeField(validators=[validate_instant])
    lines = LineInput(many=True, allow_empty=False, max_length=500)  # type: ignore[call-arg]
    dry_run = serializers.BooleanField(
        default=False, help_text="Only answer what this order would do, and write nothing."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        names = [line["line_id"] for line in attrs["lines"]]
        if len(set(names)) != len(names):
            raise serializers.ValidationError({"lines": ["Each line_id may stand once."]})
        seats = [line["seat"] for line in attrs["lines"] if line["seat"]]
        if len(set(seats)) != len(seats):
            raise serializers.ValidationError({"lines": ["Each seat may stand once."]})
        if sum(line["amount_minor"] for line in attrs["lines"]) > attrs["paid_minor"]:
            raise serializers.ValidationError(
                {"paid_minor": ["The lines add up to more than was paid."]}
            )
        return attrs


class SeatResultOutput(serializers.Serializer[Any]):
    line_id = serializers.CharField()
    seat = serializers.CharField()
    outcome = serializers.ChoiceField(["paid", "refund_requested", "refunded"])
    room = serializers.CharField()
    room_status = serializers.CharField()
    refund_order = serializers.CharField(allow_null=True)


class IgnoredOutput(serializers.Serializer[Any]):
    """What of the report could not be used. The order is kept all the same: its money is paid."""

    pointer = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField()


class OrderOutput(serializers.Serializer[Any]):
    order_id = serializers.CharField()
    nth = serializers.IntegerField(help_text="Which paid order of the member this is.")
    currency = serializers.CharField()
    paid_minor = serializers.IntegerField()
    refunded_minor = serializers.IntegerField()
    status = serializers.ChoiceField(["paid", "partly_refunded", "refunded"])
    campaigns = serializers.ListField(child=serializers.CharField())
    seats = SeatResultOutput(many=True)
    ignored = IgnoredOutput(many=True)


class RefundLineInput(serializers.Serializer[Any]):
    line_id = serializers.CharField(max_length=100)
    amount_minor = serializers.IntegerField(
        min_value=1, max_value=MAX_MINOR, required=False, help_text="Absent: all that is left."
    )


class RefundInput(serializers.Serializer[Any]):
    refund_id = serializers.CharField(max_length=100)
    amount_minor = serializers.IntegerField(min_value=1, max_value=MAX_MINOR, required=False)
    lines = RefundLineInput(  # type: ignore[call-arg]
        many=True, required=False, allow_empty=False, max_length=500
    )
    occurred_at = serializers.DateTimeField(required=False, validators=[validate_instant])

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("lines") and "amount_minor" in attrs:
            raise serializers.ValidationError(
                {"amount_minor": ["Give an amount or lines, or neither for all that is left."]}
            )
        return attrs


class RefundOutput(serializers.Serializer[Any]):
    order_id = serializers.CharField()
    refund_id = serializers.CharField()
    status = serializers.ChoiceField(["applied", "waiting_for_order"])
    applied_minor = serializers.IntegerField()


class OrdersView(EngineView):
    """Report a paid order. The same report again answers the same and changes nothing.

    With `dry_run` it is only answered what the order would do, and nothing at all is written.
    """

    scope = "orders"

    @extend_schema(request=OrderInput, responses={201: OrderOutput, 200: DryRunOutput})
    def post(self, request: Request) -> HttpResponse:
        if not is_dry_run(request.data):
            return self._report(request)
        require_idempotency_key(request)
        report, brought = _reported(request)
        found = order_dry_run(report=report, brought=brought, now=clock.now())
        return Response(dry_run_output(found))

    @idempotent()
    def _report(self, request: Request) -> Response:
        report, brought = _reported(request)
        reported = services.order_report(report=report, brought=brought, now=clock.now())
        return Response(_order_output(reported.order, reported.ignored), status=201)


def _reported(request: Request) -> tuple[OrderReport, Brought]:
    """The order in a request, and what brought its buyer. Raises ValidationError, MemberUnknown."""
    body = OrderInput(data=request.data)
    body.is_valid(raise_exception=True)
    fields = body.validated_data
    member = member_by_external_id(fields["member"], is_test=is_test(request), pointer="/member")
    report = OrderReport(
        order_id=fields["order_id"],
        member_id=member.pk,
        currency=fields["currency"],
        paid_minor=fields["paid_minor"],
        occurred_at=fields["occurred_at"],
        lines=tuple(_line(line) for line in fields["lines"]),
        is_test=is_test(request),
    )
    return report, brought_of(fields)


def _line(given: dict[str, Any]) -> LineReport:
    """A line as it was reported; a cost is kept as the margin it leaves."""
    margin = given.get("margin_minor")
    if "cost_minor" in given:
        margin = given["amount_minor"] - given["cost_minor"]
    told = {name: value for name, value in given.items() if name != "cost_minor"}
    return LineReport(**{**told, "tags": tuple(given["tags"]), "margin_minor": margin})


def _order_output(order: Order, ignored: tuple[EngineError, ...] = ()) -> dict[str, Any]:
    order.refresh_from_db()
    status = "paid" if not order.refunded_minor else "partly_refunded"
    if order.refunded_minor and not order.kept_minor:
        status = "refunded"
    return dict(
        OrderOutput(
            {
                "order_id": order.order_id,
                "nth": order.nth,
                "currency": order.currency,
                "paid_minor": order.paid_minor,
                "refunded_minor": order.refunded_minor,
                "status": status,
                "campaigns": list(order.campaigns.values_list("campaign__public_id", flat=True)),
                "seats": selectors.seat_results(order),
                "ignored": [_ignored(error) for error in ignored],
            }
        ).data
    )


def _ignored(error: EngineError) -> dict[str, str]:
    return {"pointer": error.pointer, "code": error.code, "detail": str(error)}


class RefundsView(EngineView):
    """Report what was paid back, in part or in full; also before the order itself."""

    scope = "orders"

    @extend_schema(request=RefundInput, responses={201: RefundOutput})
    @idempotent()
    def post(self, request: Request, order_id: str) -> Response:
        body = RefundInput(data=request.data)
        body.is_valid(raise_exception=True)
        fields = body.validated_data
        lines = tuple(
            (line["line_id"], line.get("amount_minor")) for line in fields.get("lines", ())
        )
        refund = services.refund_report(
            order_id=order_id,
            refund_id=fields["refund_id"],
            ask=RefundAsk(fields.get("amount_minor"), lines),
            occurred_at=fields.get("occurred_at") or clock.now(),
            is_test=is_test(request),
        )
        return Response(_refund_output(refund), status=201)


def _refund_output(refund: Refund) -> dict[str, Any]:
    return {
        "order_id": refund.order_id_reported,
        "refund_id": refund.refund_id,
        "status": "applied" if refund.order_id else "waiting_for_order",
        "applied_minor": refund.applied_minor,
    }


class CancelView(EngineView):
    """Cancel an order: release what is held for it, or refund it in full if it was paid."""

    scope = "orders"

    @extend_schema(request=None, responses={201: RefundOutput})
    @idempotent()
    def post(self, request: Request, order_id: str) -> Response:
        refund = services.order_cancel(order_id=order_id, is_test=is_test(request), now=clock.now())
        return Response(_refund_output(refund), status=201)


class FulfilView(EngineView):
    """The order was delivered."""

    scope = "orders"

    @extend_schema(request=None, responses={200: OrderOutput})
    @idempotent()
    def post(self, request: Request, order_id: str) -> Response:
        order = order_fulfil(order_id=order_id, is_test=is_test(request), now=clock.now())
        return Response(_order_output(order))
