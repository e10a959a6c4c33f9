"""Doors: the member's own rooms."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core import clock
from apps.core.api import EnginePagination, EngineView
from apps.core.callers import Door, acting_member_id
from apps.groupbuy import selectors
from apps.groupbuy.api.shapes import MyRoomOutput, own_body, room_body


class MyRoomsOutput(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = MyRoomOutput(many=True)


class MyRoomsView(EngineView):
    """The rooms I host or have joined, newest first, with my seat and what to do next."""

    doors = (Door.MEMBER,)

    @extend_schema(operation_id="my_rooms_list", responses=MyRoomsOutput)
    def get(self, request: Request) -> Response:
        me = acting_member_id(request)
        pages = EnginePagination()
        rooms = pages.paginate_queryset(selectors.member_rooms(me), request, view=self) or []
        own = selectors.own_seats(rooms, me)
        results = [
            {
                **room_body(view),
                "is_host": view.room.host_id == me,
                "my_seat": own_body(own.get(view.room.pk), view),
            }
            for view in selectors.room_views(rooms, clock.engine_now())
        ]
        return pages.get_paginated_response(results)
