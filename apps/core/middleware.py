"""What every request passes, and what is said to those that no view can answer."""

import logging
from collections.abc import Callable
from typing import Any

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin

from apps.core import problems

log = logging.getLogger(__name__)

_API = "/api/v1/"


class _OfPages(MiddlewareMixin):
    """Before a middleware of Django's: the API authenticates by the Authorization header alone and
    knows no session, so it passes by."""

    def __call__(self, request: HttpRequest) -> Any:
        if request.path_info.startswith(_API):
            return self.get_response(request)
        return super().__call__(request)


class PageSessionMiddleware(_OfPages, SessionMiddleware):
    """Sessions, for operators in the admin."""


class PageAuthenticationMiddleware(_OfPages, AuthenticationMiddleware):
    """Which operator it is."""


class PageMessageMiddleware(_OfPages, MessageMiddleware):
    """What an operator is told after a form."""


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
