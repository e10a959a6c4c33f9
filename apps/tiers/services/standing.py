"""Moving memberships on, one or a thousand: read what leaves, ask the rules, write in sets."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import connection

from apps.core.services import event_record
from apps.members.models import Member
from apps.tiers import events, rules
from apps.tiers.models import Ladder, Membership, Tier, TierChange
from apps.tiers.rules import Leaving, Standing, Terms, Turn, TurnKind
from apps.tiers.selectors import terms_of

_ANNOUNCED = {TurnKind.REACHED: events.REACHED, TurnKind.LOWERED: events.LOWERED}

Moved = tuple[Standing, list[Turn]]


@dataclass(frozen=True)
class Rungs:
    """A ladder's terms, and its tiers by rank."""

    terms: Terms
    tiers: dict[int, Tier]


def ladder_open(*, is_test: bool) -> Ladder:
    """The ladder of a mode; with the usual settings where nobody made one yet."""
    return Ladder.objects.get_or_create(is_test=is_test)[0]


def rungs_of(*, is_test: bool) -> Rungs:
    return Rungs(*terms_of(ladder_open(is_test=is_test)))


def membership_lock(member_id: int, now: dt.datetime) -> Membership:
    """The member's membership, made when there is none, locked."""
    rows = Membership.objects.select_for_update(of=("self",), no_key=True)
    rows = rows.select_related("member", "tier").filter(member=member_id)
    found = rows.first()
    if found is None:
        Membership.objects.bulk_create(
            [Membership(member_id=member_id, counted_to=now)], ignore_conflicts=True
        )
        found = rows.get()
    return found


def standing_of(row: Membership) -> Standing:
    return Standing(
        counted_to=row.counted_to,
        growth=row.growth,
        rank=row.tier.rank if row.tier else 0,
        since=row.since,
        period_start=row.period_start,
        period_end=row.period_end,
        grace_until=row.grace_until,
    )


def memberships_advance(
    rows: Sequence[Membership],
    until: dt.datetime,
    rungs: Rungs,
    *,
    then: Callable[[Standing], Moved] = lambda standing: (standing, []),
) -> None:
    """Let happen what was due up to `until`, and `then`, for locked rows of one ladder.

    Records what became of their tiers, and the events. The entries are those stored by now.
    """
    leaving = _leaving(rows, until)
    changes: list[tuple[Membership, Turn]] = []
    for row in rows:
        standing, turns = rules.advanced(
            standing_of(row), leaving[row.member_id], until, rungs.terms
        )
        standing, more = then(standing)
        _take_over(row, standing, rungs)
        changes += [(row, turn) for turn in (*turns, *more)]
    _write(rows)
    if changes:
        _tell(changes, rungs)


def _leaving(rows: Sequence[Membership], until: dt.datetime) -> dict[int, list[Leaving]]:
    """What leaves each member's window after it was last counted, up to `until`."""
    found: dict[int, list[Leaving]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT e.member_id, e.counts_until, sum(e.amount)::bigint
               FROM unnest(%s::bigint[], %s::timestamptz[]) AS m(member_id, counted_to)
               JOIN tiers_growthentry e ON e.member_id = m.member_id
                AND e.counts_until > m.counted_to AND e.counts_until <= %s
               GROUP BY 1, 2 ORDER BY 1, 2""",
            [[row.member_id for row in rows], [row.counted_to for row in rows], until],
        )
        for member_id, at, amount in cursor.fetchall():
            found[member_id].append(Leaving(at, amount))
    return found


def _take_over(row: Membership, standing: Standing, rungs: Rungs) -> None:
    row.growth, row.counted_to = standing.growth, standing.counted_to
    row.tier = rungs.tiers[standing.rank] if standing.rank else None
    row.since = standing.since
    row.period_start, row.period_end = standing.period_start, standing.period_end
    row.grace_until = standing.grace_until


# LEAST skips nulls. The next to leave is one step in the index (member, counts_until).
_WRITE = """
UPDATE tiers_membership m
SET growth = t.growth, counted_to = t.counted_to, tier_id = t.tier_id, since = t.since,
    period_start = t.period_start, period_end = t.period_end, grace_until = t.grace_until,
    due_at = least(coalesce(t.grace_until, t.period_end),
                   (SELECT min(e.counts_until) FROM tiers_growthentry e
                    WHERE e.member_id = m.member_id AND e.counts_until > t.counted_to))
FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[], %s::bigint[], %s::timestamptz[],
            %s::timestamptz[], %s::timestamptz[], %s::timestamptz[])
     AS t(id, growth, counted_to, tier_id, since, period_start, period_end, grace_until)
WHERE m.id = t.id
"""


def _write(rows: Sequence[Membership]) -> None:
    columns = ("growth", "counted_to", "tier_id", "since", "period_start", "period_end")
    with connection.cursor() as cursor:
        cursor.execute(
            _WRITE,
            [[getattr(row, column) for row in rows] for column in ("pk", *columns, "grace_until")],
        )


def _tell(changes: list[tuple[Membership, Turn]], rungs: Rungs) -> None:
    """Keep the history, and record each tier reached once per member, tier and period."""
    members = {row.member_id for row, _ in changes}
    kinds = (TierChange.Kind.REACHED, TierChange.Kind.IMPORTED)
    earlier = set(
        TierChange.objects.filter(member__in=members, kind__in=kinds).values_list(
            "member_id", "tier_id", "period"
        )
    )
    been = {(member_id, tier_id) for member_id, tier_id, _ in earlier}
    made = []
    for row, turn in changes:
        change = _change(row, turn, rungs)
        if turn.kind is TurnKind.REACHED and change.tier_id:
            place = (row.member_id, change.tier_id)
            if (*place, change.period) in earlier:
                continue
            change.first = place not in been
            earlier.add((*place, change.period))
            been.add(place)
        made.append((change, turn))
    TierChange.objects.bulk_create([change for change, _ in made])
    told = [change for change, turn in made if turn.kind in _ANNOUNCED]
    if told:
        shown = Member.objects.in_bulk({change.member_id for change in told})
        for change in told:
            _record(change, shown[change.member_id])


def _change(row: Membership, turn: Turn, rungs: Rungs) -> TierChange:
    return TierChange(
        member_id=row.member_id,
        kind=turn.kind,
        tier=rungs.tiers[turn.rank] if turn.rank else None,
        period=period_text(turn.period_start),
        period_end=turn.period_end,
        occurred_at=turn.at,
    )


def period_text(start: dt.datetime | None) -> str:
    """How a period is named: the day it began, in UTC."""
    return start.astimezone(dt.UTC).date().isoformat() if start else ""


def _record(change: TierChange, member: Member) -> None:
    kind = _ANNOUNCED[TurnKind(change.kind)]
    code, rank = (change.tier.code, change.tier.rank) if change.tier else ("", 0)
    payload = {"member": member.public_id, "tier": code, "rank": rank, "period": change.period}
    if kind == events.REACHED:
        key = f"{kind}:{member.public_id}:{code}:{change.period}"
        payload["first"] = change.first
    else:
        key = f"{kind}:{member.public_id}:{change.pk}"
    event_record(
        key=key,
        kind=kind,
        payload=payload,
        occurred_at=change.occurred_at,
        is_test=member.is_test,
    )
