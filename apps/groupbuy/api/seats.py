"""Doors: holding a seat, seeing what it costs, leaving it."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core import clock
from apps.core.api import EngineView, idempotent
from apps.core.callers import Door, acting_member_id, caller_of, is_test
from apps.core.transactions import retrying
from apps.groupbuy import selectors, services
from apps.groupbuy.api.shapes import SeatInput, SeatOutput
from apps.groupbuy.errors import SeatOfSomebodyElse
from apps.invites.api import brought_from


class RoomSeatsView(EngineView):
    """Hold a seat while the shop takes payment."""

    doors = (Door.MEMBER,)

    @extend_schema(request=SeatInput, responses={201: SeatOutput})
    @idempotent()
    def post(self, request: Request, room_id: str) -> Response:
        member_id = acting_member_id(request)
        body = SeatInput(data=request.data)
        body.is_valid(raise_exception=True)
        seat = services.seat_hold(
            room=selectors.room_by_public_id(room_id, is_test=is_test(request)),
            member_id=member_id,
            brought=brought_from(request),
            now=clock.now(),
            sku=body.validated_data["sku"],
            quantity=body.validated_data["quantity"],
            order_id=body.validated_data["order_id"],
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
