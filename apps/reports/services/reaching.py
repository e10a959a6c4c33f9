"""Counting what links reach, from tables that only grow and record no event for each row.

Ids are not commit order: a row with a lower id may become visible after one with a higher. A stretch
of ids is counted once it is settled. The last id given is noted, then who is writing to the table:
whoever has an id holds the table's lock since before they got it and until they have committed. Once
none of those is left, nobody will ever bring a row up to that id, and those that came are visible.
(Two-phase commits, which are switched off in PostgreSQL unless asked for, would go unseen.)
"""

from collections.abc import Sequence
from dataclasses import dataclass

from apps.core.transactions import in_transaction
from apps.reports.models import SOURCES, Journal
from apps.reports.selectors.rolled import sources_behind
from apps.reports.services import turns
from apps.reports.services.contributions import run

# Ids that one transaction counts at the most, and those of a rebuild's part.
AT_ONCE = 200_000
OF_A_PART = 1_000_000
# Transactions of one run; the rest is due again a second later.
IN_A_ROW = 20


@dataclass(frozen=True)
class Stretch:
    """The ids after `after`, up to `until`, of a source."""

    source: str
    after: int
    until: int


_REACHED = """
WITH new AS MATERIALIZED (
    SELECT l.participant_id, p.campaign_id, date_trunc('day', {at}, k.time_zone) AS day,
           count(*) FILTER (WHERE {counts}) AS counted,
           count(*) FILTER (WHERE NOT ({counts})) AS skipped
    FROM {rows}
    JOIN invites_participant p ON p.id = l.participant_id
    JOIN campaigns_campaign k ON k.id = p.campaign_id
    WHERE s.id > %(after)s AND s.id <= %(until)s {of_campaign}
    GROUP BY 1, 2, 3
), first AS (
    SELECT new.participant_id, new.campaign_id, min(new.day) AS day, o.{owned} AS before
    FROM new LEFT JOIN reports_owner o ON o.participant_id = new.participant_id
    WHERE counted > 0 GROUP BY 1, 2, 4
), earlier AS (
    SELECT * FROM first WHERE before IS NULL OR before > day
), kept AS (
    INSERT INTO reports_owner AS o (participant_id, campaign_id, {owned})
    SELECT participant_id, campaign_id, day FROM earlier
    ON CONFLICT (participant_id) DO UPDATE SET {owned} = excluded.{owned}
), change AS (
    SELECT campaign_id, day, counted, skipped, 0 AS owners FROM new
    UNION ALL SELECT campaign_id, day, 0, 0, 1 FROM earlier
    UNION ALL SELECT campaign_id, before, 0, 0, -1 FROM earlier WHERE before IS NOT NULL
)
INSERT INTO reports_reach AS r (campaign_id, day, {names})
SELECT campaign_id, day, {values} FROM change GROUP BY 1, 2
ON CONFLICT (campaign_id, day) DO UPDATE SET {added}
"""


def _reached(**told: str) -> str:
    """The statement that counts a stretch of a source; without a source's `skipped`, all counts."""
    sums = {told["column"]: "counted", "skipped": "skipped", told["owners"]: "owners"}
    zeros = {"links", "intents", "visits", "skipped", "linkers", "sharers", "opened"} - set(sums)
    names = [*sums, *sorted(zeros)]
    return _REACHED.format(
        **told,
        of_campaign="{of_campaign}",
        names=", ".join(names),
        values=", ".join([f"sum({sums[n]})" if n in sums else "0" for n in names]),
        added=", ".join(f"{name} = r.{name} + excluded.{name}" for name in sums),
    )


# A participant that was brought in without an event, as old history is, is counted from here. Not so
# where rows are still to be built: whoever builds has the journals' turn, and will see them.
_MARKED = """
INSERT INTO reports_mark (campaign_id, participant_id)
SELECT p.campaign_id, p.id FROM invites_participant p
WHERE p.id > %(after)s AND p.id <= %(until)s {of_campaign}
  AND NOT EXISTS (SELECT FROM reports_counted c WHERE c.participant_id = p.id)
  AND EXISTS (SELECT FROM reports_rolled r WHERE r.campaign_id = p.campaign_id)
"""

# The same of grants, whoever made them.
_MARKED_GRANTS = """
INSERT INTO reports_grantmark (campaign_id, grant_id)
SELECT g.campaign_id, g.id FROM rewards_grant g
WHERE g.id > %(after)s AND g.id <= %(until)s
  AND NOT EXISTS (SELECT FROM reports_given c WHERE c.grant_id = g.id)
  AND EXISTS (SELECT FROM reports_rolled r WHERE r.campaign_id = g.campaign_id)
"""

_COUNT = {
    "participants": _MARKED,
    "grants": _MARKED_GRANTS,
    "links": _reached(
        rows="invites_link s JOIN invites_link l ON l.id = s.id",
        at="s.created_at",
        counts="TRUE",
        column="links",
        owned="linked",
        owners="linkers",
    ),
    "shares": _reached(
        rows="invites_share s JOIN invites_link l ON l.id = s.link_id",
        at="s.shared_at",
        counts="TRUE",
        column="intents",
        owned="shared",
        owners="sharers",
    ),
    "visits": _reached(
        rows="invites_visit s JOIN invites_link l ON l.id = s.link_id",
        at="s.opened_at",
        counts="s.skipped = ''",
        column="visits",
        owned="opened",
        owners="opened",
    ),
}

# Both in this order, and each a statement of its own: see above.
_LAST_ID = "SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence(%(table)s, 'id')), 0)"
_WRITERS = """
SELECT DISTINCT virtualtransaction FROM pg_locks
WHERE locktype = 'relation' AND relation = %(table)s::regclass AND mode = 'RowExclusiveLock'
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND pid IS DISTINCT FROM pg_backend_pid()
"""


def journals_fold() -> int:
    """Count what has settled in each source; how many ids that were."""
    total = 0
    for _ in range(IN_A_ROW):
        sources = list(sources_behind())
        done = journals_count(sources=sources) if sources else 0
        total += done
        if done < AT_ONCE:
            break
    return total


@in_transaction
def journals_count(*, sources: Sequence[str]) -> int:
    """Count the next stretch of each source that has settled; how many ids that were.

    None of a source of which somebody may still bring a row up to the id that was noted, and none at
    all if another does it. Takes the journals' turn, without waiting.
    """
    if not turns.journal_take():
        return 0
    return sum(_count_next(Journal.objects.get_or_create(source=name)[0]) for name in sources)


def _count_next(journal: Journal) -> int:
    if journal.noted_id <= journal.settled_id:
        journal.noted_id = _last_id(journal.source)
        journal.writers = _writers(journal.source)
    elif journal.writers:
        journal.writers = sorted(set(journal.writers) & set(_writers(journal.source)))
    before = journal.settled_id
    if not journal.writers:
        journal.settled_id = min(journal.noted_id, before + AT_ONCE)
        stretch_count(Stretch(journal.source, before, journal.settled_id))
    journal.save()
    return journal.settled_id - before


def _last_id(source: str) -> int:
    return int(run(_LAST_ID, {"table": SOURCES[source]})[0][0])


def _writers(source: str) -> list[str]:
    return [writer for (writer,) in run(_WRITERS, {"table": SOURCES[source]})]


def stretches_counted() -> list[Stretch]:
    """All that has been counted of links, in parts. In the journals' turn."""
    settled = Journal.objects.exclude(source__in=("participants", "grants")).values_list(
        "source", "settled_id"
    )
    return [
        Stretch(source, after, min(after + OF_A_PART, last))
        for source, last in settled.order_by("source")
        for after in range(0, last, OF_A_PART)
    ]


def stretch_count(stretch: Stretch, *, campaign_id: int | None = None) -> None:
    """Count a stretch, all of it or what is a campaign's. In the journals' turn."""
    of_campaign = "" if campaign_id is None else "AND p.campaign_id = %(campaign)s"
    given = {"after": stretch.after, "until": stretch.until, "campaign": campaign_id}
    run(_COUNT[stretch.source].format(of_campaign=of_campaign), given)
