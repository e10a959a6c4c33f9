"""A leaderboard counted from the chain: who counts, for whom, and when."""

import datetime as dt
from typing import Any

import pytest
from django.core.cache import cache
from django.core.cache.backends.redis import RedisCache
from django.db import connection
from django.utils import timezone

from apps.campaigns.models import Campaign
from apps.invites.models import Participant
from apps.reports.ranking import Days
from apps.reports.selectors import leaderboards
from apps.reports.selectors.leaderboards import (
    campaign_standings,
    kept_as,
    kept_standings,
    own_place,
    shown_places,
)
from apps.rewards.models import Grant
from tests.makers import make_campaign, make_member

pytestmark = pytest.mark.django_db

EVER = Days()
NOON = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)


def takes_part(campaign: Campaign, name: str = "", **given: Any) -> Participant:
    referrer = given.get("referrer")
    at = given.pop("at", NOON)
    given = {"status": "confirmed", "confirmed_at": at, "joined_at": at, **given}
    return Participant.objects.create(
        campaign=campaign,
        member=make_member(name),
        version=campaign.published_version,
        root=None if referrer is None else referrer.root or referrer,
        generation=0 if referrer is None else referrer.generation + 1,
        **given,
    )


def brings(referrer: Participant, *moments: dt.datetime) -> None:
    for at in moments:
        takes_part(referrer.campaign, referrer=referrer, at=at)


@pytest.fixture
def campaign() -> Campaign:
    return make_campaign(time_zone="Asia/Shanghai", starts_at=NOON - dt.timedelta(days=60))


def ranks(campaign: Campaign, days: Days = EVER) -> list[tuple[int, str, int]]:
    rows = shown_places(campaign_standings(campaign, days).places)
    return [(row.place.rank, row.face.nickname, row.place.referees) for row in rows]


def test_the_best_first_and_ties_by_who_got_there_first(campaign: Campaign) -> None:
    ann, bob, cleo, dora = (takes_part(campaign, name) for name in ("ann", "bob", "cleo", "dora"))
    hour = dt.timedelta(hours=1)
    brings(ann, NOON, NOON + 3 * hour)
    brings(bob, NOON, NOON + 2 * hour)
    brings(cleo, NOON)
    assert ranks(campaign) == [(1, "bob", 2), (1, "ann", 2), (3, "cleo", 1)]
    brings(dora, *(NOON + n * hour for n in range(3)))
    assert ranks(campaign)[0] == (1, "dora", 3)
    assert campaign_standings(campaign, EVER, most=2).tied_and_not_shown == 1


def test_provisional_ones_and_other_campaigns_do_not_count(campaign: Campaign) -> None:
    ann = takes_part(campaign, "ann", status="provisional", confirmed_at=None)
    takes_part(campaign, referrer=ann, status="provisional", confirmed_at=None)
    assert ranks(campaign) == []
    brings(ann, NOON)
    assert ranks(campaign) == [(1, "ann", 1)], "a partner need not have bought themselves"
    brings(takes_part(make_campaign(), "bob"), NOON, NOON)
    assert ranks(campaign) == [(1, "ann", 1)]


def test_days_are_the_campaigns(campaign: Campaign) -> None:
    """Midnight in Shanghai is four in the afternoon of the day before in UTC."""
    ann = takes_part(campaign, "ann")
    midnight = dt.datetime(2026, 11, 24, 16, tzinfo=dt.UTC)
    second = dt.timedelta(seconds=1)
    brings(ann, midnight - second, midnight, midnight + dt.timedelta(days=1) - second)
    brings(ann, midnight + dt.timedelta(days=1))
    day = dt.date(2026, 11, 25)
    assert ranks(campaign, Days(day, day)) == [(1, "ann", 2)]
    assert ranks(campaign, Days(day, None)) == [(1, "ann", 3)]
    assert ranks(campaign, Days(None, day)) == [(1, "ann", 3)]
    assert ranks(campaign) == [(1, "ann", 4)]


def test_nobody_under_review_stands_anywhere(campaign: Campaign) -> None:
    ann, bob = takes_part(campaign, "ann"), takes_part(campaign, "bob")
    brings(ann, NOON, NOON)
    brings(bob, NOON)
    grant = Grant.objects.create(
        campaign=campaign,
        policy="pol_x",
        subject="participant:x",
        beneficiary="member",
        member=ann.member,
        kind="points",
        amount=1,
        full_cost_minor=0,
        cost_minor=0,
        status="review",
    )
    assert ranks(campaign) == [(1, "bob", 1)]
    found = campaign_standings(campaign, EVER)
    own = own_place(campaign, ann.member_id, EVER, found)
    assert own is not None
    assert (own.rank, own.referees) == (None, 2)
    Grant.objects.filter(pk=grant.pk).update(status="pending")
    assert ranks(campaign)[0] == (1, "ann", 2)


def test_own_place(campaign: Campaign) -> None:
    ann, bob, cleo = (takes_part(campaign, name) for name in ("ann", "bob", "cleo"))
    brings(ann, NOON, NOON)
    brings(bob, NOON)
    found = campaign_standings(campaign, EVER, most=1)
    places = [own_place(campaign, row.member_id, EVER, found) for row in (ann, bob, cleo)]
    assert [(own.rank, own.referees) for own in places if own] == [(1, 2), (2, 1), (None, 0)]
    assert own_place(campaign, make_member("dora").pk, EVER, found) is None


def test_phones_are_told_what_was_counted_half_a_minute_ago(campaign: Campaign) -> None:
    ann = takes_part(campaign, "ann")
    brings(ann, NOON)
    before = kept_standings(campaign, EVER)
    brings(ann, NOON)
    assert kept_standings(campaign, EVER) == before
    assert kept_standings(campaign, Days(NOON.date())).places[0].referees == 2, "other days"
    cache.set(kept_as(campaign, EVER), (before, 0.0))  # its time is over
    counting = f"{kept_as(campaign, EVER)}:counting"
    cache.set(counting, 1)
    assert kept_standings(campaign, EVER) == before, "somebody else counts"
    cache.delete(counting)
    assert kept_standings(campaign, EVER).places[0].referees == 2


def test_without_a_cache_each_phone_counts(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = RedisCache("redis://127.0.0.1:1", {})
    monkeypatch.setattr(leaderboards, "cache", away)
    ann = takes_part(campaign, "ann")
    for number in (1, 2):
        brings(ann, NOON)
        assert kept_standings(campaign, EVER).places[0].referees == number


# As of a large table that was vacuumed: where no page is known to be visible to all, an index alone
# costs as much as one with its rows.
VACUUMED = """
SELECT pg_restore_relation_stats('schemaname', 'public', 'relname', 'invites_participant',
  'relpages', 1000000, 'reltuples', 10000000::real, 'relallvisible', 1000000)
"""

# What a small table's plan is depends on which rows other tests left in its pages and when they were
# last counted: so until the end of this transaction there is no other index to choose.
NO_OTHERS = """
UPDATE pg_index SET indisvalid = false
WHERE indrelid IN ('invites_participant'::regclass, 'rewards_grant'::regclass)
  AND indexrelid NOT IN ('participant_brought'::regclass, 'grant_in_review'::regclass)
"""


def test_only_indexes_are_read(campaign: Campaign) -> None:
    """The rows of a large campaign are wide; what is counted is not."""
    brings(takes_part(campaign, "ann"), NOON)  # a table has a page
    since = timezone.now().isoformat()
    given = {"campaign": campaign.pk, "since": since, "until": "infinity", "most": 10}
    with connection.cursor() as cursor:
        cursor.execute(VACUUMED)
        cursor.execute(NO_OTHERS)
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN {leaderboards._COUNTED}", given)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Index Only Scan using participant_brought" in plan
    assert "grant_in_review" in plan
