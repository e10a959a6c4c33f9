"""What every API door shares: who may enter, and `idempotent`."""

import datetime as dt
import functools
from collections.abc import Callable
from typing import Any, ClassVar

from django.db import IntegrityError, transaction
from django.http import HttpResponse
from rest_framework import exceptions as drf
from rest_framework import serializers
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.permissions import SAFE_METHODS
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core import clock, guesses
from apps.core.callers import Caller, Door, caller_of
from apps.core.errors import (
    Conflict,
    EngineError,
    Forbidden,
    Invalid,
    NotFound,
    Unauthenticated,
)
from apps.core.fingerprints import fingerprint
from apps.core.replies import Asked, claim, keep
from apps.core.transactions import retrying

REPLAYED = "Idempotent-Replayed"
# As WSGI spells it: `request.headers` copies them all to find one.
_IDEMPOTENCY_KEY = "HTTP_IDEMPOTENCY_KEY"


class IdempotencyKeyMissing(Invalid):
    code = "idempotency_key_missing"
    status = 400
    message = "Send an Idempotency-Key header, so that a retry can never double anything."


class IdempotencyKeyReused(Invalid):
    code = "idempotency_key_reused"
    message = "This Idempotency-Key was used with another body."


class RequestInFlight(Conflict):
    code = "request_in_flight"
    message = "A request with this Idempotency-Key is being worked on right now."


class JsonAlways(DefaultContentNegotiation):
    """The API answers in JSON whatever a request says it accepts: there is nothing to choose."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[Any, str]:
        return renderers[0], renderers[0].media_type


class EngineView(APIView):
    """A door of the API. `doors` says who may enter; `scope` which scope a server key needs."""

    content_negotiation_class = JsonAlways
    doors: ClassVar[tuple[Door, ...]] = (Door.SERVER,)
    scope: ClassVar[str] = ""
    # No name in an address is longer than the column it would be kept in.
    name_length: ClassVar[int] = 100
    # Its one statement looks whether the server key is good, so a key may be remembered till then.
    looks_at_the_key: ClassVar[bool] = False
    # Whoever has tried too many codes that nobody has may try no other here for a while.
    takes_codes: ClassVar[bool] = False

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.takes_codes and request.method not in SAFE_METHODS and _may_guess(request):
            guesses.demand_few(request.META, _member_id(request))
        if any(len(name) > self.name_length for name in kwargs.values()):
            raise NotFound()

    def handle_exception(self, exc: Exception) -> Response:
        response: Response = super().handle_exception(exc)
        if isinstance(exc, EngineError) and exc.is_guess and _may_guess(self.request):
            counted = guesses.guessed(self.request.META, _member_id(self.request))
            for name, value in counted.items():
                response[name] = value
        return response

    def check_permissions(self, request: Request) -> None:
        caller = caller_of(request)
        if caller is None:
            if Door.PUBLIC not in self.doors:
                raise Unauthenticated()
            return
        acts_as_member = caller.member_id is not None and Door.MEMBER in self.doors
        if caller.door not in self.doors and not acts_as_member:
            raise Forbidden()
        if caller.door is Door.SERVER and self.scope and self.scope not in caller.scopes:
            raise Forbidden(f"This server key lacks the scope “{self.scope}”.")


def _may_guess(request: Request) -> bool:
    """Whether who calls may be anybody: a shop's backend speaks for many."""
    caller = caller_of(request)
    return caller is None or caller.door is not Door.SERVER


def _member_id(request: Request) -> int | None:
    caller = caller_of(request)
    return caller.member_id if caller else None


@functools.cache
def _shape(kind: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    """One instance of a serializer for everybody. Making one copies all its fields, each time."""
    shape = kind()
    assert shape.fields  # bound now, so that threads only read
    return shape


def parsed(kind: type[serializers.Serializer[Any]], body: Any) -> Any:
    """The validated fields of a request's body. Raises ValidationError.

    `kind` decides by its fields alone: nothing of it is kept between two calls.
    """
    return _shape(kind).run_validation(body)


def shown(kind: type[serializers.Serializer[Any]], thing: Any) -> dict[str, Any]:
    """A thing as the answer shows it."""
    return dict(_shape(kind).to_representation(thing))


def validate_instant(instant: dt.datetime) -> None:
    """Raises ValidationError for what cannot have happened: before 1970 or after tomorrow."""
    earliest = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    if not earliest <= instant <= clock.now() + dt.timedelta(days=1):
        raise drf.ValidationError("This is no moment at which that can have happened.")


class EnginePagination(CursorPagination):
    """Newest first, opaque cursors."""

    ordering = "-pk"
    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200

    def decode_cursor(self, request: Request) -> Cursor | None:
        """The cursor of a request. Raises NotFound for one whose position is no primary key."""
        cursor: Cursor | None = super().decode_cursor(request)
        position = str(cursor.position) if cursor and cursor.position is not None else "0"
        if not (position.isascii() and position.isdigit()):
            raise drf.NotFound(self.invalid_cursor_message)
        return cursor


Post = Callable[..., Response]
Answers = Callable[..., HttpResponse]


# A door that does all it does in one statement; None when it did nothing.
AtOnce = Callable[[Request, dict[str, Any], Asked], HttpResponse | None]

_RENDERER = JSONRenderer()


def rendered(body: Any, *, status: int = 200) -> HttpResponse:
    """The answer that `Response` gives, for doors that are asked often.

    DRF makes a template's response of each and renders it later, which takes as long again as all that
    a door does in Python after its statement.
    """
    text = _RENDERER.render(body)
    return HttpResponse(text, status=status, content_type=_RENDERER.media_type)


def idempotent(
    *, omit: tuple[str, ...] = (), at_once: AtOnce | None = None
) -> Callable[[Post], Answers]:
    """Make a POST happen once per (credential, method, path, Idempotency-Key).

    The door's work and its stored reply commit in one transaction, retried from the top after a
    deadlock. A repeat is answered from the reply with the header `Idempotent-Replayed: true`; with
    another body it is refused (422), while the first is under way 409. Only 2xx replies are kept,
    without the fields in `omit` (secrets are shown once). The key is required of servers and
    members (400 without), optional on public doors.

    `at_once` is tried before the door, outside a transaction: one statement that does all of it,
    `replies.ASKED` and `replies.KEEP` included, where nothing is unusual.
    """

    def decorate(post: Post) -> Answers:
        @functools.wraps(post)
        def door(view: EngineView, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
            caller = caller_of(request)
            if caller is None and _IDEMPOTENCY_KEY not in request.META:
                return retrying(lambda: _in_transaction(post, view, request, *args, **kwargs))
            asked = Asked(
                names=(
                    _credential(caller),
                    str(request.method),
                    request.path,
                    require_idempotency_key(request),
                ),
                fingerprint=fingerprint(request.data),
            )
            if at_once is not None:
                done = _at_once(at_once, request, kwargs, asked)
                if done is not None:
                    return done
                if caller is not None and caller.confirm is not None:
                    caller.confirm()
            return retrying(lambda: _once(asked, omit, post, view, request, *args, **kwargs))

        return door

    return decorate


def _credential(caller: Caller | None) -> str:
    """Whose key it is: for a shop that acts for a member, the key and the member together."""
    if caller is None:
        return "public"
    acts = caller.door is Door.SERVER and caller.member_id is not None
    return f"{caller.credential}:{caller.member_id}" if acts else caller.credential


def require_idempotency_key(request: Request) -> str:
    """The Idempotency-Key of a request. Raises IdempotencyKeyMissing or Invalid."""
    key = request.META.get(_IDEMPOTENCY_KEY, "")
    if not key:
        raise IdempotencyKeyMissing()
    if len(key) > 255:
        raise Invalid("An Idempotency-Key has at most 255 characters.")
    return key


def _in_transaction(post: Post, *args: Any, **kwargs: Any) -> Response:
    with transaction.atomic():
        return post(*args, **kwargs)


def _at_once(
    at_once: AtOnce, request: Request, names: dict[str, Any], asked: Asked
) -> HttpResponse | None:
    try:
        return retrying(lambda: at_once(request, names, asked))
    except IntegrityError:
        return None  # a twin was faster: the steps find its reply


def _once(asked: Asked, omit: tuple[str, ...], post: Post, *args: Any, **kwargs: Any) -> Response:
    with transaction.atomic():
        alone, kept = claim(asked)
        if not alone:
            raise RequestInFlight()
        if kept is not None:
            if kept.fingerprint != asked.fingerprint:
                raise IdempotencyKeyReused()
            return Response(kept.body, status=kept.status_code, headers={REPLAYED: "true"})
        response = post(*args, **kwargs)
        if 200 <= response.status_code < 300:
            if not keep(asked, response.status_code, _without(response.data, omit)):
                raise RequestInFlight()  # a twin was faster, and all of this is undone
        return response


def _without(body: Any, omit: tuple[str, ...]) -> Any:
    if not omit or not isinstance(body, dict):
        return body
    return {name: value for name, value in body.items() if name not in omit}
