"""Until when a coupon is valid, what codes look like, and what a template still lacks."""

import datetime as dt
import re
from collections.abc import Sequence

from apps.coupons.rules.terms import Kind, Terms

CODE_LENGTH = 64
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]*\Z")


def expiry(
    now: dt.datetime,
    *,
    valid_hours: int | None,
    starts_at: dt.datetime | None = None,
    ends_at: dt.datetime | None = None,
) -> dt.datetime | None:
    """When a coupon that is issued `now` expires: after its hours, or with its template's window.

    Its hours begin with its issue, or with the window if that begins later. The earlier of the two;
    None for never.
    """
    begins = max(now, starts_at) if starts_at is not None else now
    own = begins + dt.timedelta(hours=valid_hours) if valid_hours is not None else None
    return min((moment for moment in (own, ends_at) if moment is not None), default=None)


def lowest_free(taken: Sequence[int]) -> int:
    """The smallest number from 1 on that is not `taken`."""
    numbers = set(taken)
    return next(n for n in range(1, len(numbers) + 2) if n not in numbers)


def code_fault(code: str) -> str:
    """Why an outside system's code cannot be taken; empty when it can.

    A code goes into addresses and is typed by people: letters, digits and . _ ~ - after a letter or
    digit.
    """
    if not code:
        return "The line is empty."
    if len(code) > CODE_LENGTH:
        return f"A code has at most {CODE_LENGTH} characters."
    if not _CODE.match(code):
        return "A code consists of letters, digits and . _ ~ - and begins with a letter or digit."
    return ""


def first_cell(line: bytes) -> str:
    """What stands first in a line of a CSV, or all of a plain line, as a code is imported.

    Bytes that are no UTF-8 become a character that no code has.
    """
    text = line.decode("utf-8", errors="replace").removeprefix("\ufeff")
    return text.replace(";", ",").split(",", 1)[0].strip().strip('"')


def faults(terms: Terms) -> list[str]:
    """What a template lacks before it can be used, in words for an operator."""
    found = []
    if terms.kind is Kind.AMOUNT and not terms.face_minor:
        found.append("Say how much it takes off.")
    if terms.kind is Kind.PERCENT and not terms.percent_bps:
        found.append("Say what percentage it takes off.")
    if terms.kind is Kind.PERCENT and not terms.ceiling_minor:
        found.append("A percentage needs a ceiling, or nobody could say what it costs.")
    if terms.kind is Kind.FREE_SHIPPING and not terms.face_minor:
        found.append("Say how much shipping it takes off at the most.")
    if terms.kind is Kind.GIFT and not terms.gift:
        found.append("Say what the gift is.")
    if terms.kind is Kind.STEPS:
        found += _step_faults(terms)
    return found


def _step_faults(terms: Terms) -> list[str]:
    if not terms.steps:
        return ["Add at least one step."]
    if not terms.repeats:
        return []
    found = [] if len(terms.steps) == 1 else ["Only a single step can repeat."]
    return found if terms.ceiling_minor else [*found, "A step that repeats needs a ceiling."]


def cost(terms: Terms) -> int:
    """The most one coupon can cost the shop: its face value or ceiling."""
    if terms.kind is Kind.PERCENT:
        return terms.ceiling_minor or 0
    if terms.kind is Kind.STEPS:
        most = max((step.off_minor for step in terms.steps), default=0)
        return terms.ceiling_minor or most if terms.repeats else _capped(most, terms.ceiling_minor)
    return terms.face_minor


def _capped(amount: int, ceiling: int | None) -> int:
    return amount if ceiling is None else min(amount, ceiling)
