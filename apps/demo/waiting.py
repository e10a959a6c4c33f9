"""Waiting until nothing is under way any more: events drained, rooms closed, holds settled."""

import time
from collections.abc import Callable
from typing import Any

Report = dict[str, Any]

PAUSE_SECONDS = 0.5
PATIENCE_SECONDS = 180.0
# After so long without a change the shop asks whether it missed a webhook.
CATCH_UP_SECONDS = 5.0

UNDER_WAY = (
    "events_pending",
    "changes_pending",
    "rows_pending",
    "grants_pending",
    "refund_orders_outstanding",
    "rooms_due",
)


class NotSettled(Exception):
    """The report does not come to rest; the message says on what it waits."""


def under_way(report: Report) -> dict[str, int]:
    """What a report says is not finished yet, by name; empty when all is."""
    found = {name: report["freshness"][name] for name in UNDER_WAY}
    found["rooms_open"] = report["rooms"]["open"]
    return {name: count for name, count in found.items() if count}


def wait_until_settled(
    read: Callable[[], Report],
    *,
    catch_up: Callable[[], None],
    on_look: Callable[[dict[str, int]], None] = lambda left: None,
    patience: float = PATIENCE_SECONDS,
    pause: float = PAUSE_SECONDS,
) -> Report:
    """The first report in which nothing is under way, twice in a row.

    Once is not enough: its figures are read one after the other. Raises NotSettled when an event
    is parked, because that waits for an operator, or when nothing changes within `patience`.
    """
    before: Report | None = None
    changed_at = caught_up_at = time.monotonic()
    while True:
        report = read()
        if parked := report["freshness"]["events_parked"]:
            raise NotSettled(f"{parked} events are parked: see Events in the admin")
        left = under_way(report)
        on_look(left)
        if before is not None and _figures(report) == _figures(before):
            if not left:
                return report
        else:
            changed_at = time.monotonic()
        waited = time.monotonic() - changed_at
        if waited > patience:
            raise NotSettled(f"nothing changed in {patience:.0f} s with {left} under way")
        if waited > CATCH_UP_SECONDS < time.monotonic() - caught_up_at:
            catch_up()
            caught_up_at = time.monotonic()
        before = report
        time.sleep(pause if left else 0.0)


def _figures(report: Report) -> Report:
    return {name: value for name, value in report.items() if name != "as_of"}
