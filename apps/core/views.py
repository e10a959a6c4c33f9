"""Health, for load balancers and people; and the answers where no view answers."""

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import defaults

from apps.core import problems


def livez(request: HttpRequest) -> JsonResponse:
    """200 while this process answers at all."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """200 while the database answers; else 503."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """An address that leads nowhere: a problem below /api/, else a page."""
    if not request.path.startswith("/api/"):
        return defaults.page_not_found(request, exception)
    body = problems.problem(404, "not_found", "There is no such door.")
    return JsonResponse(body, status=404, content_type=problems.CONTENT_TYPE)


def failed(request: HttpRequest) -> HttpResponse:
    """A bug, which is logged: a problem below /api/, else a page."""
    if not request.path.startswith("/api/"):
        return defaults.server_error(request)
    body = problems.problem(500, "failed", "Something went wrong on our side. It has been noted.")
    return JsonResponse(body, status=500, content_type=problems.CONTENT_TYPE)
