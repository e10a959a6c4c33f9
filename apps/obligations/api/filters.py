"""What lists can be narrowed to."""

from collections.abc import Sequence

from rest_framework.request import Request

from apps.core.errors import Invalid


def status_asked(request: Request, known: Sequence[str]) -> str:
    """The `status` a list is narrowed to, "" for none. Raises Invalid for one that is not known."""
    status = request.query_params.get("status", "")
    if status and status not in known:
        raise Invalid(f"The status is one of {', '.join(known)}.", pointer="/status")
    return status
