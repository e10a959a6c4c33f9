"""Becoming a participant in one look, and in parts of one write.

`participant_admit` asks nine things one after the other, and then writes. Here one look asks them
all, the same rules decide, and what they decided is written by parts of the statement in which a
door does its own act. What is asked seldom is not foreseen: then the door goes step by step, which
has the same effects and says what is wrong.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model
from psycopg.types.json import Jsonb

from apps.campaigns.models import Budget, Campaign
from apps.campaigns.selectors import is_shown
from apps.core import statements
from apps.core.ids import new_id
from apps.core.services import EVENT
from apps.invites import events
from apps.invites.models import Participant
from apps.invites.rules import Attribution, Candidate, Source
from apps.invites.selectors import (
    SUPPOSED,
    Brought,
    attribution_among,
    click_id_of,
    kept_candidates,
)
from apps.invites.services.admitting import candidates_to_json


def _columns(model: type[Model], *names: str) -> tuple[str, ...]:
    """These columns, in the order in which `Model.from_db` expects them."""
    return tuple(field.attname for field in model._meta.concrete_fields if field.attname in names)


_CAMPAIGN = _columns(
    Campaign,
    "id",
    "public_id",
    "is_test",
    "status",
    "starts_at",
    "ends_at",
    "shown_from",
    "stopped_at",
    "currency",
    "qualifying_act",
    "attribution",
    "attribution_window",
    "counts_group_discounts",
    "published_version_id",
)
_BUDGET = _columns(Budget, "id", "amount_minor", "reserved_minor", "spent_minor", "tail_bps")
_LINK = """link.id, link.revoked_at IS NOT NULL, owner.id, owner.member_id, owner.campaign_id,
  theirs.is_test, coalesce(promised.policies @> '[{"trigger": "friend_confirmed"}]', false)"""
_OWNER = """
LEFT JOIN invites_participant owner ON owner.id = link.participant_id
LEFT JOIN campaigns_campaign theirs ON theirs.id = owner.campaign_id
LEFT JOIN campaigns_version promised ON promised.id = owner.version_id"""
_BY_CODE = (
    f"{_LINK}, NULL, NULL, '', '', false",
    f"LEFT JOIN invites_link link ON link.code = %(code)s {_OWNER}",
)
_BY_VISIT = (
    f"""{_LINK}, visit.id, visit.opened_at, visit.skipped, visit.channel, EXISTS (
      SELECT FROM invites_touch kept WHERE kept.member_id = member.id AND kept.visit_id = visit.id)""",
    f"""LEFT JOIN invites_visit visit ON visit.click_id = %(click_id)s
LEFT JOIN invites_link link ON link.id = visit.link_id {_OWNER}""",
)
_BY_NOTHING = ("NULL, false, NULL, NULL, NULL, NULL, false, NULL, NULL, '', '', false", "")
_LOOK_FOR = """
SELECT {campaign}, {budget},
  version.variants <> '[]',
  member.public_id, member.is_test,
  member.first_order_at IS NOT NULL
    OR EXISTS (SELECT FROM orders_order WHERE orders_order.member_id = member.id),
  (SELECT tier.code FROM tiers_membership held JOIN tiers_tier tier ON tier.id = held.tier_id
   WHERE held.member_id = member.id),
  ARRAY(SELECT audience.public_id FROM campaigns_audiencemember one
        JOIN campaigns_audience audience ON audience.id = one.audience_id
        WHERE one.member_id = member.id),
  EXISTS (SELECT FROM invites_touch kept
          WHERE kept.campaign_id = campaign.id AND kept.member_id = member.id),
  mine.id, mine.status, mine.referrer_id, mine.variant, mine.crossed,
  {told}
FROM campaigns_campaign campaign
JOIN campaigns_version version ON version.id = campaign.published_version_id
JOIN members_member member ON member.id = %(member_id)s::bigint
LEFT JOIN campaigns_budget budget ON budget.campaign_id = campaign.id
LEFT JOIN invites_participant mine
  ON mine.campaign_id = campaign.id AND mine.member_id = member.id
{joins}
WHERE campaign.id = %(campaign_id)s::bigint
"""


_LOOK = {
    source: _LOOK_FOR.format(
        campaign=", ".join(f"campaign.{name}" for name in _CAMPAIGN),
        budget=", ".join(f"budget.{name}" for name in _BUDGET),
        told=told,
        joins=joins,
    )
    for source, (told, joins) in {
        None: _BY_NOTHING,
        Source.VISIT: _BY_VISIT,
        Source.CODE: _BY_CODE,
    }.items()
}


class _Person(NamedTuple):
    """Who asks: as they stand in the shop, and in the campaign if they are in it."""

    has_variants: bool
    public_id: str
    is_test: bool
    bought_before: bool
    tier: str | None
    audiences: list[str]
    has_touches: bool
    participant: int | None
    status: str | None
    referrer: int | None
    variant: str | None
    crossed: bool | None


class _Told(NamedTuple):
    """The link somebody says brought them, and the visit by which it did; empty when nothing did."""

    link: int | None
    revoked: bool
    owner: int
    owner_member: int
    campaign: int
    is_test: bool
    counts_friends: bool
    visit: int | None
    opened_at: dt.datetime | None
    skipped: str
    channel: str
    kept: bool


class _Seen(NamedTuple):
    """Everything that one look found."""

    campaign: Campaign
    budget: Budget | None
    person: _Person
    source: Source | None
    told: _Told


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
    seen = _look(campaign_id, member_id, brought)
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


def _look(campaign_id: int, member_id: int, brought: Brought) -> _Seen | None:
    asked: dict[str, Any] = {"campaign_id": campaign_id, "member_id": member_id}
    source: Source | None
    if brought == Brought():
        source = None
    elif brought == Brought(visit_token=brought.visit_token):
        source, asked["click_id"] = Source.VISIT, click_id_of(brought.visit_token)
    elif brought == Brought(code=brought.code):
        source, asked["code"] = Source.CODE, brought.code
    else:
        return None
    rows = statements.run(_LOOK[source], asked)
    if not rows:
        return None
    row = rows[0]
    campaign, row = row[: len(_CAMPAIGN)], row[len(_CAMPAIGN) :]
    budget, row = row[: len(_BUDGET)], row[len(_BUDGET) :]
    person, told = row[: len(_Person._fields)], row[len(_Person._fields) :]
    return _Seen(
        Campaign.from_db(DEFAULT_DB_ALIAS, _CAMPAIGN, campaign),
        Budget.from_db(DEFAULT_DB_ALIAS, _BUDGET, budget) if budget[0] is not None else None,
        _Person(*person),
        source,
        _Told(*told),
    )


def _is_usual(seen: _Seen, member_id: int, now: dt.datetime) -> bool:
    """Whether the member may come in, and what they told is of use here."""
    campaign, budget, person, source, told = seen
    if source is not None and (told.link is None or told.is_test != person.is_test):
        return False
    if source is Source.CODE and (told.owner_member == member_id or told.campaign != campaign.pk):
        return False
    if person.participant is not None:
        return not person.variant or bool(person.crossed)
    is_full = budget is not None and not budget.admits_newcomers
    return is_shown(campaign, now) and not is_full and not person.has_variants


def _heard(seen: _Seen, now: dt.datetime) -> Candidate | None:
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
        counted=not told.skipped,
        revoked=told.revoked,
        channel=told.channel,
    )


def _touched_at(told: _Told, now: dt.datetime) -> dt.datetime:
    # The database's clock may be ahead of ours: nobody was brought later than now.
    return now if told.opened_at is None else min(told.opened_at, now)


def _decide(
    seen: _Seen, heard: Candidate | None, member_id: int, now: dt.datetime
) -> Attribution | None:
    """Who brought the member; None where that is settled."""
    if seen.person.status == Participant.Status.CONFIRMED:
        return None
    kept = kept_candidates(seen.campaign, member_id) if seen.person.has_touches else []
    candidates = kept if heard is None else [*kept, heard]
    return attribution_among(candidates, seen.campaign, member_id, now)


def _would_move(person: _Person, decided: Attribution) -> bool:
    if person.participant is None or decided.winner is None:
        return False
    return decided.winner.referrer != person.referrer


def _inviter(seen: _Seen, member_id: int) -> int | None:
    """Whose link it was, by the rule of `selectors.inviter_by`."""
    told = seen.told
    theirs = told.campaign == seen.campaign.pk and told.owner_member != member_id
    return told.owner if theirs and not told.revoked and not told.skipped else None


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
    (public_id, campaign_id, member_id, referrer_id, root_id, generation, variant, crossed,
     version_id, circumstances, status, joined_at, confirmed_at)
  SELECT %(participant)s, %(campaign_id)s::bigint, %(member_id)s::bigint, {place}, false,
         %(version)s::bigint, %(circumstances)s::jsonb, %(status)s, %(now)s,
         %(confirmed_at)s::timestamptz
  FROM {source}
  RETURNING id, generation, variant
)"""
_PARTICIPANT_BELOW = _PARTICIPANT.format(
    place="below.id, below.root_id, below.generation, below.variant", source="below"
)
_PARTICIPANT_SEED = _PARTICIPANT.format(place="NULL, NULL, 0, ''", source="place")
_TRACE = """trace AS (
  INSERT INTO invites_trace (participant_id, decided_at, referrer_id, candidates)
  SELECT id, %(now)s, %(referrer)s::bigint, {candidates} FROM participant
)"""
_TRACE_KEPT = _TRACE.format(candidates="%(candidates)s::jsonb")
# Without the touch, which another door may just have kept, this is null and undoes the statement.
_TRACE_HEARD = _TRACE.format(
    candidates="""jsonb_set(
    %(candidates)s::jsonb, %(heard_at)s::text[], (SELECT to_jsonb(id) FROM touch))"""
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


def _touch(seen: _Seen, member_id: int, now: dt.datetime) -> tuple[tuple[str, ...], dict[str, Any]]:
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
    public_id: str, seen: _Seen, decided: Attribution, confirms: bool, now: dt.datetime
) -> tuple[tuple[str, ...], dict[str, Any]]:
    winner = decided.winner
    heard_at = [
        str(index)
        for index, judged in enumerate(decided.judged)
        if judged.candidate.touch == SUPPOSED
    ]
    parts = [_BELOW, _PARTICIPANT_BELOW] if winner else [_PARTICIPANT_SEED]
    if decided.judged:
        parts.append(_TRACE_HEARD if heard_at else _TRACE_KEPT)
    parts += [_JOINED, _CONFIRMED] if confirms else [_JOINED]
    status = Participant.Status.CONFIRMED if confirms else Participant.Status.PROVISIONAL
    return tuple(parts), {
        "participant": public_id,
        "referrer": winner.referrer if winner else None,
        "version": seen.campaign.published_version_id,
        "circumstances": Jsonb(_circumstances(seen.person, winner.channel if winner else "")),
        "status": status.value,
        "confirmed_at": now if confirms else None,
        "candidates": Jsonb(candidates_to_json(decided)),
        "heard_at": [*heard_at, "touch"],
        "told": Jsonb({"participant": public_id, "campaign": seen.campaign.public_id}),
    }


def _circumstances(person: _Person, channel: str) -> dict[str, Any]:
    """What `selectors.circumstances` says, of what was seen."""
    return {
        "tier": person.tier or "",
        "audiences": sorted(person.audiences),
        "channel": channel,
        "is_new": not person.bought_before,
    }
