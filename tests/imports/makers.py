"""History files for the tests."""

import io
from pathlib import Path
from typing import Any

from django.core.management import call_command

from apps.imports import services
from apps.imports.rules import ImportKind
from tests.makers import now


def bring(kind: str, text: str, **given: Any) -> tuple[services.Tally, list[services.Refused]]:
    """Import `text`; the tally and what was refused."""
    tally = services.Tally()
    order = services.Order(kind=ImportKind(kind), **{"is_test": False, "now": now(), **given})
    source = io.StringIO(text, newline="")
    return tally, list(services.history_import(source=source, order=order, tally=tally))


def counts(tally: services.Tally) -> tuple[int, int, int]:
    return (tally.applied, tally.unchanged, tally.refused)


def command(path: Path, kind: str, *arguments: str) -> str:
    """Run the command; what it said."""
    out = io.StringIO()
    call_command("import_history", str(path), "--kind", kind, *arguments, stdout=out)
    return out.getvalue()
