"""Doors: one room, as it is, as it changes, and to be shared."""

import hashlib
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core import clock
from apps.core.api import EngineView, idempotent, parsed
from apps.core.callers import Door, acting_member_id, caller_of, is_test
from apps.core.errors import Busy
from apps.core.transactions import retrying
from apps.groupbuy import selectors
from apps.groupbuy.addresses import streams_origin
from apps.groupbuy.api.offers import EVERYONE
from apps.groupbuy.api.shapes import SeenRoomOutput, seen_body
from apps.groupbuy.errors import RoomNotOpen, RoomUnknown
from apps.groupbuy.models import Room
from apps.groupbuy.rules import RoomStatus
from apps.invites.api import (
    LinkOutput,
    NewRoomLinkInput,
    OwnLinkInput,
    ShopLinkOutput,
    brought_of,
    link_output,
    link_terms_of,
    shop_link_output,
)
from apps.invites.openings import public_url
from apps.invites.selectors import face_of, guest_link
from apps.invites.services import campaign_link, link_create
from apps.members.selectors import member_by_external_id

VISIT_TOKEN = "Visit-Token"  # noqa: S105 (a header's name)


class StreamsElsewhere(Busy):
    code = "streams_elsewhere"
    message = "Streams are served by a process of their own, and none is reachable here: poll."


class RoomLinkOutput(LinkOutput):
    poster_url = serializers.CharField(help_text="A picture to share, with this link's QR code.")


class RoomView(EngineView):
    """One room: who sits there, what is missing, until when, and how it ended.

    Anybody who knows the room's id may look; a guest who came by a link sends its visit token and
    is told who invited them; a member sees their own seat. Made to be polled: send the `ETag` of
    the last answer back as `If-None-Match`, and while nothing has changed the answer is an empty 304.
    """

    doors = EVERYONE

    @extend_schema(
        parameters=[
            OpenApiParameter(
                VISIT_TOKEN, str, OpenApiParameter.HEADER, description="Of a guest before login."
            ),
            OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER),
        ],
        responses={200: SeenRoomOutput, 304: OpenApiResponse(description="Nothing has changed.")},
    )
    def get(self, request: Request, room_id: str) -> HttpResponse:
        caller = caller_of(request)
        me, mode = caller.member_id if caller else None, caller.is_test if caller else None
        mark = selectors.room_marks([room_id], is_test=mode, member_id=me).get(room_id)
        if mark is None:
            raise RoomUnknown()
        visit = "" if caller else request.headers.get(VISIT_TOKEN, "")[:200]
        etag = _etag(mark.text, visit)
        answer: HttpResponse
        if etag in parse_etags(request.headers.get("If-None-Match", "")):
            answer = Response(status=304)
        else:
            room = selectors.room_by_public_id(room_id, is_test=mode)
            view = selectors.room_view(room, clock.engine_now())
            own = selectors.own_seats([room], me).get(room.pk) if me is not None else None
            inviter = face_of(guest_link(visit, room.offer.campaign))
            answer = Response(seen_body(view, own, inviter))
        answer["ETag"] = etag
        answer["Cache-Control"] = "private, no-cache"
        patch_vary_headers(answer, ("Authorization", "On-Behalf-Of", VISIT_TOKEN))
        return answer


def _etag(mark: str, visit: str) -> str:
    """Weak: the countdown in two answers differs while they say the same."""
    guest = f".{hashlib.sha256(visit.encode()).hexdigest()[:8]}" if visit else ""
    return f'W/"{mark}{guest}"'


class RoomStreamView(EngineView):
    """The room as it changes, as server-sent events.

    `event: room` brings the room as `GET /rooms/{id}` shows it to a guest, at first and whenever it
    changes; its `id` is where to resume. `tick` says that the line is alive, with the server's time;
    `away` and `back` that the engine could not look for a while; `end` that nothing more will come.
    Served by a process of its own behind the same address: where none is reachable, poll.
    """

    doors = EVERYONE

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Whatever they accept: `EventSource` asks for events alone, and is sent elsewhere."""
        return super().perform_content_negotiation(request, force=True)

    @extend_schema(
        parameters=[OpenApiParameter("Last-Event-ID", str, OpenApiParameter.HEADER)],
        responses={
            (200, "text/event-stream"): OpenApiResponse(str, description="The events."),
            204: OpenApiResponse(description="The room has ended and the listener knows it."),
        },
    )
    def get(self, request: Request, room_id: str) -> HttpResponse:
        origin = streams_origin(request)
        if not origin:
            raise StreamsElsewhere()
        return redirect(f"{origin}{request.get_full_path()}", preserve_request=True)


class RoomLinkView(EngineView):
    """My link to this room: who joins by it has me as inviter, whoever hosts. One for each channel.

    A pending room cannot be shared yet.
    """

    doors = (Door.MEMBER,)
    takes_codes = True

    @extend_schema(request=OwnLinkInput, responses={200: RoomLinkOutput, 201: RoomLinkOutput})
    def put(self, request: Request, room_id: str) -> Response:
        room = _shared_room(request, room_id)
        offer, said = room.offer, parsed(OwnLinkInput, request.data)
        link, created = retrying(
            lambda: campaign_link(
                campaign=offer.campaign,
                member_id=acting_member_id(request),
                brought=brought_of(said),
                now=clock.now(),
                room=room.public_id,
                channel=said["channel"],
            )
        )
        picture = offer.picture_url or offer.campaign.card_picture_url
        body = link_output(request, link, offer.title, picture)
        poster = reverse("group-poster", args=[room.public_id])
        body["poster_url"] = public_url(request, f"{poster}?link={link.code}")
        return Response(body, status=201 if created else 200)


class RoomLinksView(EngineView):
    """Links to one room: of a partner, a community, an assistant, with terms and figures of their own.

    `GET /links?room=` lists them.
    """

    scope = "campaigns"

    @extend_schema(
        operation_id="room_links_make", request=NewRoomLinkInput, responses={201: ShopLinkOutput}
    )
    @idempotent()
    def post(self, request: Request, room_id: str) -> Response:
        """Make a link of a member's to a room. They become a participant; a seat they take or not."""
        body = NewRoomLinkInput(data=request.data)
        body.is_valid(raise_exception=True)
        said = body.validated_data
        room = _shared_room(request, room_id)
        member = member_by_external_id(said["member"], is_test=is_test(request), pointer="/member")
        link = link_create(
            campaign=room.offer.campaign,
            member_id=member.pk,
            wanted=link_terms_of(said, room=room.public_id),
            now=clock.now(),
        )
        return Response(shop_link_output(request, link), status=201)


def _shared_room(request: Request, room_id: str) -> Room:
    """A room that can be shared. Raises RoomUnknown, RoomNotOpen while its host has not paid."""
    room = selectors.room_by_public_id(room_id, is_test=is_test(request))
    if room.status == RoomStatus.PENDING:
        raise RoomNotOpen("This room opens when its host has paid; then it can be shared.")
    return room
