"""Doors: holding a seat, seeing what it costs, leaving it."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core import clock
from apps.core.api import EngineView, idempotent, parsed, rendered
from apps.core.callers import Door, acting_member_id, caller_of, is_test
from apps.core.replies import Asked
from apps.core.transactions import retrying
from apps.groupbuy import selectors, services
from apps.groupbuy.errors import SeatOfSomebodyElse
from apps.groupbuy.models import Seat
from apps.groupbuy.rules import Ask
from apps.invites.api import BroughtInput, brought_of


class SeatInput(BroughtInput):
    sku = serializers.CharField(
        max_length=100, required=False, default="", help_text="Absent: the offer's first item."
    )
    quantity = serializers.IntegerField(min_value=1, max_value=1000, required=False, default=1)
    order_id = serializers.CharField(
        max_length=100,
        required=False,
        default="",
        help_text="The shop's unpaid order, if it has one.",
    )


class SwapInput(serializers.Serializer[Any]):
    sku = serializers.CharField(
        max_length=100, required=False, default="", help_text="Absent: the item stays."
    )
    quantity = serializers.IntegerField(
        min_value=1,
        max_value=1000,
        required=False,
        default=None,
        allow_null=True,
        help_text="Absent: the quantity stays.",
    )


class SeatOutput(serializers.ModelSerializer[Seat]):
    id = serializers.CharField(source="public_id")
    room = serializers.CharField(source="room.public_id")
    member = serializers.CharField(source="member.public_id")
    sku = serializers.CharField(source="item.sku")
    currency = serializers.CharField(source="room.offer.campaign.currency")

    class Meta:
        model = Seat
        fields = (
            "id",
            "room",
            "member",
            "sku",
            "quantity",
            "price_minor",
            "final_price_minor",
            "settlement",
            "credited_points",
            "currency",
            "position",
            "status",
            "released",
            "hold_expires_at",
            "paid_at",
        )


def _just_held(held: services.Held) -> dict[str, Any]:
    """What `SeatOutput` shows of a seat that is only now to be held."""
    return {
        "id": held.id,
        "room": held.room,
        "member": held.member,
        "sku": held.sku,
        "quantity": held.quantity,
        "price_minor": held.price_minor,
        "final_price_minor": None,
        "settlement": "",
        "credited_points": 0,
        "currency": held.currency,
        "position": None,
        "status": Seat.Status.HELD.value,
        "released": "",
        "hold_expires_at": None,
        "paid_at": None,
    }


def _hold_at_once(request: Request, names: dict[str, Any], asked: Asked) -> HttpResponse | None:
    fields = parsed(SeatInput, request.data)
    shown = services.seat_hold_and_reply(
        room=names["room_id"],
        is_test=is_test(request),
        member_id=acting_member_id(request),
        brought=brought_of(fields),
        now=clock.now(),
        ask=Ask(fields["sku"], fields["quantity"]),
        order_id=fields["order_id"],
        reply=asked,
        body=_just_held,
    )
    return None if shown is None else rendered(shown, status=201)


class RoomSeatsView(EngineView):
    """Hold a seat while the shop takes payment."""

    doors = (Door.MEMBER,)
    takes_codes = True

    @extend_schema(request=SeatInput, responses={201: SeatOutput})
    @idempotent(at_once=_hold_at_once)
    def post(self, request: Request, room_id: str) -> Response:
        member_id = acting_member_id(request)
        fields = parsed(SeatInput, request.data)
        seat = services.seat_hold(
            room=selectors.room_by_public_id(room_id, is_test=is_test(request)),
            member_id=member_id,
            brought=brought_of(fields),
            now=clock.now(),
            sku=fields["sku"],
            quantity=fields["quantity"],
            order_id=fields["order_id"],
        )
        return Response(SeatOutput(seat).data, status=201)


class SeatView(EngineView):
    """What to charge for a seat, and leaving it before payment."""

    doors = (Door.SERVER, Door.MEMBER)
    scope = "groupbuy"

    @extend_schema(responses=SeatOutput)
    def get(self, request: Request, seat_id: str) -> Response:
        seat = selectors.seat_by_public_id(seat_id, is_test=is_test(request))
        caller = caller_of(request)
        if caller is not None and caller.member_id not in (None, seat.member_id):
            raise SeatOfSomebodyElse()
        return Response(SeatOutput(seat).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, seat_id: str) -> Response:
        member_id = acting_member_id(request)
        retrying(lambda: services.seat_leave(seat_id=seat_id, member_id=member_id))
        return Response(status=204)


class SeatSwapView(EngineView):
    """Another item or quantity for a held seat, at its room's prices."""

    doors = (Door.MEMBER,)

    @extend_schema(request=SwapInput, responses=SeatOutput)
    @idempotent()
    def post(self, request: Request, seat_id: str) -> Response:
        member_id = acting_member_id(request)
        body = SwapInput(data=request.data)
        body.is_valid(raise_exception=True)
        services.seat_swap(seat_id=seat_id, member_id=member_id, **body.validated_data)
        seat = selectors.seat_by_public_id(seat_id, is_test=is_test(request))
        return Response(SeatOutput(seat).data)
