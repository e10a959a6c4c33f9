"""Doors: the exchange shelf."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core import clock
from apps.core.api import EnginePagination, EngineView, idempotent, require_idempotency_key
from apps.core.callers import Door, acting_member_id, caller_of, is_test
from apps.shelf import selectors, services
from apps.shelf.models import Exchange, ShelfItem


class ShelfItemOutput(serializers.ModelSerializer[ShelfItem]):
    id = serializers.CharField(source="public_id")
    kind = serializers.SerializerMethodField(help_text="`coupon` or `gift`.")
    left = serializers.IntegerField(allow_null=True, help_text="Null when there is no limit.")
    left_for_me = serializers.SerializerMethodField(
        help_text="How many the acting member may still have; null when there is no limit."
    )

    class Meta:
        model = ShelfItem
        fields = (
            "id",
            "name",
            "picture_url",
            "points",
            "kind",
            "gift",
            "left",
            "per_member",
            "left_for_me",
            "starts_at",
            "ends_at",
        )

    def get_kind(self, item: ShelfItem) -> str:
        return "coupon" if item.template else "gift"

    def get_left_for_me(self, item: ShelfItem) -> int | None:
        taken: dict[int, int] = self.context["taken"]
        mine = [] if item.per_member is None else [item.per_member - taken.get(item.pk, 0)]
        stock = [] if item.left is None else [item.left]
        return max(0, min(mine + stock)) if mine or stock else None


class ShelfOutput(serializers.Serializer[Any]):
    results = ShelfItemOutput(many=True)


class ExchangeOutput(serializers.ModelSerializer[Exchange]):
    id = serializers.CharField(source="public_id")
    member = serializers.CharField(source="member.public_id")
    item = serializers.CharField(source="item.public_id")
    name = serializers.CharField(source="item.name")
    coupon = serializers.CharField(help_text="The coupon it gave, or empty.")
    fulfilment = serializers.CharField(help_text="The gift it asked the shop for, or empty.")

    class Meta:
        model = Exchange
        fields = (
            "id",
            "member",
            "item",
            "name",
            "points",
            "status",
            "coupon",
            "fulfilment",
            "made_at",
            "cancelled_at",
        )


class ShelfView(EngineView):
    """What can be had for points now, the cheapest first."""

    doors = (Door.PUBLIC, Door.MEMBER, Door.SERVER)

    @extend_schema(operation_id="shelf_list", responses=ShelfOutput)
    def get(self, request: Request) -> Response:
        items = selectors.shelf(is_test=is_test(request))
        caller = caller_of(request)
        member_id = caller.member_id if caller else None
        taken = selectors.taken_by(member_id, items) if member_id else {}
        rows = ShelfItemOutput(items, many=True, context={"taken": taken})
        return Response({"results": rows.data})


class ShelfExchangesView(EngineView):
    """Take an item for its price in points."""

    doors = (Door.MEMBER,)

    @extend_schema(request=None, responses={201: ExchangeOutput})
    @idempotent()
    def post(self, request: Request, item_id: str) -> Response:
        member_id = acting_member_id(request)
        exchange = services.exchange_make(
            item=item_id,
            member_id=member_id,
            key=f"{member_id}:{require_idempotency_key(request)}",
            now=clock.now(),
        )
        return Response(ExchangeOutput(exchange).data, status=201)


class MyExchangesView(EngineView):
    """My exchanges, newest first."""

    doors = (Door.MEMBER,)
    pagination_class = EnginePagination

    @extend_schema(operation_id="me_exchanges_list", responses=ExchangeOutput(many=True))
    def get(self, request: Request) -> Response:
        pages = self.pagination_class()
        mine = selectors.exchanges_of(acting_member_id(request))
        page = pages.paginate_queryset(mine, request, view=self)
        return pages.get_paginated_response(ExchangeOutput(page, many=True).data)


class ExchangeCancelView(EngineView):
    """Undo an exchange while its coupon is unused or its gift not handed over.

    A member undoes their own.
    """

    doors = (Door.SERVER, Door.MEMBER)
    scope = "rewards"

    @extend_schema(request=None, responses={200: ExchangeOutput})
    @idempotent()
    def post(self, request: Request, exchange_id: str) -> Response:
        caller = caller_of(request)
        exchange = services.exchange_cancel(
            public_id=exchange_id,
            is_test=is_test(request),
            member_id=caller.member_id if caller else None,
            now=clock.now(),
        )
        return Response(ExchangeOutput(exchange).data)
