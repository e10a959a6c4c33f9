"""How rooms look over HTTP, and one's own seat in them."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from apps.groupbuy.rules import Listing, NextStep, RoomStatus, Showing, final_price
from apps.groupbuy.selectors import Listed, OwnSeat, RoomView
from apps.invites.api import FaceOutput
from apps.members.selectors import Face


class RoomStepOutput(serializers.Serializer[Any]):
    headcount = serializers.IntegerField(help_text="Paid seats from which on this price holds.")
    price_minor = serializers.IntegerField()
    reached = serializers.BooleanField()


class PlaceOutput(serializers.Serializer[Any]):
    position = serializers.IntegerField()
    status = serializers.ChoiceField(["free", "held", "paid"])
    is_host = serializers.BooleanField()
    nickname = serializers.CharField(source="face.nickname", default="", allow_blank=True)
    avatar_url = serializers.CharField(source="face.avatar_url", default="", allow_blank=True)


class RoomItemOutput(serializers.Serializer[Any]):
    sku = serializers.CharField()
    name = serializers.CharField()
    single_price_minor = serializers.IntegerField()
    group_price_minor = serializers.IntegerField(help_text="What every seat pays, per piece.")
    price_now_minor = serializers.IntegerField(
        help_text="What a piece would cost in the end with the seats that are paid by now."
    )
    steps = RoomStepOutput(many=True)
    is_left = serializers.BooleanField(help_text="Whether there is anything left of it.")


class RoomWordsOutput(serializers.Serializer[Any]):
    title = serializers.CharField()
    text = serializers.CharField(allow_blank=True)


class SeatRefundOutput(serializers.Serializer[Any]):
    status = serializers.ChoiceField(["requested", "confirmed", "failed"])
    amount_minor = serializers.IntegerField()
    why = serializers.CharField()


class MySeatOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="seat.public_id")
    sku = serializers.CharField(source="seat.item.sku")
    quantity = serializers.IntegerField(source="seat.quantity")
    status = serializers.ChoiceField(["held", "paid", "released"], source="seat.status")
    released = serializers.CharField(source="seat.released", allow_blank=True)
    position = serializers.IntegerField(source="seat.position")
    price_minor = serializers.IntegerField(source="seat.price_minor")
    final_price_minor = serializers.IntegerField(
        source="seat.final_price_minor", allow_null=True, help_text="Once the room is complete."
    )
    hold_expires_at = serializers.DateTimeField(source="seat.hold_expires_at")
    paid_at = serializers.DateTimeField(source="seat.paid_at", allow_null=True)
    refund = SeatRefundOutput(allow_null=True)
    next = serializers.ChoiceField(
        [step.value for step in NextStep], help_text="What its member can do now."
    )


class RoomOutput(serializers.Serializer[Any]):
    """A room as anybody may see it who knows its id."""

    id = serializers.CharField(source="room.public_id")
    offer = serializers.CharField(source="room.offer.public_id")
    campaign = serializers.CharField(source="room.offer.campaign.public_id")
    title = serializers.CharField(source="room.offer.title")
    picture_url = serializers.CharField(source="room.offer.picture_url", allow_blank=True)
    status = serializers.ChoiceField([s.value for s in RoomStatus], source="room.status")
    state = serializers.ChoiceField(
        [s.value for s in Showing], help_text="The status as people meet it."
    )
    words = RoomWordsOutput(help_text="The state in plain words.")
    reason = serializers.CharField(source="room.reason", allow_blank=True)
    listing = serializers.ChoiceField([s.value for s in Listing], source="room.listing")
    size = serializers.IntegerField(source="room.size")
    paid = serializers.IntegerField()
    held = serializers.IntegerField()
    free = serializers.IntegerField()
    missing = serializers.IntegerField(help_text="Payments until it is full.")
    minimum = serializers.IntegerField(
        source="numbers.minimum",
        help_text="Paid seats with which it completes at its deadline without being full; 0: none.",
    )
    completed_short = serializers.BooleanField(
        source="room.completed_short",
        help_text="Completed by the shop at its deadline, with fewer than all seats.",
    )
    completed_with = serializers.IntegerField(
        source="room.headcount",
        allow_null=True,
        help_text="Paid seats when it completed; the final price goes by them.",
    )
    currency = serializers.CharField(source="room.offer.campaign.currency")
    items = RoomItemOutput(many=True)
    opened_at = serializers.DateTimeField(source="room.opened_at", allow_null=True)
    deadline_at = serializers.DateTimeField(source="room.deadline_at", allow_null=True)
    ended_at = serializers.DateTimeField(source="room.ended_at", allow_null=True)
    now = serializers.DateTimeField(help_text="The server's clock, for countdowns.")
    seconds_left = serializers.IntegerField(help_text="Until the deadline, on the server's clock.")
    places = PlaceOutput(many=True)


class ListedRoomOutput(RoomOutput):
    with_friends = serializers.BooleanField(help_text="A friend of the member sits there.")
    is_mine = serializers.BooleanField(help_text="The member sits there.")


class SeenRoomOutput(RoomOutput):
    """A room as the caller sees it."""

    my_seat = MySeatOutput(allow_null=True, help_text="The member's latest seat, if they had one.")
    inviter = FaceOutput(allow_null=True, help_text="Whose link the guest's visit token is of.")


class MyRoomOutput(RoomOutput):
    is_host = serializers.BooleanField()
    my_seat = MySeatOutput(allow_null=True)


class RoomsPageOutput(serializers.Serializer[Any]):
    results = ListedRoomOutput(many=True)
    next = serializers.CharField(allow_null=True, help_text="The address of the next page.")


def room_body(view: RoomView) -> dict[str, Any]:
    """A room as anybody may see it."""
    return dict(RoomOutput(_RoomShape(view)).data)


def listed_body(listed: Listed, view: RoomView, *, is_mine: bool) -> dict[str, Any]:
    """A room of an offer's list."""
    return {**room_body(view), "with_friends": listed.with_friends, "is_mine": is_mine}


def seen_body(view: RoomView, own: OwnSeat | None, inviter: Face | None = None) -> dict[str, Any]:
    """A room as the caller sees it: with their own seat, or with who invited them."""
    face = FaceOutput(inviter).data if inviter else None
    return {**room_body(view), "my_seat": own_body(own, view), "inviter": face}


def own_body(own: OwnSeat | None, view: RoomView) -> dict[str, Any] | None:
    """A member's own seat, its refund, and what to do next."""
    if own is None:
        return None
    shown = {"seat": own.seat, "refund": own.refund, "next": own.next(view)}
    return dict(MySeatOutput(shown).data)


class _RoomShape:
    """A view with its items as `RoomOutput` names them."""

    def __init__(self, view: RoomView) -> None:
        self._view = view

    def __getattr__(self, name: str) -> Any:
        return getattr(self._view, name)

    @property
    def items(self) -> list[Mapping[str, Any]]:
        view = self._view
        return [
            {
                "sku": item.sku,
                "name": item.name,
                "single_price_minor": item.single_price_minor,
                "group_price_minor": item.group_price_minor,
                "price_now_minor": final_price(item, view.headcount),
                "steps": [
                    {
                        "headcount": step.headcount,
                        "price_minor": step.price_minor,
                        "reached": step.headcount <= view.headcount,
                    }
                    for step in sorted(item.steps, key=lambda step: step.headcount)
                ],
                "is_left": view.left.get(item.id, 0) > 0,
            }
            for item in view.items
        ]
