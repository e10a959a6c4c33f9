"""Doors: statements, for the shop and for the member."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core import clock
from apps.core.api import EnginePagination, EngineView, idempotent
from apps.core.callers import Door, acting_member_id, is_test
from apps.obligations import selectors, services
from apps.obligations.api.filters import status_asked
from apps.obligations.models import Payout, PayoutLine

STATUS = OpenApiParameter("status", str, enum=Payout.Status.values)


class PayoutOutput(serializers.ModelSerializer[Payout]):
    id = serializers.CharField(source="public_id")
    member = serializers.CharField(source="member.public_id")
    external_id = serializers.CharField(
        allow_null=True, help_text="The member's id in the shop; null when it never told one."
    )

    class Meta:
        model = Payout
        fields = (
            "id",
            "member",
            "external_id",
            "currency",
            "total_minor",
            "period_from",
            "period_until",
            "status",
            "note",
            "reference",
            "requested_at",
            "confirmed_at",
            "failed_at",
        )


class PayoutLineOutput(serializers.Serializer[Any]):
    kind = serializers.SerializerMethodField(help_text="`due`, or `deducted`: owed back earlier.")
    payable = serializers.SerializerMethodField()
    reference = serializers.SerializerMethodField(help_text="What it is for, such as a grant.")
    amount_minor = serializers.IntegerField(help_text="Negative when deducted.")
    occurred_at = serializers.SerializerMethodField(help_text="When it was due, or owed back.")

    def get_kind(self, line: PayoutLine) -> str:
        return "deducted" if line.deduction else "due"

    def get_payable(self, line: PayoutLine) -> str:
        return line.named.public_id

    def get_reference(self, line: PayoutLine) -> str:
        return line.named.reference

    def get_occurred_at(self, line: PayoutLine) -> str | None:
        moment = line.deduction.owed_at if line.deduction else line.named.due_at
        return moment.isoformat().replace("+00:00", "Z") if moment else None


class PayoutStatementOutput(PayoutOutput):
    lines = serializers.SerializerMethodField()

    class Meta(PayoutOutput.Meta):
        fields = (*PayoutOutput.Meta.fields, "lines")  # type: ignore[assignment]

    @extend_schema_field(PayoutLineOutput(many=True))
    def get_lines(self, payout: Payout) -> Any:
        return PayoutLineOutput(selectors.lines_of(payout), many=True).data


class PayoutConfirmInput(serializers.Serializer[Any]):
    note = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)
    reference = serializers.CharField(
        max_length=100,
        required=False,
        default="",
        allow_blank=True,
        help_text="Your own number of the payment.",
    )


class PayoutFailInput(serializers.Serializer[Any]):
    note = serializers.CharField(max_length=300, help_text="Why it could not be paid.")


class BalanceOutput(serializers.Serializer[Any]):
    currency = serializers.CharField()
    pending_minor = serializers.IntegerField(help_text="Promised; the hold is not over.")
    due_minor = serializers.IntegerField(help_text="Due; the next statement takes it.")
    owed_minor = serializers.IntegerField(
        help_text="Owed back after a statement; the next one deducts it."
    )
    requested_minor = serializers.IntegerField(help_text="In a statement the shop has to pay.")
    paid_minor = serializers.IntegerField(help_text="In statements the shop has paid.")


class MyPayoutOutput(PayoutOutput):
    class Meta(PayoutOutput.Meta):
        fields = (  # type: ignore[assignment]
            "id",
            "currency",
            "total_minor",
            "period_from",
            "period_until",
            "status",
            "requested_at",
            "confirmed_at",
        )

    member = None  # type: ignore[assignment]
    external_id = None  # type: ignore[assignment]


class MyPayoutsOutput(serializers.Serializer[Any]):
    balances = BalanceOutput(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = MyPayoutOutput(many=True)


class PayoutsView(EngineView):
    """Statements, newest first: what the shop pays whom."""

    scope = "rewards"
    pagination_class = EnginePagination

    @extend_schema(
        operation_id="payouts_list", responses=PayoutOutput(many=True), parameters=[STATUS]
    )
    def get(self, request: Request) -> Response:
        rows = selectors.payouts(is_test=is_test(request))
        if status := status_asked(request, Payout.Status.values):
            rows = rows.filter(status=status)
        pages = self.pagination_class()
        page = pages.paginate_queryset(rows, request, view=self)
        return pages.get_paginated_response(PayoutOutput(page, many=True).data)


class PayoutView(EngineView):
    """One statement with its lines."""

    scope = "rewards"

    @extend_schema(responses=PayoutStatementOutput)
    def get(self, request: Request, payout_id: str) -> Response:
        payout = selectors.payout_by_public_id(payout_id, is_test=is_test(request))
        return Response(PayoutStatementOutput(payout).data)


class PayoutConfirmView(EngineView):
    """The shop has paid this statement."""

    scope = "rewards"

    @extend_schema(request=PayoutConfirmInput, responses={200: PayoutOutput})
    @idempotent()
    def post(self, request: Request, payout_id: str) -> Response:
        body = PayoutConfirmInput(data=request.data)
        body.is_valid(raise_exception=True)
        payout = services.payout_confirm(
            public_id=payout_id, is_test=is_test(request), now=clock.now(), **body.validated_data
        )
        return Response(PayoutOutput(payout).data)


class PayoutFailView(EngineView):
    """The shop could not pay this statement: the next one takes what it named."""

    scope = "rewards"

    @extend_schema(request=PayoutFailInput, responses={200: PayoutOutput})
    @idempotent()
    def post(self, request: Request, payout_id: str) -> Response:
        body = PayoutFailInput(data=request.data)
        body.is_valid(raise_exception=True)
        payout = services.payout_fail(
            public_id=payout_id, is_test=is_test(request), now=clock.now(), **body.validated_data
        )
        return Response(PayoutOutput(payout).data)


class MyPayoutsView(EngineView):
    """What I am owed, and my statements, newest first."""

    doors = (Door.MEMBER,)
    pagination_class = EnginePagination

    @extend_schema(operation_id="me_payouts_list", responses=MyPayoutsOutput)
    def get(self, request: Request) -> Response:
        member_id = acting_member_id(request)
        pages = self.pagination_class()
        mine = Payout.objects.filter(member=member_id)
        page = pages.paginate_queryset(mine, request, view=self)
        answer = pages.get_paginated_response(MyPayoutOutput(page, many=True).data)
        balances = BalanceOutput(selectors.balances(member_id), many=True).data
        return Response({"balances": balances, **answer.data})
