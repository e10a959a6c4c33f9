"""What the watcher's thread does: see which rooms changed, and show those anew."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import close_old_connections, connection
from rest_framework.renderers import JSONRenderer

from apps.core import clock
from apps.groupbuy.api.shapes import room_body
from apps.groupbuy.models import Room
from apps.groupbuy.selectors import RoomView, room_marks, room_views
from apps.groupbuy.streams.hub import Form, Shown
from apps.groupbuy.views import state_text

Wanted = Mapping[str, tuple[str, frozenset[Form]]]


@dataclass(frozen=True)
class Found:
    """What a look has found, and the database's clock at it."""

    now: dt.datetime
    changed: dict[str, Shown]
    unknown: frozenset[str]


def look(wanted: Wanted) -> Found:
    """The rooms whose mark is no longer the one we know, each shown once in every wanted form.

    Two queries while nothing changes, a handful more when something does. Raises what the database
    raises, and lets go of the connection then.
    """
    close_old_connections()
    try:
        return _look(wanted)
    except Exception:
        connection.close()
        raise


def _look(wanted: Wanted) -> Found:
    # The marks first: a change in between is seen at the next look, never missed.
    marks = room_marks(list(wanted))
    now = clock.engine_now()
    changed = [room for room, mark in marks.items() if mark.text != wanted[room][0]]
    rooms = Room.objects.filter(public_id__in=changed).select_related("offer__campaign")
    shown = {}
    for view in room_views(list(rooms), now) if changed else ():
        room = view.room.public_id
        forms = {form: _text(view, form) for form in wanted[room][1]}
        shown[room] = Shown(marks[room].text, marks[room].is_over, forms)
    return Found(now, shown, frozenset(wanted.keys() - marks.keys()))


def _text(view: RoomView, form: Form) -> str:
    if form == "page":
        return state_text(view)
    return JSONRenderer().render(room_body(view)).decode()
