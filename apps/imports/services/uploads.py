"""Files brought in over the admin: looked at, brought in, forgotten."""

import datetime as dt
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q

from apps.campaigns.models import Campaign
from apps.core.clock import engine_now
from apps.core.errors import Conflict, EngineError
from apps.core.sweepers import BATCH
from apps.core.transactions import in_transaction, retrying
from apps.imports.models import RefusedLine, Upload
from apps.imports.rules import FileUnreadable, ImportKind
from apps.imports.services.history import Order, Refused, Tally, history_steps

Status = Upload.Status

# Refused lines that are kept of a file; all are counted.
MOST_REFUSED = 10_000

# Who works on a file says so at every step. Referrers are one step.
LEASE = dt.timedelta(minutes=2)
LONG_LEASE = dt.timedelta(hours=1)

# A file that nobody brings in holds people's names: it is forgotten.
KEPT_FOR = dt.timedelta(days=7)


class UploadBusy(Conflict):
    code = "upload_busy"
    message = "Somebody is working on this file right now."


class UploadNotChecked(Conflict):
    code = "upload_not_checked"
    message = "Check the file first: then you see what it would do."


class UploadForgotten(Conflict):
    code = "upload_forgotten"
    message = "This file is no longer kept. Upload it again."


class UploadNeedsAnother(Conflict):
    code = "upload_needs_second_operator"
    message = "Balances are money: another operator than who uploaded them brings them in."


@dataclass(frozen=True)
class Progress:
    """How far it is, in bytes of the file."""

    done: int
    total: int


@in_transaction
def upload_keep(
    *,
    kind: ImportKind,
    name: str,
    content: bytes,
    campaign: Campaign | None,
    is_test: bool,
    by: int,
) -> Upload:
    """Keep a file to be looked at. With a campaign, its mode is the file's. Changes nothing else."""
    return Upload.objects.create(
        kind=kind,
        campaign=campaign,
        is_test=campaign.is_test if campaign else is_test,
        name=name[:200],
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
        uploaded_by_id=by,
    )


def upload_check(*, upload_id: int, now: dt.datetime) -> Iterator[Progress]:
    """Do all that the file says and undo it; the tally and the refused lines stay with the upload.

    Must be read to its end. Raises UploadBusy, UploadForgotten. Locks the upload, briefly.
    """
    upload = retrying(lambda: _begin(upload_id, Status.CHECKING, None))
    yield from _work(upload, now, dry_run=True)


def upload_bring_in(*, upload_id: int, by: int, now: dt.datetime) -> Iterator[Progress]:
    """Bring the file in, as `history_steps` does; broken off, it can be done again.

    Must be read to its end. Raises UploadBusy, UploadForgotten, UploadNotChecked, and
    UploadNeedsAnother for balances by whoever uploaded them. Locks the upload, briefly.
    """
    upload = retrying(lambda: _begin(upload_id, Status.RUNNING, by))
    yield from _work(upload, now, dry_run=False)


def _begin(upload_id: int, to: str, by: int | None) -> Upload:
    with transaction.atomic():  # a refusal undoes this and nothing around it
        return _take(upload_id, to, by)


@in_transaction
def _take(upload_id: int, to: str, by: int | None) -> Upload:
    rows = Upload.objects.select_for_update(of=("self",), no_key=True)
    upload = rows.get(pk=upload_id)
    at = engine_now()
    if upload.working_until is not None and upload.working_until > at:
        raise UploadBusy()
    if upload.content is None:
        raise UploadForgotten()
    if to == Status.RUNNING:
        if upload.status not in (Status.CHECKED, Status.RUNNING):
            raise UploadNotChecked()
        if upload.kind == ImportKind.BALANCES and upload.uploaded_by_id == by:
            raise UploadNeedsAnother()
        upload.brought_by_id = by
    upload.status, upload.error, upload.ended_at = to, "", None
    upload.working_until = at + _lease(upload)
    upload.save(update_fields=["status", "error", "ended_at", "working_until", "brought_by"])
    return upload


def _lease(upload: Upload) -> dt.timedelta:
    return LONG_LEASE if upload.kind == ImportKind.REFERRERS else LEASE


def _work(upload: Upload, now: dt.datetime, *, dry_run: bool) -> Iterator[Progress]:
    raw = io.BytesIO(upload.content or b"")
    source = io.TextIOWrapper(raw, encoding="utf-8-sig", errors="replace", newline="")
    order = Order(ImportKind(upload.kind), upload.is_test, now, upload.campaign, dry_run)
    tally, error = Tally(), ""
    kept: list[Refused] = []
    try:
        for refused in history_steps(source=source, order=order, tally=tally):
            kept += refused[: MOST_REFUSED - len(kept)]
            Upload.objects.filter(pk=upload.pk).update(working_until=engine_now() + _lease(upload))
            yield Progress(min(raw.tell(), upload.size), upload.size)
    except (FileUnreadable, EngineError) as broken:
        error = str(broken)[:300]
    except BaseException:  # also when whoever watches went away: it may be done again at once
        Upload.objects.filter(pk=upload.pk).update(working_until=None)
        raise
    retrying(lambda: _end(upload, tally, kept, error))
    yield Progress(upload.size, upload.size)


@in_transaction
def _end(upload: Upload, tally: Tally, kept: list[Refused], error: str) -> None:
    checked = upload.status == Status.CHECKING
    ended = (Status.WAITING if error else Status.CHECKED) if checked else Status.DONE
    RefusedLine.objects.filter(upload=upload).delete()
    RefusedLine.objects.bulk_create(
        (
            RefusedLine(upload=upload, line=row.line, field=row.field, reason=row.reason[:300])
            for row in kept
        ),
        batch_size=1_000,
    )
    Upload.objects.filter(pk=upload.pk).update(
        status=ended,
        applied=tally.applied,
        points=tally.points,
        unchanged=tally.unchanged,
        refused=tally.refused,
        error=error,
        working_until=None,
        ended_at=engine_now(),
        **({} if checked else {"content": None}),
    )


def uploads_forget() -> int:
    """Forget the files that nobody brought in for a week; how many."""
    at = engine_now()
    idle = Q(working_until=None) | Q(working_until__lte=at)
    old = Upload.objects.filter(idle, content__isnull=False, uploaded_at__lte=at - KEPT_FOR)
    return Upload.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:BATCH])).update(
        content=None
    )
