"""Growth that comes and growth that is taken back, each once per key."""

import datetime as dt
from dataclasses import replace

from django.db.models import Sum
from django.db.models.functions import Coalesce

from apps.core.errors import Conflict, Invalid
from apps.core.transactions import in_transaction
from apps.tiers import rules
from apps.tiers.models import MAX_GROWTH, GrowthEntry, Membership
from apps.tiers.rules import OpenEntry, Standing
from apps.tiers.services.standing import Moved, membership_lock, memberships_advance, rungs_of


class GrowthInvalid(Invalid):
    code = "growth_invalid"
    message = "Growth is a whole number from 1 to 10¹²."


class GrowthConflict(Conflict):
    code = "growth_conflict"
    message = "This growth was already reported, with another amount or member."


@in_transaction
def growth_add(
    *, member_id: int, amount: int, key: str, reference: str, now: dt.datetime
) -> GrowthEntry:
    """Add growth, which counts from now for the ladder's rolling period; promotes at once.

    The same key again returns the first entry. Raises GrowthInvalid, GrowthConflict. Locks the
    membership.
    """
    _check(amount)
    membership = membership_lock(member_id, now)
    if earlier := _earlier(key, member_id, amount):
        return earlier
    rungs = rungs_of(is_test=membership.member.is_test)
    entry = GrowthEntry(
        member_id=member_id,
        key=key,
        asked=amount,
        amount=amount,
        reference=reference,
        occurred_at=now,
        counts_until=now + rungs.terms.period,
    )

    def come_in(standing: Standing) -> Moved:
        _insert([entry])
        counts = entry.counts_until > standing.counted_to
        grown = replace(standing, growth=standing.growth + amount * counts)
        return rules.risen(grown, now, rungs.terms)

    memberships_advance([membership], now, rungs, then=come_in)
    return entry


@in_transaction
def growth_take_back(
    *, member_id: int, amount: int, key: str, reference: str, now: dt.datetime
) -> int:
    """Take back growth that `reference` brought, at most what is left of it; how much that was.

    Where nothing carries the reference, the youngest growth that still counts is taken. It is as
    if it had never been added, but for the tier, which stays until its period ends. The same key
    again takes nothing more and returns what it took. Raises GrowthInvalid, GrowthConflict. Locks
    the membership.
    """
    _check(amount)
    membership = membership_lock(member_id, now)
    if _earlier(key, member_id, -amount):
        total = GrowthEntry.objects.filter(key=key).aggregate(total=Sum("amount"))["total"]
        return -int(total)
    rungs = rungs_of(is_test=membership.member.is_test)
    parts = rules.taken_from(_open_entries(membership, reference), amount)
    rows = [
        GrowthEntry(
            member_id=member_id,
            key=key,
            part=number,
            asked=-amount,
            amount=-part.amount,
            takes_from_id=part.entry.entry_id,
            reference=reference,
            occurred_at=now,
            counts_until=part.entry.counts_until,
        )
        for number, part in enumerate(parts)
    ]
    nothing = GrowthEntry(
        member_id=member_id,
        key=key,
        asked=-amount,
        amount=0,
        reference=reference,
        occurred_at=now,
        counts_until=now,
    )

    def go(standing: Standing) -> Moved:
        _insert(rows or [nothing])
        counted = sum(row.amount for row in rows if row.counts_until > standing.counted_to)
        return replace(standing, growth=standing.growth + counted), []

    memberships_advance([membership], now, rungs, then=go)
    return sum(part.amount for part in parts)


def _check(amount: int) -> None:
    if not 0 < amount <= MAX_GROWTH:
        raise GrowthInvalid(pointer="/amount")


def _earlier(key: str, member_id: int, asked: int) -> GrowthEntry | None:
    first = GrowthEntry.objects.filter(key=key, part=0).first()
    if first is not None and (first.member_id, first.asked) != (member_id, asked):
        raise GrowthConflict()
    return first


def _insert(rows: list[GrowthEntry]) -> None:
    # Two members under one key at once: the second waits for the first here, and is refused.
    GrowthEntry.objects.bulk_create(rows, ignore_conflicts=True)
    stored = (
        GrowthEntry.objects.filter(key=rows[0].key, part=0).values_list("public_id", "pk").get()
    )
    if stored[0] != rows[0].public_id:
        raise GrowthConflict()
    rows[0].pk = stored[1]


def _open_entries(membership: Membership, reference: str) -> list[OpenEntry]:
    added = GrowthEntry.objects.filter(member=membership.member_id, asked__gt=0)
    meant = added.filter(reference=reference) if reference else added.none()
    if not meant.exists():
        meant = added.filter(counts_until__gt=membership.counted_to)
    rows = meant.annotate(taken=Coalesce(Sum("taken_back__amount"), 0))
    return [OpenEntry(row.pk, row.amount + row.taken, row.counts_until) for row in rows]
