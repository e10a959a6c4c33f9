"""Where the streams are, as whoever asks names this machine."""

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request


def streams_origin(request: HttpRequest | Request) -> str:
    """The origin of the streams beside this server; "" where a reverse proxy leads to them."""
    if not settings.STREAMS_PORT:
        return ""
    host = request.get_host()
    name = host if host.endswith("]") else host.rsplit(":", 1)[0]
    return f"{request.scheme}://{name}:{settings.STREAMS_PORT}"
