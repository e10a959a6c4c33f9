"""Pages that say what a withdrawal or a cancellation does before it is done."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode
from unfold.admin import ModelAdmin
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextInputWidget

from apps.core.admin import pk_in, run_on_each
from apps.groupbuy import effects, services
from apps.groupbuy.models import Offer, Room
from apps.groupbuy.rules import ACTIVE


class ReasonForm(forms.Form):
    note = forms.CharField(
        label="Why",
        max_length=200,
        widget=UnfoldAdminTextInputWidget(),
        help_text="Kept with each room, for operators. Shoppers read that the shop cancelled it.",
    )


class RoomPages(ModelAdmin):
    """Cancelling rooms: what there is in them, the reason, then the deed."""

    actions_detail: tuple[Any, ...] = ("to_cancel",)

    def get_urls(self) -> list[URLPattern]:
        own = self.admin_site.admin_view
        return [
            path("cancel/", own(self.cancelling), name="groupbuy_room_cancel"),
            *super().get_urls(),
        ]

    def has_to_cancel_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        if not self._may_cancel(request):
            return False
        if object_id is None:
            return True
        room = self.get_object(request, str(object_id))
        return room is not None and room.status in ACTIVE

    def _may_cancel(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("groupbuy.change_room"))

    @action(description="Cancel…", url_path="to-cancel", icon="block", permissions=["to_cancel"])
    def to_cancel(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.before_cancel([pk_in(object_id)])

    def before_cancel(self, room_ids: Iterable[int]) -> HttpResponse:
        """To the page that says what cancelling these rooms means."""
        query = urlencode({"room": list(room_ids)}, doseq=True)
        return redirect(f"{reverse('admin:groupbuy_room_cancel')}?{query}")

    def cancelling(self, request: HttpRequest) -> HttpResponse:
        if not self._may_cancel(request):
            raise PermissionDenied
        asked = [pk for pk in request.GET.getlist("room") if pk.isdecimal() and len(pk) < 19]
        rooms = list(Room.objects.filter(pk__in=asked, status__in=ACTIVE).order_by("-pk"))
        if not rooms:
            self.message_user(request, "These rooms have already ended.", messages.WARNING)
            return redirect("admin:groupbuy_room_changelist")
        form = ReasonForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            self._cancel(request, rooms, form.cleaned_data["note"])
            return redirect("admin:groupbuy_room_changelist")
        named = f"room {rooms[0]}" if len(rooms) == 1 else f"{len(rooms)} rooms"
        context = {
            **self.admin_site.each_context(request),
            "title": f"Cancel {named}",
            "named": named,
            "rooms": rooms[:20],
            "form": form,
            "effects": effects.cancelling([room.pk for room in rooms]),
        }
        return render(request, "groupbuy/cancel_rooms.html", context)

    def _cancel(self, request: HttpRequest, rooms: list[Room], note: str) -> None:
        def cancel(room: Room) -> None:
            services.room_cancel(room_id=room.pk, reason="by_the_shop", note=note)
            self.log_change(request, room, f"Cancelled: {note}")

        run_on_each(self, request, rooms, cancel, "rooms cancelled", "room cancelled")


class OfferPages(ModelAdmin):
    """Withdrawing an offer, with the two things that can become of its rooms; offering it again."""

    actions_detail: tuple[Any, ...] = ("to_withdraw", "to_restore")

    def has_to_withdraw_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self._stands(request, object_id, lambda offer: offer.is_active or _has_rooms(offer))

    def has_to_restore_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self._stands(request, object_id, lambda offer: not offer.is_active)

    def _stands(self, request: HttpRequest, object_id: Any, is_so: Any) -> bool:
        if not self.has_change_permission(request):
            return False
        if object_id is None:
            return True
        offer = self.get_object(request, str(object_id))
        return offer is not None and bool(is_so(offer))

    def _offer(self, request: HttpRequest, object_id: str) -> Offer:
        offer: Offer | None = self.get_object(request, object_id)
        if offer is None:
            raise Http404
        if not self.has_change_permission(request, offer):
            raise PermissionDenied
        return offer

    @action(description="Withdraw…", url_path="withdraw", icon="block", permissions=["to_withdraw"])
    def to_withdraw(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What there is, what becomes of it either way; then one of the two."""
        offer = self._offer(request, object_id)
        form = ReasonForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            cancels = "cancel" in request.POST
            self._withdraw(request, offer, cancels, form.cleaned_data["note"])
            return redirect("admin:groupbuy_offer_change", offer.pk)
        rooms = list(offer.rooms.filter(status__in=ACTIVE).values_list("pk", flat=True))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Withdraw {offer}",
            "offer": offer,
            "form": form,
            "count": len(rooms),
            "going_on": effects.going_on(rooms),
            "cancelling": effects.cancelling(rooms),
        }
        return render(request, "groupbuy/withdraw_offer.html", context)

    def _withdraw(self, request: HttpRequest, offer: Offer, cancels: bool, note: str) -> None:
        services.offer_withdraw(offer_id=offer.pk, cancels_rooms=cancels, note=note)
        what = "with its rooms" if cancels else "its rooms go on"
        self.log_change(request, offer, f"Withdrawn, {what}: {note}")
        words = "Its rooms are being cancelled." if cancels else "Its rooms go on."
        self.message_user(request, f"The offer is withdrawn. {words}", messages.SUCCESS)

    @action(
        description="Offer again",
        url_path="restore",
        icon="undo",
        permissions=["to_restore"],
        dialog={
            "title": "Offer it again",
            "description": "New rooms may open. Rooms that were cancelled stay cancelled.",
            "form_submit_text": "Offer again",
        },
    )
    def to_restore(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        offer = self._offer(request, object_id)
        services.offer_restore(offer_id=offer.pk)
        self.log_change(request, offer, "Offered again")
        self.message_user(request, "New rooms may open again.", messages.SUCCESS)
        return redirect("admin:groupbuy_offer_change", offer.pk)


def _has_rooms(offer: Offer) -> bool:
    return offer.rooms.filter(status__in=ACTIVE).exists()
