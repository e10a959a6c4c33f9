"""Rollups as they are, and as they are counted by hand, one participant at a time."""

import datetime as dt
import zoneinfo
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from django.db import connection

from apps.campaigns.models import Campaign
from apps.invites.models import CampaignOrder, Link, Participant, Share, Visit
from apps.reports.models import Rolled
from tests.reports.money import money_by_hand

Rows = dict[str, list[tuple[Any, ...]]]

_COLUMNS = {
    "counted": """participant_id, referrer_id, variant, generation, bucket, joined_day, confirmed_at,
        day, hour, orders, delay, referees, late""",
    "arrival": "day, variant, generation, people, confirmed, brought, buyers, orders",
    "cell": "grain, slot, variant, generation, referees, people",
    "root": "day, variant, generation, bucket, people, referees, buyers, orders",
    "pair": "grain, slot, variant, delay, pairs",
    "reach": "day, links, intents, visits, skipped, linkers, sharers, opened",
    "owner": "participant_id, linked, shared, opened",
    "sold": "participant_id, day, age, source, revenue, refunded, margin, discount",
    "sale": "day, variant, source, parts, revenue, refunded, margin, discount",
    "earning": "day, variant, age, parts, margin",
    "given": "grant_id, kind, status, granted_day, settled_day, kept, cost, clawed_back, voided",
    "reward": "moment, day, kind, status, grants, kept, cost, clawed_back, voided",
}


def rows_of(campaign: Campaign) -> Rows:
    """All rows of a campaign's rollups, but for their ids."""
    found: Rows = {}
    with connection.cursor() as cursor:
        for table, columns in _COLUMNS.items():
            cursor.execute(
                f"SELECT {columns} FROM reports_{table} WHERE campaign_id = %s ORDER BY {columns}",
                [campaign.pk],
            )
            found[table] = cursor.fetchall()
    return found


def miscounted(campaign: Campaign) -> dict[str, tuple[Any, Any]]:
    """The tables whose rows are not what one counts by hand: as they are, and as they should be."""
    rolled, by_hand = rows_of(campaign), counted_by_hand(campaign)
    return {
        name: (rolled[name], should) for name, should in by_hand.items() if rolled[name] != should
    }


def counted_by_hand(campaign: Campaign) -> Rows:
    """The rollups, but for the tables that keep what was counted."""
    zone = zoneinfo.ZoneInfo(campaign.time_zone)
    window = int(campaign.attribution_window.total_seconds() // 60)
    since = Rolled.objects.get(campaign=campaign).hours_since
    people = {row.pk: row for row in Participant.objects.filter(campaign=campaign)}
    counting = CampaignOrder.objects.filter(campaign=campaign).select_related("order")
    orders = Counter(row.participant_id for row in counting if row.order.kept_minor)
    delays = _delays(people)
    soon = Counter(people[pk].referrer_id for pk, delay in delays.items() if delay <= window)
    late = Counter(people[pk].referrer_id for pk, delay in delays.items() if delay > window)
    arrivals, roots = defaultdict(list), defaultdict(list)
    cells: Counter[tuple[Any, ...]] = Counter()
    pairs: Counter[tuple[Any, ...]] = Counter()
    for row in people.values():
        place, bought = (row.variant, row.generation), orders[row.pk]
        brought = soon[row.pk] + late[row.pk]
        values = (1, int(row.confirmed_at is not None), brought, int(bought > 0), bought)
        arrivals[_day(row.joined_at, zone), *place].append(values)
        if row.confirmed_at is None:
            continue
        key = (_day(row.confirmed_at, zone), *place, (row.root_id or row.pk) % 64)
        roots[key].append((1, soon[row.pk], int(bought > 0), bought))
        for slot in _slots(row.confirmed_at, zone, since):
            cells[*slot, *place, soon[row.pk]] += 1
    for pk, delay in delays.items():
        above = people[people[pk].referrer_id]
        if delay <= window:
            for slot in _slots(above.confirmed_at, zone, since):
                pairs[*slot, above.variant, delay - delay % _step(delay)] += 1
    return {
        "arrival": _summed(arrivals),
        "cell": sorted((*key, times) for key, times in cells.items()),
        "root": _summed(roots),
        "pair": sorted((*key, times) for key, times in pairs.items()),
        "reach": _reach(campaign, zone),
        **money_by_hand(campaign),
    }


def _delays(people: dict[int, Participant]) -> dict[int, int]:
    """Minutes from a referrer's confirmation to the referee's, by referee, where both are."""
    found = {}
    for row in people.values():
        above = people.get(row.referrer_id)
        if above and row.confirmed_at and above.confirmed_at:
            minutes = (row.confirmed_at - above.confirmed_at) // dt.timedelta(minutes=1)
            found[row.pk] = max(minutes, 0)
    return found


def _reach(campaign: Campaign, zone: zoneinfo.ZoneInfo) -> list[tuple[Any, ...]]:
    links = Link.objects.filter(participant__campaign=campaign)
    shares = Share.objects.filter(link__in=links).select_related("link")
    visits = Visit.objects.filter(link__in=links).select_related("link")
    days = defaultdict(list)
    told = (
        (0, 4, [(row.created_at, row.participant_id) for row in links]),
        (1, 5, [(row.shared_at, row.link.participant_id) for row in shares]),
        (2, 6, [(row.opened_at, row.link.participant_id) for row in visits if not row.skipped]),
        (3, None, [(row.opened_at, None) for row in visits if row.skipped]),
    )
    for column, first, seen in told:
        owners: dict[int | None, dt.datetime] = {}
        for at, owner in seen:
            days[(_day(at, zone),)].append(_one(column))
            owners[owner] = min(owners.get(owner, at), at)
        if first is not None:
            for at in owners.values():
                days[(_day(at, zone),)].append(_one(first))
    return _summed(days)


def _one(column: int) -> tuple[int, ...]:
    return tuple(int(place == column) for place in range(7))


def _summed(rows: dict[tuple[Any, ...], list[tuple[int, ...]]]) -> list[tuple[Any, ...]]:
    return sorted((*key, *map(sum, zip(*values, strict=True))) for key, values in rows.items())


def _day(at: dt.datetime, zone: zoneinfo.ZoneInfo) -> dt.datetime:
    return at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)


def _slots(
    at: dt.datetime, zone: zoneinfo.ZoneInfo, since: dt.datetime
) -> Iterable[tuple[str, dt.datetime]]:
    yield "day", _day(at, zone)
    hour = at.astimezone(zone).replace(minute=0, second=0, microsecond=0)
    if hour >= since:
        yield "hour", hour


def _step(delay: int) -> int:
    """How wide the step is in which a delay is kept."""
    bounds = ((120, 5), (720, 15), (72 * 60, 60), (14 * 1440, 240))
    return next((step for below, step in bounds if delay < below), 1440)
