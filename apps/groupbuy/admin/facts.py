"""Rooms, seats, refund orders and stock, to look at."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.timezone import localtime

from apps.core.admin import FactAdmin, FactInline, money_column, status_column
from apps.core.templatetags.money import money
from apps.groupbuy.admin.links import RoomLinkPages
from apps.groupbuy.admin.pages import RoomPages
from apps.groupbuy.admin.terms import lasting, terms_in_words
from apps.groupbuy.models import OfferItem, Room, Seat
from apps.groupbuy.rules import RoomStatus
from apps.groupbuy.selectors import room_terms
from apps.members.admin import member_column, member_name

_price = money_column("price_minor", "Price", currency="room.offer.campaign.currency")


@admin.display(description="Final price", ordering="final_price_minor")
def _final_price(seat: Seat) -> str:
    if seat.final_price_minor is None:
        return "–"
    return money(seat.final_price_minor, seat.room.offer.campaign.currency)


def _minute(moment: dt.datetime) -> str:
    return f"{localtime(moment):%d %b %Y, %H:%M}"


def _unbroken(words: str) -> Any:
    return format_html('<span class="whitespace-nowrap">{}</span>', words)


@admin.display(description="Item", ordering="item")
def _item(seat: Seat) -> str:
    return seat.item.name if seat.quantity == 1 else f"{seat.quantity} × {seat.item.name}"


@admin.display(description="Status", ordering="status")
def _standing(seat: Seat) -> str:
    """The status, and of a released seat why."""
    why = seat.released.replace("_", " ")
    return f"{seat.status}: {why}" if why else seat.status


@admin.display(description="Since, or until", ordering="hold_expires_at")
def _moment(seat: Seat) -> str:
    """When it was paid or released; of a held seat, until when it is held."""
    known = seat.released_at or seat.paid_at
    moment = known or seat.hold_expires_at
    return _minute(moment) if known else f"until {_minute(moment)}"


@admin.display(description="Brought by")
def _inviter(seat: Seat) -> str:
    return "–" if seat.inviter is None else member_name(seat.inviter.member)


_of_seat = (
    member_column(),
    "position",
    _standing,
    _item,
    _price,
    _final_price,
    "settlement",
    _inviter,
    _moment,
)


class SeatInline(FactInline):
    model = Seat
    fields = readonly_fields = _of_seat

    def get_queryset(self, request: HttpRequest) -> QuerySet[Seat]:
        rows: QuerySet[Seat] = super().get_queryset(request)
        return rows.select_related(
            "member__profile", "item", "inviter__member__profile", "room__offer__campaign"
        )


@admin.register(Room)
class RoomAdmin(RoomLinkPages, RoomPages, FactAdmin):
    actions_detail = (*RoomLinkPages.actions_detail, *RoomPages.actions_detail)
    list_display = (
        "public_id",
        "offer",
        member_column("host", "Host"),
        status_column(),
        "why",
        "filled",
        "deadline",
    )
    list_filter = ("status", "reason", "offer__campaign", "offer", "listing", "size")
    list_select_related = ("offer", "host__profile")
    search_fields = ("public_id", "host__public_id")
    ordering = ("-id",)
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ("offer", "hosted_by", "standing", "filled", "page")}),
        ("Times", {"fields": ("times",)}),
        ("What it opened with", {"fields": ("listing", "opened_with")}),
    )
    inlines = (SeatInline,)
    actions = ("cancel",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Room]:
        paid = Count("seats", filter=Q(seats__status=Seat.Status.PAID))
        held = Count("seats", filter=Q(seats__status=Seat.Status.HELD))
        rows: QuerySet[Room] = super().get_queryset(request)
        return rows.annotate(paid_seats=paid, held_seats=held)

    @admin.display(description="Why")
    def why(self, room: Room) -> str:
        if room.completed_short:
            return f"short, with {room.headcount}"
        reason = room.reason.replace("_", " ")
        return f"{reason}: {room.note}" if reason and room.note else reason or room.note or "–"

    @admin.display(description="Host")
    def hosted_by(self, room: Room) -> Any:
        link = reverse("admin:members_member_change", args=[room.host_id])
        return format_html('<a href="{}" class="text-link">{}</a>', link, member_name(room.host))

    @admin.display(description="Status")
    def standing(self, room: Room) -> str:
        why = self.why(room)
        return room.status if why == "–" else f"{room.status}, {why}"

    @admin.display(description="Seats")
    def filled(self, room: Any) -> Any:
        held = f", {room.held_seats} held" if room.held_seats else ""
        words = f"{room.paid_seats} of {room.size} paid{held}"
        return _unbroken(words)

    @admin.display(description="Deadline", ordering="deadline_at")
    def deadline(self, room: Room) -> Any:
        return "–" if room.deadline_at is None else _unbroken(_minute(room.deadline_at))

    @admin.display(description="When")
    def times(self, room: Room) -> Any:
        moments = (
            ("Begun", room.created_at),
            ("Opened by the host's payment", room.opened_at),
            ("Deadline", room.deadline_at),
            ("Ended", room.ended_at),
        )
        lines = [f"{what}: {localtime(at):%d %b %Y, %H:%M:%S}" for what, at in moments if at]
        lasts = f"It lasts {lasting(room.duration)}; a seat is held for {lasting(room.hold_ttl)}."
        return _lines([*lines, lasts])

    @admin.display(description="Terms")
    def opened_with(self, room: Room) -> Any:
        return _lines(terms_in_words(room_terms(room), room.offer.campaign.currency))

    @admin.display(description="Page")
    def page(self, room: Room) -> Any:
        if room.status == RoomStatus.PENDING:
            return "–"
        return format_html(
            '<a href="{}" class="text-link">Open</a>', reverse("group", args=[room.public_id])
        )

    @admin.action(description="Cancel for good: end these rooms and refund everybody…")
    def cancel(self, request: HttpRequest, queryset: QuerySet[Room]) -> HttpResponse:
        return self.before_cancel(list(queryset.values_list("pk", flat=True)))


def _lines(lines: Iterable[str]) -> Any:
    return format_html_join("", "<p>{}</p>", ((line,) for line in lines))


@admin.register(Seat)
class SeatAdmin(FactAdmin):
    list_display = (
        "public_id",
        "room",
        member_column(),
        status_column(),
        "why",
        _price,
        _moment,
    )
    fieldsets = (
        (None, {"fields": ("room", "member", "inviter", _standing, "position")}),
        (
            "What is bought",
            {"fields": (_item, _price, _final_price, "settlement", "credited_points")},
        ),
        ("The shop's order", {"fields": ("order_id", "line")}),
        ("Times", {"fields": ("held_at", "hold_expires_at", "paid_at", "released_at")}),
    )
    readonly_fields = (_standing, _item, _price, _final_price)
    list_filter = ("status", "released", "settlement", "room__offer__campaign")
    list_select_related = (
        "room__offer__campaign",
        "member__profile",
        "item",
    )
    search_fields = ("public_id", "room__public_id", "member__public_id", "order_id")
    ordering = ("-id",)
    show_full_result_count = False

    @admin.display(description="Why", ordering="released")
    def why(self, seat: Seat) -> str:
        return seat.released.replace("_", " ") or "–"


@admin.register(OfferItem)
class OfferItemAdmin(FactAdmin):
    list_display = (
        "offer",
        "sku",
        "name",
        money_column("single_price_minor", "Alone", currency="offer.campaign.currency"),
        money_column("group_price_minor", "Together", currency="offer.campaign.currency"),
        "stock",
        "held",
        "sold",
    )
    list_filter = ("offer__campaign",)
    list_select_related = ("offer__campaign",)
    search_fields = ("sku", "name")
    ordering = ("-id",)
