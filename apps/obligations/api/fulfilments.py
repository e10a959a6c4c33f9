"""Doors: gifts, for the shop and for the member."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core import clock
from apps.core.api import EnginePagination, EngineView, idempotent, parsed
from apps.core.callers import Door, acting_member_id, is_test
from apps.obligations import selectors, services
from apps.obligations.api.filters import status_asked
from apps.obligations.models import Fulfilment

# Until a gift's hold is over, it is no business of the shop's.
SHOWN = [
    status for status in Fulfilment.Status.values if status != Fulfilment.Status.PROMISED.value
]
STATUS = OpenApiParameter("status", str, enum=SHOWN)


class MyFulfilmentOutput(serializers.ModelSerializer[Fulfilment]):
    id = serializers.CharField(source="public_id")

    class Meta:
        model = Fulfilment
        fields: tuple[str, ...] = (
            "id",
            "gift",
            "quantity",
            "status",
            "promised_at",
            "requested_at",
            "confirmed_at",
            "cancelled_at",
        )


class FulfilmentOutput(MyFulfilmentOutput):
    member = serializers.CharField(source="member.public_id")
    external_id = serializers.CharField(
        allow_null=True, help_text="The member's id in the shop; null when it never told one."
    )

    class Meta(MyFulfilmentOutput.Meta):
        fields = ("member", "external_id", "reference", "note", *MyFulfilmentOutput.Meta.fields)


class FulfilmentInput(serializers.Serializer[Any]):
    note = serializers.CharField(
        max_length=300,
        required=False,
        default="",
        allow_blank=True,
        help_text="Such as a parcel number, or why it cannot be had.",
    )


class FulfilmentsView(EngineView):
    """Gifts the shop hands over, newest first. Those still on hold are not among them."""

    scope = "rewards"
    pagination_class = EnginePagination

    @extend_schema(responses=FulfilmentOutput(many=True), parameters=[STATUS])
    def get(self, request: Request) -> Response:
        rows = selectors.fulfilments(is_test=is_test(request))
        status = status_asked(request, SHOWN)
        rows = rows.filter(status__in=[status] if status else SHOWN)
        pages = self.pagination_class()
        page = pages.paginate_queryset(rows, request, view=self)
        return pages.get_paginated_response(FulfilmentOutput(page, many=True).data)


def _ended(request: Request, public_id: str, end: Callable[..., Fulfilment]) -> Response:
    """The gift, ended as a service ends it, with the note that was sent."""
    note = parsed(FulfilmentInput, request.data)["note"]
    fulfilment = end(public_id=public_id, is_test=is_test(request), note=note, now=clock.now())
    return Response(FulfilmentOutput(fulfilment).data)


class FulfilmentConfirmView(EngineView):
    """The gift was handed over."""

    scope = "rewards"

    @extend_schema(request=FulfilmentInput, responses={200: FulfilmentOutput})
    @idempotent()
    def post(self, request: Request, fulfilment_id: str) -> Response:
        return _ended(request, fulfilment_id, services.fulfilment_confirm)


class FulfilmentCancelView(EngineView):
    """The gift cannot be had: an exchange for it gives its points back."""

    scope = "rewards"

    @extend_schema(request=FulfilmentInput, responses={200: FulfilmentOutput})
    @idempotent()
    def post(self, request: Request, fulfilment_id: str) -> Response:
        return _ended(request, fulfilment_id, services.fulfilment_cancel)


class MyFulfilmentsView(EngineView):
    """My gifts, newest first."""

    doors = (Door.MEMBER,)
    pagination_class = EnginePagination

    @extend_schema(operation_id="me_fulfilments_list", responses=MyFulfilmentOutput(many=True))
    def get(self, request: Request) -> Response:
        pages = self.pagination_class()
        mine = Fulfilment.objects.filter(member=acting_member_id(request))
        page = pages.paginate_queryset(mine, request, view=self)
        return pages.get_paginated_response(MyFulfilmentOutput(page, many=True).data)
