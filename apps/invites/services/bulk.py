"""Many links at once, from a file: all of them, or none."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import transaction

from apps.campaigns.models import Campaign
from apps.core.errors import EngineError
from apps.invites.models import Link
from apps.invites.rules.bulk import (
    CellUnreadable,
    LinkLine,
    afterwards_in,
    check_cells,
    kind_in,
    moment_in,
    opens_in,
)
from apps.invites.services.links import NewLink, link_check, link_create
from apps.members.models import Member
from apps.members.selectors import member_by_external_id


@dataclass(frozen=True)
class RefusedLine:
    """A line no link can be made of: its number, the column to blame, and why."""

    line: int
    column: str
    reason: str


@dataclass
class Made:
    """What a file did, or would do: the links it made, those that are there already, what it broke on."""

    links: list[Link] = field(default_factory=list)
    unchanged: int = 0
    refused: list[RefusedLine] = field(default_factory=list)


def links_create(
    *, campaign: Campaign, lines: Iterable[LinkLine], now: dt.datetime, dry_run: bool = False
) -> Made:
    """Make a link of every line, in one transaction: one line refused, and none is made.

    Every line is looked at, so all that is wrong is told at once. A line that says what a living link
    says already (owner, kind, reference, channel, label and, if given, code) makes no second one, so
    the same file may be brought again. Raises FileUnreadable out of `lines`. Locks as `link_create`.
    """
    made = Made()
    with transaction.atomic():
        for line in lines:
            _one(line, campaign, now, made)
        if made.refused or dry_run:
            transaction.set_rollback(True)
    if made.refused:
        made.links = []
    return made


def _one(line: LinkLine, campaign: Campaign, now: dt.datetime, made: Made) -> None:
    try:
        wanted = _wanted(line)
        link_check(wanted, now=now)
        owner = member_by_external_id(
            line.cells["external_id"], is_test=campaign.is_test, pointer="/external_id"
        )
        if _is_there(wanted, campaign, owner):
            made.unchanged += 1
            return
        with transaction.atomic():  # what is refused undoes itself alone, so the rest is seen
            made.links.append(
                link_create(campaign=campaign, member_id=owner.pk, wanted=wanted, now=now)
            )
    except CellUnreadable as error:
        made.refused.append(RefusedLine(line.number, error.field, error.reason))
    except EngineError as error:
        column = error.pointer.strip("/")
        made.refused.append(RefusedLine(line.number, column, str(error)))


def _wanted(line: LinkLine) -> NewLink:
    check_cells(line)
    cells = line.cells
    return NewLink(
        kind=kind_in(line),
        reference=cells["reference"],
        channel=cells["channel"],
        label=cells["label"],
        code=cells["code"].lower(),
        starts_at=moment_in(line, "starts_at"),
        expires_at=moment_in(line, "expires_at"),
        max_opens=opens_in(line),
        afterwards=afterwards_in(line),
    )


def _is_there(wanted: NewLink, campaign: Campaign, owner: Member) -> bool:
    same = Link.objects.filter(
        participant__campaign=campaign,
        participant__member=owner,
        is_default=False,
        revoked_at=None,
        kind=wanted.kind.value,
        reference=wanted.reference,
        channel=wanted.channel,
        label=wanted.label,
    )
    return (same.filter(code=wanted.code) if wanted.code else same).exists()
