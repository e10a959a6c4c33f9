"""RFC 9457 problems: the one place where errors become HTTP."""

import logging
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404
from rest_framework import exceptions as drf
from rest_framework.response import Response

from apps.core import errors

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = "1"

_STATUS_OF_FAMILY: tuple[tuple[type[errors.EngineError], int], ...] = (
    (errors.Unauthenticated, 401),
    (errors.Forbidden, 403),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.Busy, 503),
    (errors.Invalid, 422),
)
_TITLES = {
    400: "Bad request",
    401: "Not authenticated",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict with the present state",
    410: "Gone for good",
    415: "Unsupported media type",
    422: "The request cannot be understood",
    429: "Too many requests",
    503: "Try again in a moment",
}


def status_of(error: errors.EngineError) -> int:
    """The HTTP status of an error: its own `status`, else its family's."""
    own = getattr(error, "status", None)
    if own is not None:
        return int(own)
    return next((status for kind, status in _STATUS_OF_FAMILY if isinstance(error, kind)), 400)


def problem(
    status: int,
    code: str,
    detail: str,
    field_errors: list[dict[str, str]] | None = None,
) -> dict[str, Any]:
    """The body of an RFC 9457 problem; `errors[].pointer` is a JSON pointer into the request."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": _TITLES.get(status, "The request failed"),
        "status": status,
        "code": code,
        "detail": detail,
    }
    if field_errors:
        body["errors"] = field_errors
    return body


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler. Unexpected errors return None: they crash, are logged and seen."""
    if isinstance(error, errors.EngineError):
        return _of_engine_error(error)
    if isinstance(error, drf.ValidationError):
        return _of_validation_error(error)
    if isinstance(error, (OperationalError, InterfaceError)):
        log.error("the database did not answer: %s", error)
        return _response(503, "database_unavailable", "The database does not answer just now.")
    if isinstance(error, Http404):
        return _response(404, "not_found", errors.NotFound.message)
    if isinstance(error, PermissionDenied):
        return _response(403, "forbidden", errors.Forbidden.message)
    if isinstance(error, drf.APIException):
        code = {400: "malformed"}.get(error.status_code, str(error.default_code))
        return _response(error.status_code, code, str(error.detail))
    return None


def _of_engine_error(error: errors.EngineError) -> Response:
    pointed = [{"pointer": error.pointer, "detail": str(error)}] if error.pointer else None
    response = _response(status_of(error), error.code, str(error), pointed)
    for name, value in getattr(error, "headers", {}).items():
        response[name] = value
    return response


def _of_validation_error(error: drf.ValidationError) -> Response:
    found = list(_flatten(error.detail, ""))
    detail = "; ".join(f"{entry['pointer'] or 'body'}: {entry['detail']}" for entry in found)
    return _response(422, "invalid", detail, found)


def _flatten(detail: Any, pointer: str) -> Any:
    """DRF's nested error details as flat (pointer, detail) entries."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            step = "" if name == "non_field_errors" else f"/{name}"
            yield from _flatten(inner, pointer + step)
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            nested = isinstance(inner, (dict, list))
            yield from _flatten(inner, f"{pointer}/{index}" if nested else pointer)
    else:
        yield {"pointer": pointer, "detail": str(detail)}


def _response(
    status: int, code: str, detail: str, field_errors: list[dict[str, str]] | None = None
) -> Response:
    told = [{name: _sayable(text) for name, text in entry.items()} for entry in field_errors or ()]
    response = Response(
        problem(status, code, _sayable(detail), told), status=status, content_type=CONTENT_TYPE
    )
    if status in (429, 503):
        response["Retry-After"] = RETRY_AFTER_SECONDS
    if status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response


def _sayable(text: str) -> str:
    """`text` without halves of characters, which no answer could carry: an error may quote input."""
    return text.encode("utf-8", "replace").decode()
