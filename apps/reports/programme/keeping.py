"""The programme report as JSON, and back with its figures as figures."""

import datetime as dt
import json
from dataclasses import fields, is_dataclass
from typing import Any

from apps.reports.programme.shapes import ProgrammeReport
from apps.reports.viral.figures import Figure, Reason

_FIGURE = frozenset(field.name for field in fields(Figure))


def kept(report: ProgrammeReport) -> dict[str, Any]:
    """The report as JSON would have it: days and moments as text, figures as objects."""
    whole: dict[str, Any] = json.loads(json.dumps(_plain(report), allow_nan=False))
    return whole


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, dt.date):  # and moments, which are days too
        return value.isoformat()
    return value


def found_again(value: Any) -> Any:
    """What was kept, with each figure a `Figure` again; the rest as it is in JSON."""
    if isinstance(value, list):
        return [found_again(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == _FIGURE:
        reason = value["reason"]
        return Figure(**{**value, "reason": Reason(reason) if reason else None})
    return {name: found_again(inner) for name, inner in value.items()}
