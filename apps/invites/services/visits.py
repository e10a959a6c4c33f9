"""Visits: who opened which link, kept many at a time in one statement."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from apps.core import statements
from apps.core.clock import engine_now
from apps.core.errors import Conflict
from apps.core.ids import new_id
from apps.invites.models import Link, Visit
from apps.invites.rules import Opening, skip_reason


class LinkRevoked(Conflict):
    code = "link_revoked"
    status = 410
    message = "This link has been withdrawn."


class Opened(NamedTuple):
    """A visit to be kept: the columns of its row."""

    click_id: str
    link_id: int
    channel: str
    device: str
    visitor: str
    skipped: str


# The links are locked before the visits get their time, so none is opened after it was revoked: a
# revocation waits for us, or we find it. The look for an earlier visit must be a subquery with a
# limit: EXISTS might be planned as a hash of the whole table.
_KEEP = """
WITH open_link AS MATERIALIZED (
  SELECT id FROM invites_link
  WHERE id = ANY (%(link_ids)s::bigint[]) AND revoked_at IS NULL
  ORDER BY id FOR SHARE {wait}
)
INSERT INTO invites_visit (click_id, link_id, channel, device, visitor, skipped)
SELECT o.click_id, o.link_id, o.channel, o.device, o.visitor,
       CASE WHEN o.skipped = '' AND o.visitor <> '' AND (
         SELECT TRUE FROM invites_visit before
         WHERE before.link_id = o.link_id AND before.visitor = o.visitor
           AND before.skipped = '' AND before.visitor <> ''
           AND before.opened_at > engine_now() - interval '1 hour'
         LIMIT 1) THEN 'repeat' ELSE o.skipped END
FROM unnest(%(click_ids)s::text[], %(link_ids)s::bigint[], %(channels)s::text[],
            %(devices)s::text[], %(visitors)s::text[], %(skips)s::text[])
     AS o (click_id, link_id, channel, device, visitor, skipped)
JOIN open_link ON open_link.id = o.link_id
ON CONFLICT DO NOTHING
RETURNING click_id, id, skipped
"""
_KEEP_WAITING = _KEEP.format(wait="")
_KEEP_AT_ONCE = _KEEP.format(wait="SKIP LOCKED")


class Kept(NamedTuple):
    """A visit that is kept: its primary key, and why it counts nowhere, if so."""

    pk: int
    skipped: str


def visits_keep(*, visits: Sequence[Opened], waits: bool = True) -> dict[str, Kept]:
    """Keep that links were opened, in one statement; what was kept, by click id.

    A visit by the same visitor within the hour becomes a repeat. Not kept is what opens a revoked
    link, and what came at the same time as another of the same visitor: that one can be tried again.
    Locks the links FOR SHARE by id; without `waits` it keeps nothing of links somebody else has locked.
    """
    seen: set[tuple[int, str]] = set()
    judged = []
    for visit in visits:
        person = (visit.link_id, visit.visitor)
        again = person in seen and visit.visitor and not visit.skipped
        judged.append("repeat" if again else visit.skipped)
        if not visit.skipped:
            seen.add(person)
    click_ids, link_ids, channels, devices, visitors, _ = zip(*visits, strict=True)
    columns = {
        "click_ids": click_ids,
        "link_ids": map(str, link_ids),
        "channels": channels,
        "devices": devices,
        "visitors": visitors,
        "skips": judged,
    }
    rows = statements.run(
        _KEEP_WAITING if waits else _KEEP_AT_ONCE,
        {name: _array(values) for name, values in columns.items()},
    )
    return {click_id: Kept(pk, skipped) for click_id, pk, skipped in rows}


def _array(values: Iterable[str]) -> str:
    """Values as PostgreSQL writes an array. The driver's own way takes as long as the statement."""
    quoted = [value.replace("\\", "\\\\").replace('"', '\\"') for value in values]
    return '{"' + '","'.join(quoted) + '"}'


def came_lately(link: Link, opening: Opening) -> bool:
    """Whether the same visitor's counted visit is within the hour, so that this one is a repeat."""
    if not opening.visitor:
        return False
    lately = engine_now() - dt.timedelta(hours=1)
    counted = Visit.objects.filter(link=link, visitor=opening.visitor, skipped="")
    return counted.filter(opened_at__gt=lately).exists()


def visit_record(*, link: Link, opening: Opening, channel: str = "") -> Visit:
    """Keep that a link was opened, marked when it was no person or a repeat. One statement, no BEGIN.

    Raises LinkRevoked. Locks the link FOR SHARE.
    """
    opened = Opened(
        new_id("vis"), link.pk, channel, opening.device, opening.visitor, skip_reason(opening)
    )
    for _ in range(2):  # the second sees whoever came at the same time as the first
        if kept := visits_keep(visits=[opened]).get(opened.click_id):
            return Visit(
                pk=kept.pk,
                click_id=opened.click_id,
                link=link,
                channel=channel,
                device=opened.device,
                visitor=opened.visitor,
                skipped=kept.skipped,
            )
    raise LinkRevoked()
