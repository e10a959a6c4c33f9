"""Old referrers: who brought whom before the engine came, as confirmed participants.

Nothing is rewarded for them: no event is recorded and nobody is counted as a friend.
"""

import datetime as dt
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from apps.campaigns.models import Campaign
from apps.campaigns.rules import draw_variant
from apps.campaigns.selectors import partners_among, variants_of
from apps.campaigns.services import CampaignNotRunning
from apps.core.transactions import retrying
from apps.invites.models import Participant
from apps.members.models import Member

AT_ONCE = 2_000

# As `circumstances` keeps it. Whom somebody brought before the engine came is not new here.
_THEN = {"tier": "", "audiences": [], "channel": "", "is_new": False}


@dataclass(frozen=True)
class Referral:
    """A line of the history: `referrer_id` brought `member_id`; None: nobody did."""

    line: int
    member_id: int
    referrer_id: int | None
    joined_at: dt.datetime | None = None


@dataclass(frozen=True)
class ReferralRefused:
    line: int
    field: str
    reason: str


@dataclass
class Imported:
    """What an import did: lines that made a participant, and lines that were known already."""

    created: int = 0
    unchanged: int = 0


def participants_import(
    *, campaign: Campaign, lines: Iterable[Referral], now: dt.datetime, done: Imported
) -> Iterator[ReferralRefused]:
    """Make confirmed participants below their referrers, whatever order the lines come in.

    A referrer who has no line and is no participant becomes a seed. Yields the lines it refuses;
    counts the others in `done`. The lines wait in a temporary table, so memory stays constant; each
    2,000 are a transaction of their own, and the same lines again change nothing. Raises
    CampaignNotRunning for a campaign that was never published. Locks referrers (KEY SHARE).
    """
    if campaign.published_version is None:
        raise CampaignNotRunning("A campaign that was never published has no participants.")
    _run(_CREATE)
    try:
        _stage(lines)
        _run(_JUDGE, campaign.is_test, campaign.pk)
        while retrying(lambda: _seeds(campaign, now)):
            pass
        while retrying(lambda: _next_below(campaign, now)):
            pass
        _run(_LEFT_OVER)
        yield from _refused()
        with connection.cursor() as cursor:
            cursor.execute(
                """SELECT count(*) FILTER (WHERE state = 'done'),
                          count(*) FILTER (WHERE state = 'known') FROM invites_import"""
            )
            done.created, done.unchanged = cursor.fetchone()
    finally:
        if not connection.needs_rollback:
            _run("DROP TABLE IF EXISTS invites_import")


_CREATE = """
DROP TABLE IF EXISTS invites_import;
CREATE TEMPORARY TABLE invites_import (
    line bigint PRIMARY KEY, member_id bigint NOT NULL, referrer_id bigint, joined_at timestamptz,
    state text NOT NULL DEFAULT 'waits', field text NOT NULL DEFAULT '', reason text
);
CREATE INDEX ON invites_import (member_id);
CREATE INDEX ON invites_import (referrer_id) WHERE state = 'waits';
"""

# Each UPDATE refuses for one reason, the first that applies. Whether a participant is the same or
# another is one statement: between two, the same history brought in at this moment could come in.
# Parameters in order: mode, campaign.
_JUDGE = """
UPDATE invites_import i SET state = 'refused', field = 'external_id',
       reason = 'This member and the campaign are not both live or both test.'
FROM members_member m WHERE m.id = i.member_id AND m.is_test <> %s;
UPDATE invites_import SET state = 'refused', field = 'referrer_external_id',
       reason = 'Nobody brings themselves.'
WHERE state = 'waits' AND member_id = referrer_id;
UPDATE invites_import i SET state = 'refused', field = 'external_id',
       reason = 'An earlier line names another referrer for this member.'
WHERE state = 'waits' AND EXISTS (
    SELECT FROM invites_import e WHERE e.member_id = i.member_id AND e.line < i.line
       AND e.state = 'waits' AND e.referrer_id IS DISTINCT FROM i.referrer_id);
UPDATE invites_import i SET state = 'known'
WHERE state = 'waits' AND EXISTS (
    SELECT FROM invites_import e WHERE e.member_id = i.member_id AND e.line < i.line
       AND e.state = 'waits');
UPDATE invites_import i
SET (state, field, reason) = (
    SELECT 'known', '', NULL WHERE r.member_id IS NOT DISTINCT FROM i.referrer_id
    UNION ALL
    SELECT 'refused', 'external_id',
           'This member is a participant already, brought by somebody else or by nobody.'
    WHERE r.member_id IS DISTINCT FROM i.referrer_id)
FROM invites_participant p LEFT JOIN invites_participant r ON r.id = p.referrer_id
WHERE i.state = 'waits' AND p.campaign_id = %s AND p.member_id = i.member_id;
ANALYZE invites_import;
"""

_SEEDS = """
SELECT s.member_id, min(s.joined_at) FROM (
    SELECT member_id, joined_at FROM invites_import WHERE state = 'waits' AND referrer_id IS NULL
    UNION ALL
    SELECT i.referrer_id, NULL FROM invites_import i
    JOIN members_member m ON m.id = i.referrer_id AND m.is_test = %s
    WHERE i.state = 'waits' AND i.referrer_id IS NOT NULL
      AND NOT EXISTS (SELECT FROM invites_import o WHERE o.member_id = i.referrer_id)) s
WHERE NOT EXISTS (SELECT FROM invites_participant p
                  WHERE p.campaign_id = %s AND p.member_id = s.member_id)
GROUP BY 1 LIMIT %s
"""

# KEY SHARE: the referrer cannot move meanwhile.
_BELOW = """
SELECT i.member_id, i.joined_at, r.id, coalesce(r.root_id, r.id), r.generation + 1, r.variant
FROM invites_import i JOIN invites_participant r
  ON r.campaign_id = %s AND r.member_id = i.referrer_id
WHERE i.state = 'waits' LIMIT %s FOR KEY SHARE OF r
"""

_LEFT_OVER = """
UPDATE invites_import i SET state = 'refused', field = 'referrer_external_id', reason =
    CASE WHEN EXISTS (SELECT FROM invites_import o
                      WHERE o.member_id = i.referrer_id AND o.state = 'refused')
         THEN 'The referrer''s own line was refused.'
         WHEN NOT EXISTS (SELECT FROM invites_import o WHERE o.member_id = i.referrer_id)
         THEN 'The referrer and the campaign are not both live or both test.'
         ELSE 'These lines go round in a circle, or hang below one.' END
WHERE state = 'waits'
"""


def _run(sql: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        statements = sql.split(";\n")
        rest = list(values)
        for statement in filter(str.strip, statements):
            count = statement.count("%s")
            cursor.execute(statement, rest[:count])
            rest = rest[count:]


def _stage(lines: Iterable[Referral]) -> None:
    rest = iter(lines)
    while chunk := list(itertools.islice(rest, AT_ONCE)):
        with connection.cursor() as cursor:
            cursor.execute(
                """INSERT INTO invites_import (line, member_id, referrer_id, joined_at)
                   SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[],
                                        %s::timestamptz[])""",
                [
                    [row.line for row in chunk],
                    [row.member_id for row in chunk],
                    [row.referrer_id for row in chunk],
                    [row.joined_at for row in chunk],
                ],
            )


@transaction.atomic
def _seeds(campaign: Campaign, now: dt.datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_SEEDS, [campaign.is_test, campaign.pk, AT_ONCE])
        rows = cursor.fetchall()
    version = campaign.published_version
    variants = variants_of(version) if version else ()
    ids = dict(
        Member.objects.filter(pk__in=[row[0] for row in rows]).values_list("pk", "public_id")
        if variants
        else ()
    )
    undrawn = partners_among(ids)
    return _insert(
        campaign,
        [
            Participant(
                member_id=member_id,
                joined_at=joined_at or now,
                variant=draw_variant(campaign.public_id, ids[member_id], variants)
                if variants and member_id not in undrawn
                else "",
            )
            for member_id, joined_at in rows
        ],
        now,
    )


@transaction.atomic
def _next_below(campaign: Campaign, now: dt.datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_BELOW, [campaign.pk, AT_ONCE])
        rows = cursor.fetchall()
    return _insert(
        campaign,
        [
            Participant(
                member_id=member_id,
                joined_at=joined_at or now,
                referrer_id=referrer,
                root_id=root,
                generation=generation,
                variant=variant,
            )
            for member_id, joined_at, referrer, root, generation, variant in rows
        ],
        now,
    )


def _insert(campaign: Campaign, rows: list[Participant], now: dt.datetime) -> int:
    for row in rows:
        row.campaign = campaign
        row.version = campaign.published_version  # type: ignore[assignment]  # it is published
        row.status = Participant.Status.CONFIRMED
        row.confirmed_at = row.joined_at
        row.circumstances = dict(_THEN)
    # Somebody who joins through another door at this moment stays what that made them.
    Participant.objects.bulk_create(rows, ignore_conflicts=True)
    _run(
        "UPDATE invites_import SET state = 'done' WHERE state = 'waits' AND member_id = ANY(%s)",
        [row.member_id for row in rows],
    )
    return len(rows)


def _refused() -> Iterator[ReferralRefused]:
    after = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                """SELECT line, field, reason FROM invites_import
                   WHERE state = 'refused' AND line > %s ORDER BY line LIMIT %s""",
                [after, AT_ONCE],
            )
            rows = cursor.fetchall()
        yield from (ReferralRefused(*row) for row in rows)
        if len(rows) < AT_ONCE:
            return
        after = rows[-1][0]
