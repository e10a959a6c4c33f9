"""Share links, and the visits they get."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction

from apps.campaigns.models import Campaign
from apps.core.clock import EngineNow, engine_now
from apps.core.errors import Conflict, Invalid
from apps.core.ids import new_code
from apps.core.transactions import in_transaction
from apps.invites.models import Link, Participant, Visit
from apps.invites.rules import (
    OVER,
    Afterwards,
    LinkKind,
    Opening,
    Standing,
    code_problem,
    line_problem,
    skip_reason,
)
from apps.invites.selectors import Brought
from apps.invites.selectors import links as link_selectors
from apps.invites.services.admitting import participant_admit
from apps.invites.services.visits import LinkRevoked, came_lately, visit_record


class CodeTaken(Conflict):
    code = "code_taken"
    message = "Another link has this code."


class LinkRefused(Invalid):
    code = "link_refused"


class ChannelsSpent(Conflict):
    code = "channels_spent"
    message = "There are as many links of your own to this, by channel, as there can be."


# Links of a member's own to one target, besides the one without a channel.
MOST_CHANNELS = 20
_LONGEST = {"reference": 64, "channel": 32, "label": 80}


_CLOSED = {
    Standing.REVOKED: "This link was withdrawn.",
    Standing.ENDED: "The campaign of this link is over.",
    Standing.EXPIRED: "This link has expired.",
    Standing.EXHAUSTED: "This link was opened as often as it may be.",
    Standing.PAUSED: "The campaign of this link takes a break.",
    Standing.EARLY: "The campaign of this link has not started yet.",
    Standing.NOT_YET: "This link does not open yet.",
}


class LinkClosed(Conflict):
    """A link does not open now. `standing` says why, and so does the code: `link_expired` …

    What is over for good is gone (410); what only waits is a conflict with the present (409).
    """

    def __init__(self, standing: Standing, *, pointer: str = "") -> None:
        super().__init__(_CLOSED[standing], pointer=pointer)
        self.standing = standing
        self.code = f"link_{standing.value}"
        self.status = 410 if standing in (*OVER, Standing.ENDED) else 409


@dataclass(frozen=True)
class NewLink:
    """What a link is to be. Without a code it gets a drawn one.

    Whoever names a `room`, by its public id, knows that it is one of the campaign's.
    """

    kind: LinkKind = LinkKind.PARTNER
    room: str = ""
    reference: str = ""
    channel: str = ""
    label: str = ""
    code: str = ""
    starts_at: dt.datetime | None = None
    expires_at: dt.datetime | None = None
    max_opens: int | None = None
    afterwards: Afterwards = Afterwards.PAGE


@in_transaction
def link_get_or_create(
    *, participant: Participant, room: str = "", channel: str = ""
) -> tuple[Link, bool]:
    """The link a participant asks for by themselves: to the campaign, or to `room`; (link, created).

    One per target, and one more for each `channel` they name, which is that of its visits. More of
    them, with terms of their own, are made by `link_create`. Raises LinkRefused for what a channel
    cannot be, ChannelsSpent. Locks the participant where a channel is named.
    """
    wanted: dict[str, Any] = {
        "participant": participant,
        "room": room,
        "channel": channel,
        "is_default": True,
    }
    if channel:
        _demand_channel(participant, room, channel)
    made = Link.objects.bulk_create([Link(**wanted)], ignore_conflicts=True)
    link = Link.objects.select_related("participant__campaign").get(**wanted)
    return link, link.code == made[0].code


def _demand_channel(participant: Participant, room: str, channel: str) -> None:
    if problem := _problem_of("channel", channel):
        raise LinkRefused(problem, pointer="/channel")
    Participant.objects.select_for_update(of=("self",), no_key=True).get(pk=participant.pk)
    named = Link.objects.filter(participant=participant, room=room, is_default=True)
    others = named.exclude(channel__in=("", channel)).count()
    if others >= MOST_CHANNELS and not named.filter(channel=channel).exists():
        raise ChannelsSpent(pointer="/channel")


@in_transaction
def link_create(*, campaign: Campaign, member_id: int, wanted: NewLink, now: dt.datetime) -> Link:
    """Make another link of a member's, with terms of its own, making them a participant.

    Raises LinkRefused for what a link cannot be, naming the field, CodeTaken, and what
    `participant_admit` raises. Locks as that.
    """
    link_check(wanted, now=now)
    admission = participant_admit(
        campaign=campaign, member_id=member_id, brought=Brought(), now=now
    )
    link = Link(
        code=wanted.code or new_code(),
        participant=admission.participant,
        kind=wanted.kind.value,
        room=wanted.room,
        reference=wanted.reference,
        channel=wanted.channel,
        label=wanted.label,
        starts_at=wanted.starts_at,
        expires_at=wanted.expires_at,
        max_opens=wanted.max_opens,
        afterwards=wanted.afterwards.value,
    )
    try:
        with transaction.atomic():
            link.save(force_insert=True)
    except IntegrityError as error:
        raise CodeTaken(pointer="/code") from error
    return link


def link_check(wanted: NewLink, *, now: dt.datetime) -> None:
    """Raises LinkRefused for what a link cannot be, naming the field. Asks no database."""
    if wanted.code and (problem := code_problem(wanted.code)):
        raise LinkRefused(problem, pointer="/code")
    for field in _LONGEST:
        if problem := _problem_of(field, getattr(wanted, field)):
            raise LinkRefused(problem, pointer=f"/{field}")
    if wanted.expires_at is not None and wanted.expires_at <= (wanted.starts_at or now):
        raise LinkRefused("It would be over before it opens.", pointer="/expires_at")
    if wanted.max_opens is not None and not 0 < wanted.max_opens < 2**31:
        raise LinkRefused("A whole number above 0.", pointer="/max_opens")


def _problem_of(field: str, text: str) -> str:
    longest = _LONGEST[field]
    return line_problem(text) or (f"At most {longest} characters." if len(text) > longest else "")


@in_transaction
def link_revoke(*, link_id: int) -> None:
    """Let a link bring nobody any more; its page says so. Again changes nothing.

    Locks the link first, so that its moment comes after every visit that is being kept.
    """
    Link.objects.select_for_update(no_key=True).filter(pk=link_id).first()
    Link.objects.filter(pk=link_id, revoked_at=None).update(revoked_at=EngineNow())


def link_open(*, link: Link, opening: Opening, now: dt.datetime, channel: str = "") -> Visit:
    """Open a link: keep the visit. Raises LinkClosed, and keeps none, where it does not open.

    One statement, no BEGIN. Where the link has `max_opens` its row is locked, its counted visits are
    counted and the next one is kept in one transaction, so it never opens more often; who opens such a
    link takes turns with everybody else who does. Who comes again within the hour takes no second turn.
    """
    channel = channel or link.channel
    try:
        if link.max_opens is None or skip_reason(opening):
            link_demand_open(link=link, now=now)
            return visit_record(link=link, opening=opening, channel=channel)
        return _open_by_turns(link=link, opening=opening, channel=channel)
    except LinkRevoked as error:
        raise LinkClosed(Standing.REVOKED) from error


def _open_by_turns(*, link: Link, opening: Opening, channel: str) -> Visit:
    with transaction.atomic():  # a refusal undoes this and nothing around it
        rows = Link.objects.select_for_update(of=("self",), no_key=True)
        locked = rows.select_related("participant__campaign").get(pk=link.pk)
        try:
            link_demand_open(link=locked, now=engine_now())
        except LinkClosed as closed:
            if closed.standing is not Standing.EXHAUSTED or not came_lately(locked, opening):
                raise
        return visit_record(link=locked, opening=opening, channel=channel)


def link_demand_open(*, link: Link, now: dt.datetime) -> None:
    """Raises LinkClosed where opening the link at `now` shows nothing. Keeps no visit."""
    standing = link_selectors.standing_of(link, now)
    if standing is not Standing.OPENS:
        raise LinkClosed(standing)
