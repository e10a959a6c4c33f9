"""What visitors are hashed with: fresh each day, and forgotten."""

import datetime as dt
import functools
import secrets

from django.db import transaction
from django.db.models.functions import TruncDate

from apps.core.clock import EngineNow
from apps.core.transactions import in_transaction
from apps.invites.models import Salt

_known: dict[dt.date, bytes] = {}


def salt_of_day(*, now: dt.datetime) -> bytes:
    """The salt of the day (UTC); made by whoever asks first, the same for every process."""
    day = now.astimezone(dt.UTC).date()
    salt = _known.get(day)
    if salt is None:
        salt = _found_or_made(day)
        transaction.on_commit(functools.partial(_remember, day, salt))
    return salt


def _remember(day: dt.date, salt: bytes) -> None:
    """Only once it is committed: what is rolled back is nobody's salt."""
    _known.clear()
    _known[day] = salt


def is_salt_known(*, now: dt.datetime) -> bool:
    """Whether this process has the salt of the day at hand."""
    return now.astimezone(dt.UTC).date() in _known


@in_transaction
def _found_or_made(day: dt.date) -> bytes:
    Salt.objects.bulk_create([Salt(day=day, value=secrets.token_hex(32))], ignore_conflicts=True)
    return bytes.fromhex(Salt.objects.get(day=day).value)


def salts_forget() -> int:
    """Delete the salts of days that are over; how many. Nobody can tell those visitors any more.

    A day is kept an hour longer, for processes whose clock is behind.
    """
    today = TruncDate(EngineNow() - dt.timedelta(hours=1), tzinfo=dt.UTC)
    return Salt.objects.filter(day__lt=today).delete()[0]
