"""Doors: a member's own points."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.api import EnginePagination, EngineView
from apps.core.callers import Door, acting_member_id
from apps.points import selectors
from apps.points.models import Account, Transfer


class WalletOutput(serializers.Serializer[Any]):
    available = serializers.IntegerField(help_text="Points that can be spent now.")
    pending = serializers.IntegerField(help_text="Points earned that are still on hold.")
    debt = serializers.IntegerField(
        help_text="0 or negative: points taken back after they were spent. Earnings repay it first."
    )


class PointsOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="public_id")
    kind = serializers.ChoiceField(choices=Transfer.Kind.choices)
    amount = serializers.IntegerField(help_text="Points, more than 0.")
    taken_from = serializers.ChoiceField(source="debit.purpose", choices=Account.Purpose.choices)
    given_to = serializers.ChoiceField(source="credit.purpose", choices=Account.Purpose.choices)
    reference = serializers.CharField()
    occurred_at = serializers.DateTimeField()


class WalletView(EngineView):
    """What the member has."""

    doors = (Door.MEMBER,)

    @extend_schema(responses=WalletOutput)
    def get(self, request: Request) -> Response:
        return Response(WalletOutput(selectors.wallet(acting_member_id(request))).data)


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
