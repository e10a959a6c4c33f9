"""Doors: offers, the open rooms of one, and opening another."""

import base64
import binascii
import datetime as dt
import json
from typing import Any
from urllib.parse import urlencode

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core import clock
from apps.core.api import EngineView, idempotent
from apps.core.callers import Door, acting_member_id, caller_of, is_test
from apps.groupbuy import selectors, services
from apps.groupbuy.api.offer_shapes import OfferOutput
from apps.groupbuy.api.seats import SeatInput, SeatOutput
from apps.groupbuy.api.shapes import RoomOutput, RoomsPageOutput, listed_body, room_body
from apps.groupbuy.models import Offer
from apps.groupbuy.selectors import Spot
from apps.invites.api import brought_from

EVERYONE = (Door.PUBLIC, Door.MEMBER, Door.SERVER)
PAGE, MOST = 20, 100
FIRST_ROOMS = 10


class OffersOutput(serializers.Serializer[Any]):
    results = OfferOutput(many=True)


class OfferAndRoomsOutput(OfferOutput):
    rooms = RoomsPageOutput(help_text="The first rooms one can join.")

    class Meta(OfferOutput.Meta):
        fields = (*OfferOutput.Meta.fields, "rooms")  # type: ignore[assignment]


class RoomAndSeatOutput(serializers.Serializer[Any]):
    room = RoomOutput()
    seat = SeatOutput()


class OffersView(EngineView):
    """The offers one can open rooms for."""

    doors = EVERYONE

    @extend_schema(operation_id="offers_list", responses=OffersOutput)
    def get(self, request: Request) -> Response:
        rows = (
            Offer.objects.filter(is_active=True, campaign__is_test=is_test(request))
            .filter(campaign__status="running")
            .select_related("campaign")
            .prefetch_related("items__steps")
        )
        return Response({"results": OfferOutput(rows.order_by("-pk")[:200], many=True).data})


class OfferView(EngineView):
    """One offer with its items, what is left of them, and the first rooms one can join."""

    doors = EVERYONE

    @extend_schema(responses=OfferAndRoomsOutput)
    def get(self, request: Request, offer_id: str) -> Response:
        offer = selectors.offer_by_public_id(offer_id, is_test=is_test(request))
        rooms = _rooms_page(request, offer, after=None, limit=FIRST_ROOMS)
        return Response({**OfferOutput(offer).data, "rooms": rooms})


class OfferRoomsView(EngineView):
    """The offer's rooms one can join, and opening one.

    With a member's token, rooms where friends sit come first; then those with the fewest seats left,
    then the soonest deadlines. A room listed for friends is shown to them alone, one by link to
    nobody. Friends are who referred the member and whom the member referred, whose link brought the
    member to a seat and whom the member's brought, and who paid in the same room.
    """

    doors = EVERYONE
    takes_codes = True

    @extend_schema(
        responses=RoomsPageOutput,
        parameters=[
            OpenApiParameter("cursor", str, description="From `next`."),
            OpenApiParameter("limit", int, description=f"At most {MOST}; {PAGE} if absent."),
        ],
    )
    def get(self, request: Request, offer_id: str) -> Response:
        offer = selectors.offer_by_public_id(offer_id, is_test=is_test(request))
        cursor = request.query_params.get("cursor", "")
        asked = request.query_params.get("limit", "")[:9]
        limit = min(int(asked), MOST) if asked.isdecimal() and int(asked) else PAGE
        after = spot_from(cursor) if cursor else None
        return Response(_rooms_page(request, offer, after=after, limit=limit))

    @extend_schema(request=SeatInput, responses={201: RoomAndSeatOutput})
    @idempotent()
    def post(self, request: Request, offer_id: str) -> Response:
        member_id = acting_member_id(request)
        body = SeatInput(data=request.data)
        body.is_valid(raise_exception=True)
        room, seat = services.room_open(
            offer=selectors.offer_by_public_id(offer_id, is_test=is_test(request)),
            member_id=member_id,
            brought=brought_from(request),
            now=clock.now(),
            sku=body.validated_data["sku"],
            quantity=body.validated_data["quantity"],
            order_id=body.validated_data["order_id"],
        )
        view = selectors.room_view(room, clock.engine_now())
        answer = {"room": room_body(view), "seat": SeatOutput(seat).data}
        return Response(answer, status=201)


def _rooms_page(
    request: Request, offer: Offer, *, after: Spot | None, limit: int
) -> dict[str, Any]:
    caller = caller_of(request)
    me = caller.member_id if caller else None
    circle = selectors.friends_of(me) | {me} if me is not None else set()
    found = selectors.listed_rooms(offer, friends=circle, after=after, limit=limit + 1)
    page, more = found[:limit], len(found) > limit
    views = selectors.room_views([listed.room for listed in page], clock.engine_now())
    mine = selectors.own_seats([listed.room for listed in page], me) if me is not None else {}
    results = [
        listed_body(listed, view, is_mine=_sits(mine.get(listed.room.pk)))
        for listed, view in zip(page, views, strict=True)
    ]
    following = _next_address(request, offer, page[-1].spot, limit) if more else None
    return {"results": results, "next": following}


def _sits(own: selectors.OwnSeat | None) -> bool:
    return own is not None and own.seat.status in ("held", "paid")


def _next_address(request: Request, offer: Offer, last: Spot, limit: int) -> str:
    query = urlencode({"cursor": spot_to(last), "limit": limit})
    return request.build_absolute_uri(f"/api/v1/offers/{offer.public_id}/rooms?{query}")


def spot_to(spot: Spot) -> str:
    """A spot as an opaque cursor."""
    body = [spot.rank, spot.free, spot.deadline_at.isoformat(), spot.pk]
    return base64.urlsafe_b64encode(json.dumps(body).encode()).decode().rstrip("=")


def spot_from(cursor: str) -> Spot:
    """The spot of a cursor. Raises NotFound for what is none of ours."""
    try:
        padded = cursor[:400] + "=" * (-len(cursor[:400]) % 4)
        rank, free, deadline, pk = json.loads(base64.urlsafe_b64decode(padded))
        at = dt.datetime.fromisoformat(deadline)
        spot = Spot(int(rank), int(free), at, int(pk))
        fits = max(map(abs, (spot.rank, spot.free))) < 2**31 and abs(spot.pk) < 2**63
    except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error):
        raise NotFound("Invalid cursor") from None
    if at.tzinfo is None or not fits:
        raise NotFound("Invalid cursor")
    return spot
