"""Links to a room, made by hand."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.decorators import action

from apps.core.admin import pk_in
from apps.groupbuy.models import Room
from apps.groupbuy.rules import RoomStatus
from apps.invites.admin.forms import RoomLinkForm
from apps.invites.admin.links import link_made


class RoomLinkPages(ModelAdmin):
    """The way from a room to a new link of a partner, a community or an assistant that leads there."""

    actions_detail: tuple[Any, ...] = ("make_link",)

    def has_make_link_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        if not request.user.has_perm("invites.add_link"):
            return False
        room = Room.objects.filter(pk=pk_in(str(object_id or ""))).first()
        return object_id is None or (room is not None and room.status != RoomStatus.PENDING)

    @action(
        description="Make a link", url_path="make-link", icon="add_link", permissions=["make_link"]
    )
    def make_link(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """One link with terms and figures of its own, once the host has paid."""
        rooms = Room.objects.select_related("offer__campaign")
        room = get_object_or_404(rooms, pk=pk_in(object_id))
        form = RoomLinkForm(request.POST or None, room=room.public_id, campaign=room.offer.campaign)
        if request.method == "POST" and form.is_valid() and (link := link_made(form)):
            self.message_user(request, f"The link {link} is made.", messages.SUCCESS)
            return redirect("admin:invites_link_change", link.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Make a link to {room}",
            "form": form,
            "leads_to": room.offer.title,
            "back": reverse("admin:groupbuy_room_change", args=[room.pk]),
        }
        return render(request, "invites/make.html", context)
