"""What is said to requests that no view can answer."""

import logging
from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from apps.core import problems

log = logging.getLogger(__name__)


class NulMiddleware:
    """400 for an address with a NUL character: PostgreSQL keeps no such text, so nothing has it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\0" not in request.path and "%00" not in request.META.get("QUERY_STRING", ""):
            return self.get_response(request)
        body = problems.problem(400, "malformed", "The address contains a NUL character.")
        return JsonResponse(body, status=400, content_type=problems.CONTENT_TYPE)


class DatabaseAwayMiddleware:
    """503 with Retry-After instead of a traceback while PostgreSQL is away."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, (OperationalError, InterfaceError)):
            return None
        log.error("the database did not answer: %s", error)
        if request.path.startswith("/api/") or request.path in ("/livez", "/readyz"):
            body = problems.problem(503, "database_unavailable", "The database does not answer.")
            response: HttpResponse = JsonResponse(
                body, status=503, content_type=problems.CONTENT_TYPE
            )
            response["Retry-After"] = problems.RETRY_AFTER_SECONDS
            return response
        return away_page()


def away_page() -> HttpResponse:
    """503 for people: back in a moment. Asks no database."""
    response = render(None, "503.html", status=503)
    response["Retry-After"] = problems.RETRY_AFTER_SECONDS
    return response
