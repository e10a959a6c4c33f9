"""Growth that leaves the window, periods and graces that end: over any number of members."""

import datetime as dt
import logging
from functools import partial

from django.db import transaction
from django.db.models import Q

from apps.core.clock import engine_now
from apps.core.sweepers import BATCH, each_due
from apps.core.transactions import is_transient, retrying
from apps.tiers.models import Membership, MembershipQuerySet
from apps.tiers.services.standing import Rungs, memberships_advance, rungs_of

log = logging.getLogger(__name__)

AT_ONCE = 1_000

# The last row a run has seen: (due_at, id). The next batch begins after it.
Place = tuple[dt.datetime, int]


def memberships_sweep() -> int:
    """Move on those whose due moment has come, a thousand in a transaction; how many.

    In the order they are due, never more than a thousand in memory. Rows that somebody has locked
    are left for the next run. A batch that fails is done again one by one. Locks memberships.
    """
    done = 0
    after: Place | None = None
    while done < BATCH:
        try:
            count, after = retrying(partial(_batch, after))
        except Exception as error:
            if is_transient(error):
                raise
            log.exception("a batch of memberships failed: each by itself")
            return done + each_due(_due(after).values_list("pk", flat=True)[:AT_ONCE], _one)
        done += count
        if after is None:
            break
    return done


def _due(after: Place | None) -> MembershipQuerySet:
    rows = Membership.objects.due().order_by("due_at", "pk")
    if after is not None:
        at, pk = after
        rows = rows.filter(Q(due_at__gt=at) | Q(due_at=at, pk__gt=pk), due_at__gte=at)
    return rows


@transaction.atomic
def _batch(after: Place | None) -> tuple[int, Place | None]:
    rows = list(_locked(_due(after))[:AT_ONCE])
    if not rows:
        return 0, None
    last = rows[-1]
    assert last.due_at is not None  # it is due
    place = (last.due_at, last.pk)
    _advance(rows)
    return len(rows), place if len(rows) == AT_ONCE else None


@transaction.atomic
def _one(membership_id: int) -> int:
    rows = list(_locked(Membership.objects.due().filter(pk=membership_id)))
    _advance(rows)
    return len(rows)


def _locked(rows: MembershipQuerySet) -> MembershipQuerySet:
    return rows.select_related("member", "tier").select_for_update(
        of=("self",), skip_locked=True, no_key=True
    )


def _advance(rows: list[Membership]) -> None:
    now = engine_now()
    for is_test in (False, True):
        ours = [row for row in rows if row.member.is_test == is_test]
        if ours:
            rungs: Rungs = rungs_of(is_test=is_test)
            memberships_advance(ours, now, rungs)
