"""The programme reports that are kept."""

from typing import Any

from apps.core.errors import NotFound
from apps.reports.models import Programme
from apps.reports.programme.keeping import found_again
from apps.reports.programme.shapes import SHAPE


class ProgrammeUnknown(NotFound):
    code = "programme_unknown"
    message = "There is no programme report yet: the first is computed in the night to come."


def programme_latest() -> Programme | None:
    """The report that was computed last, if any, by an engine that knew what this one shows."""
    computed = Programme.objects.filter(computed_at__isnull=False, figures__shape=SHAPE)
    return computed.order_by("-computed_at").first()


def programme_waiting() -> Programme | None:
    """The report that is wanted and not there yet, if any."""
    return Programme.objects.filter(computed_at=None).first()


def figures_of(report: Programme) -> dict[str, Any]:
    """What it says, with each figure as a `Figure`."""
    figures: dict[str, Any] = found_again(report.figures)
    return figures
