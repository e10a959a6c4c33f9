"""Doors: offers, rooms and seats."""

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core import clock
from apps.core.api import EngineView, idempotent
from apps.core.callers import Door, acting_member_id, caller_of, is_test
from apps.core.transactions import retrying
from apps.groupbuy import selectors, services
from apps.groupbuy.errors import RoomNotOpen, SeatOfSomebodyElse
from apps.groupbuy.models import Offer, OfferItem, Room, Seat, StepPrice
from apps.groupbuy.rules import AtDeadline, CoolDown, Overflow, RoomStatus, Settlement
from apps.invites.api import BroughtInput, LinkOutput, brought_from, link_output
from apps.invites.services import campaign_link

EVERYONE = (Door.PUBLIC, Door.MEMBER, Door.SERVER)


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


class StepPriceOutput(serializers.ModelSerializer[StepPrice]):
    class Meta:
        model = StepPrice
        fields = ("headcount", "price_minor")


class ItemOutput(serializers.ModelSerializer[OfferItem]):
    left = serializers.SerializerMethodField()
    steps = serializers.SerializerMethodField(
        help_text="What a piece costs in the end, in a room of at least so many paid seats."
    )

    class Meta:
        model = OfferItem
        fields = ("sku", "name", "single_price_minor", "group_price_minor", "steps", "left")

    @extend_schema_field(StepPriceOutput(many=True))
    def get_steps(self, item: OfferItem) -> Any:
        return StepPriceOutput(sorted(item.steps.all(), key=lambda s: s.headcount), many=True).data

    def get_left(self, item: OfferItem) -> int:
        return item.stock - item.held - item.sold


class LimitsOutput(serializers.Serializer[Any]):
    """What one member may have of the offer; null: any number."""

    rooms_hosted = serializers.IntegerField(allow_null=True)
    seats = serializers.IntegerField(allow_null=True)
    open_at_once = serializers.IntegerField(allow_null=True)


class CoolDownOutput(serializers.Serializer[Any]):
    """Who gives up `after` held seats within the window waits for the pause."""

    after = serializers.IntegerField()
    window_seconds = serializers.SerializerMethodField()
    pause_seconds = serializers.SerializerMethodField()

    def get_window_seconds(self, cool_down: CoolDown) -> int:
        return int(cool_down.window.total_seconds())

    def get_pause_seconds(self, cool_down: CoolDown) -> int:
        return int(cool_down.pause.total_seconds())


class TermsOutput(serializers.Serializer[Any]):
    """The offer's rules. A room keeps those of the moment it was opened."""

    at_deadline = serializers.ChoiceField([value.value for value in AtDeadline])
    minimum_seats = serializers.IntegerField(
        help_text="Paid seats from which a room completes short, if it does."
    )
    overflow = serializers.ChoiceField([value.value for value in Overflow])
    settlement = serializers.ChoiceField(
        [value.value for value in Settlement],
        help_text="How what a step price leaves over goes back.",
    )
    max_quantity = serializers.IntegerField(allow_null=True)
    limits = LimitsOutput()
    cool_down = CoolDownOutput(allow_null=True)
    new_members_only = serializers.BooleanField()
    host_discount_minor = serializers.IntegerField()


class OfferOutput(serializers.ModelSerializer[Offer]):
    id = serializers.CharField(source="public_id")
    campaign = serializers.CharField(source="campaign.public_id")
    currency = serializers.CharField(source="campaign.currency")
    duration_seconds = serializers.SerializerMethodField()
    terms = serializers.SerializerMethodField()
    items = ItemOutput(many=True)

    class Meta:
        model = Offer
        fields = (
            "id",
            "campaign",
            "title",
            "picture_url",
            "room_size",
            "duration_seconds",
            "starts_at",
            "ends_at",
            "listing",
            "terms",
            "currency",
            "items",
        )

    @extend_schema_field(TermsOutput)
    def get_terms(self, offer: Offer) -> Any:
        return TermsOutput(selectors.offer_rules(offer)).data

    def get_duration_seconds(self, offer: Offer) -> int:
        return int(offer.duration.total_seconds())


class OffersOutput(serializers.Serializer[Any]):
    results = OfferOutput(many=True)


class PlaceOutput(serializers.Serializer[Any]):
    position = serializers.IntegerField()
    status = serializers.ChoiceField(["free", "held", "paid"])
    is_host = serializers.BooleanField()
    nickname = serializers.CharField(source="face.nickname", default="", allow_blank=True)
    avatar_url = serializers.CharField(source="face.avatar_url", default="", allow_blank=True)


class RoomOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="room.public_id")
    offer = serializers.CharField(source="room.offer.public_id")
    campaign = serializers.CharField(source="room.offer.campaign.public_id")
    status = serializers.ChoiceField([s.value for s in RoomStatus], source="room.status")
    reason = serializers.CharField(source="room.reason", allow_blank=True)
    completed_short = serializers.BooleanField(
        source="room.completed_short",
        help_text="Completed by the shop at its deadline, with fewer than all seats.",
    )
    size = serializers.IntegerField(source="room.size")
    paid = serializers.IntegerField()
    held = serializers.IntegerField()
    missing = serializers.IntegerField(help_text="Payments the room still needs.")
    deadline_at = serializers.DateTimeField(source="room.deadline_at", allow_null=True)
    now = serializers.DateTimeField(help_text="The server's clock, for countdowns.")
    places = PlaceOutput(many=True)


class RoomsOutput(serializers.Serializer[Any]):
    results = RoomOutput(many=True)


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


class RoomAndSeatOutput(serializers.Serializer[Any]):
    room = RoomOutput()
    seat = SeatOutput()


def _room_output(room: Room) -> dict[str, Any]:
    return dict(RoomOutput(selectors.room_view(room, clock.now())).data)


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
    """One offer with its items and what is left of them."""

    doors = EVERYONE

    @extend_schema(responses=OfferOutput)
    def get(self, request: Request, offer_id: str) -> Response:
        offer = selectors.offer_by_public_id(offer_id, is_test=is_test(request))
        return Response(OfferOutput(offer).data)


class OfferRoomsView(EngineView):
    """The offer's open rooms, and opening one."""

    doors = EVERYONE

    @extend_schema(responses=RoomsOutput)
    def get(self, request: Request, offer_id: str) -> Response:
        offer = selectors.offer_by_public_id(offer_id, is_test=is_test(request))
        rooms = [_room_output(room) for room in selectors.open_rooms(offer)]
        return Response({"results": rooms})

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
        answer = {"room": _room_output(room), "seat": SeatOutput(seat).data}
        return Response(answer, status=201)


class RoomView(EngineView):
    """One room: who sits there, what is missing, until when."""

    doors = EVERYONE

    @extend_schema(responses=RoomOutput)
    def get(self, request: Request, room_id: str) -> Response:
        room = selectors.room_by_public_id(room_id, is_test=is_test(request))
        return Response(_room_output(room))


class RoomLinkView(EngineView):
    """My link to this room. A pending room cannot be shared yet."""

    doors = (Door.MEMBER,)

    @extend_schema(request=BroughtInput, responses={200: LinkOutput, 201: LinkOutput})
    def put(self, request: Request, room_id: str) -> Response:
        room = selectors.room_by_public_id(room_id, is_test=is_test(request))
        if room.status == RoomStatus.PENDING:
            raise RoomNotOpen("This room opens when its host has paid; then it can be shared.")
        offer = room.offer
        link, created = retrying(
            lambda: campaign_link(
                campaign=offer.campaign,
                member_id=acting_member_id(request),
                brought=brought_from(request),
                now=clock.now(),
                room=room.public_id,
            )
        )
        picture = offer.picture_url or offer.campaign.card_picture_url
        body = link_output(request, link, offer.title, picture)
        return Response(body, status=201 if created else 200)


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
