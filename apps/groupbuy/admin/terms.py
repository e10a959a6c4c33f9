"""What a room opened with, in an operator's words."""

import datetime as dt
from collections.abc import Iterator

from apps.core.templatetags.money import money
from apps.groupbuy.rules import AtDeadline, Overflow, RoomItem, Settlement, Terms


def terms_in_words(terms: Terms, currency: str) -> Iterator[str]:
    """A sentence for each thing that was decided; nothing of what was left open."""
    yield from (_item(item, currency) for item in terms.items)
    yield _at_deadline(terms)
    yield _overflow(terms)
    if any(item.steps for item in terms.items):
        yield _settlement(terms)
    yield from _limits(terms)
    if terms.host_discount_minor:
        yield f"The host pays {money(terms.host_discount_minor, currency)} less."


def _item(item: RoomItem, currency: str) -> str:
    together, alone = (
        money(minor, currency) for minor in (item.group_price_minor, item.single_price_minor)
    )
    steps = "".join(
        f", {money(step.price_minor, currency)} from {step.headcount} seats on"
        for step in sorted(item.steps)
    )
    return f"{item.name} ({item.sku}): {together} together{steps}, {alone} alone."


def _at_deadline(terms: Terms) -> str:
    if terms.at_deadline is AtDeadline.COMPLETE_SHORT:
        return f"Not full in time, it completes with {terms.minimum_seats} paid seats or more."
    return "Not full in time, it fails, and every payment is asked back."


def _overflow(terms: Terms) -> str:
    if terms.overflow is Overflow.OTHER_ROOM:
        return "A payment that finds no seat left goes to another open room, else back."
    return "A payment that finds no seat left is asked back."


def _settlement(terms: Terms) -> str:
    given = "credited as points" if terms.settlement is Settlement.CREDIT else "asked back"
    return f"What a step leaves over is {given}."


def _limits(terms: Terms) -> Iterator[str]:
    limits = (
        (terms.max_quantity, "piece", "in a seat"),
        (terms.limits.seats, "seat", "of the offer for one member"),
        (terms.limits.rooms_hosted, "room", "hosted by one member"),
        (terms.limits.open_at_once, "open room", "at once for one member"),
    )
    for limit, what, of in limits:
        if limit is not None:
            yield f"At most {limit} {what}{'s' * (limit != 1)} {of}."
    if terms.new_members_only:
        yield "Seats are for new members; the host may be an old one."
    if (cool_down := terms.cool_down) is not None:
        within, pause = (lasting(span) for span in (cool_down.window, cool_down.pause))
        yield f"Who gives up {cool_down.after} seats within {within} waits for {pause}."


def lasting(span: dt.timedelta) -> str:
    """A duration in its largest whole units: `1 day 2 hours`."""
    minutes, seconds = divmod(round(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = ((days, "day"), (hours, "hour"), (minutes, "minute"), (seconds, "second"))
    words = [f"{number} {unit}{'s' * (number != 1)}" for number, unit in parts if number]
    return " ".join(words) or "no time"
