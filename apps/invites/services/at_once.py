"""Becoming a participant in one look, and in parts of one write.

`participant_admit` asks nine things one after the other, and then writes. Here one look asks them
all, the same rules decide, and what they decided is written by parts of the statement in which a
door does its own act. What is asked seldom is not foreseen: then the door goes step by step, which
has the same effects and says what is wrong.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from apps.campaigns.models import Campaign
from apps.core.ids import new_id
from apps.core.services import EVENT
from apps.invites import events
from apps.invites.models import Participant
from apps.invites.rules import BINDING, Attribution, Candidate, Source
from apps.invites.selectors import (
    SUPPOSED,
    Brought,
    attribution_among,
    kept_candidates,
)
from apps.invites.services.admitting import newcomers_refused
from apps.invites.services.looking import Person, Seen, Told, look
from apps.invites.services.traces import candidates_to_json


@dataclass(frozen=True)
class Foreseen:
    """What `participant_admit` would do for a member, as parts of a statement with parameters.

    The parts read from `place`, which has a row when the door's own act is to be. Where somebody new
    comes in, with the public id `comes`, one of them is called `participant`. `inviter` owns the link
    they came by.
    """

    campaign: Campaign
    member: str
    bought_before: bool
    comes: str
    brought: bool
    inviter: int | None
    parts: tuple[str, ...]
    parameters: dict[str, Any]


def admission_foresee(
    *, campaign_id: int, member_id: int, brought: Brought, now: dt.datetime, joins: bool = False
) -> Foreseen | None:
    """What would come of a member at a door of a campaign; None where it must go step by step.

    `joins`: the door is the one to join by, which confirms where that is the qualifying act. Reads
    and locks nothing: what changes until the write is looked at again there, or undoes it with an
    IntegrityError. Not foreseen: whoever may not come in, a referrer who would change or counts
    their friends, variants, and more than one thing told.
    """
    seen = look(campaign_id, member_id, brought, now)
    if seen is None or not _is_usual(seen, member_id, now):
        return None
    heard = _heard(seen, now)
    decided = _decide(seen, heard, member_id, now)
    if decided is not None and _would_move(seen.person, decided):
        return None
    confirms = joins and seen.campaign.qualifying_act == Campaign.QualifyingAct.JOIN
    if confirms and (seen.told.counts_friends or seen.person.has_touches):
        return None
    parts, parameters = _touch(seen, member_id, now)
    comes = ""
    if decided is not None and seen.person.participant is None:
        comes = new_id("par")
        more, besides = _newcomer(comes, seen, decided, confirms, now)
        parts, parameters = (*parts, *more), parameters | besides
    return Foreseen(
        campaign=seen.campaign,
        member=seen.person.public_id,
        bought_before=seen.person.bought_before,
        comes=comes,
        brought=decided is not None and decided.winner is not None,
        inviter=_inviter(seen, member_id),
        parts=parts,
        parameters=parameters,
    )


def _is_usual(seen: Seen, member_id: int, now: dt.datetime) -> bool:
    """Whether the member may come in, and what they told is of use here."""
    campaign, budget, person, source, told = seen
    if source is not None and (told.link is None or told.is_test != person.is_test):
        return False
    if source is Source.CODE and (told.owner_member == member_id or told.campaign != campaign.pk):
        return False
    if source is Source.CODE and not told.in_time:
        return False
    if told.kept_as not in (None, Source.VISIT) or _may_be_brought_by_coupons(person):
        return False
    if person.participant is not None:
        return not person.variant or bool(person.crossed)
    return newcomers_refused(campaign, budget, now) is None and not person.has_variants


def _may_be_brought_by_coupons(person: Person) -> bool:
    return person.has_coupons and person.status != Participant.Status.CONFIRMED


def _heard(seen: Seen, now: dt.datetime) -> Candidate | None:
    """What was told, as a touch that is not kept yet; None when it is, or is of another campaign."""
    campaign, _, _, source, told = seen
    if source is None or told.kept or told.campaign != campaign.pk:
        return None
    return Candidate(
        touch=SUPPOSED,
        source=source,
        referrer=told.owner,
        referrer_member=told.owner_member,
        touched_at=_touched_at(told, now),
        counted=told.skipped in BINDING,
        revoked=told.revoked,
        channel=told.channel,
        link=told.link or 0,
    )


def _touched_at(told: Told, now: dt.datetime) -> dt.datetime:
    # The database's clock may be ahead of ours: nobody was brought later than now.
    return now if told.opened_at is None else min(told.opened_at, now)


def _decide(
    seen: Seen, heard: Candidate | None, member_id: int, now: dt.datetime
) -> Attribution | None:
    """Who brought the member; None where that is settled."""
    if seen.person.status == Participant.Status.CONFIRMED:
        return None
    kept = kept_candidates(seen.campaign, member_id) if seen.person.has_touches else []
    candidates = kept if heard is None else [*kept, heard]
    return attribution_among(candidates, seen.campaign, member_id, now)


def _would_move(person: Person, decided: Attribution) -> bool:
    if person.participant is None or decided.winner is None:
        return False
    return decided.winner.referrer != person.referrer


def _inviter(seen: Seen, member_id: int) -> int | None:
    """Whose link it was, by the rule of `selectors.inviter_by`."""
    told = seen.told
    theirs = told.campaign == seen.campaign.pk and told.owner_member != member_id
    counts = not told.revoked and told.skipped in BINDING
    return told.owner if theirs and counts else None


_TOUCH = """touch AS (
  INSERT INTO invites_touch (campaign_id, member_id, source, link_id, visit_id, touched_at)
  SELECT %(touch_campaign)s::bigint, %(member_id)s::bigint, %(touch_source)s, %(touch_link)s::bigint,
         %(touch_visit)s::bigint, %(touched_at)s
  FROM place
  ON CONFLICT DO NOTHING RETURNING id
)"""
# KEY SHARE: the referrer cannot move meanwhile. What is read is as new as the lock.
_BELOW = """below AS MATERIALIZED (
  SELECT referrer.id, coalesce(root_id, referrer.id) AS root_id, generation + 1 AS generation, variant
  FROM place, invites_participant referrer
  WHERE referrer.id = %(referrer)s::bigint FOR KEY SHARE OF referrer
)"""
_PARTICIPANT = """participant AS (
  INSERT INTO invites_participant
    (public_id, campaign_id, member_id, referrer_id, root_id, generation, variant, link_id, crossed,
     version_id, circumstances, status, joined_at, confirmed_at)
  SELECT %(participant)s, %(campaign_id)s::bigint, %(member_id)s::bigint, {place}, false,
         %(version)s::bigint, %(circumstances)s::jsonb, %(status)s, %(now)s,
         %(confirmed_at)s::timestamptz
  FROM {source}
  RETURNING id, generation, variant
)"""
_PARTICIPANT_BELOW = _PARTICIPANT.format(
    place="below.id, below.root_id, below.generation, below.variant, %(by_link)s::bigint",
    source="below",
)
_PARTICIPANT_SEED = _PARTICIPANT.format(place="NULL, NULL, 0, '', NULL", source="place")
_TRACE = """trace AS (
  INSERT INTO invites_trace (participant_id, decided_at, referrer_id, candidates)
  SELECT id, %(now)s, %(referrer)s::bigint, {candidates} FROM participant
)"""
_TRACE_KEPT = _TRACE.format(candidates="%(candidates)s::jsonb")
# Without the touch, which another door may just have kept, this is null and undoes the statement.
_TRACE_HEARD = _TRACE.format(
    candidates="""jsonb_set(
    %(candidates)s::jsonb, ARRAY[%(heard_at)s::text, 'touch'], (SELECT to_jsonb(id) FROM touch))"""
)


def _told_of(name: str, kind: str) -> str:
    return EVENT.format(
        name=name,
        kind=kind,
        key=f"'{kind}:' || %(participant)s",
        payload="%(told)s::jsonb",
        at="%(now)s",
        source="participant",
    )


_JOINED = _told_of("joined", events.JOINED)
_CONFIRMED = _told_of("confirmed", events.CONFIRMED)


def _touch(seen: Seen, member_id: int, now: dt.datetime) -> tuple[tuple[str, ...], dict[str, Any]]:
    campaign, _, _, source, told = seen
    always = {
        "campaign_id": campaign.pk,
        "member_id": member_id,
        "is_test": campaign.is_test,
        "now": now,
    }
    if source is None or told.kept:
        return (), always
    return (_TOUCH,), always | {
        "touch_campaign": told.campaign,
        "touch_source": source,
        "touch_link": told.link,
        "touch_visit": told.visit,
        "touched_at": _touched_at(told, now),
    }


def _newcomer(
    public_id: str, seen: Seen, decided: Attribution, confirms: bool, now: dt.datetime
) -> tuple[tuple[str, ...], dict[str, Any]]:
    winner = decided.winner
    touches = [judged.candidate.touch for judged in decided.judged]
    is_heard = SUPPOSED in touches
    parts = [_BELOW, _PARTICIPANT_BELOW] if winner else [_PARTICIPANT_SEED]
    if decided.judged:
        parts.append(_TRACE_HEARD if is_heard else _TRACE_KEPT)
    parts += [_JOINED, _CONFIRMED] if confirms else [_JOINED]
    status = Participant.Status.CONFIRMED if confirms else Participant.Status.PROVISIONAL
    return tuple(parts), {
        "participant": public_id,
        "referrer": winner.referrer if winner else None,
        "by_link": winner.link if winner else None,
        "version": seen.campaign.published_version_id,
        "circumstances": Jsonb(_circumstances(seen.person, winner.channel if winner else "")),
        "status": status.value,
        "confirmed_at": now if confirms else None,
        "candidates": Jsonb(candidates_to_json(decided)),
        "heard_at": str(touches.index(SUPPOSED)) if is_heard else None,
        "told": Jsonb({"participant": public_id, "campaign": seen.campaign.public_id}),
    }


def _circumstances(person: Person, channel: str) -> dict[str, Any]:
    """What `selectors.circumstances` says, of what was seen."""
    return {
        "tier": person.tier or "",
        "audiences": sorted(person.audiences),
        "channel": channel,
        "is_new": not person.bought_before,
    }
