"""What is said to have brought the buyer of an order, before anything of it is kept."""

import datetime as dt
from dataclasses import dataclass, field

from apps.core.errors import EngineError
from apps.invites.models import Link, Visit
from apps.invites.rules import Candidate, Source
from apps.invites.selectors import (
    Brought,
    LinkUnknown,
    VisitTokenInvalid,
    brought_links,
    draw_by_token,
)
from apps.invites.services.touches import OwnCode

# A touch that is only supposed comes after all that are kept.
_SUPPOSED = 2**63


@dataclass
class Said:
    """What is said to have brought the buyer, as far as it is any good."""

    touches: list[tuple[int, Candidate]] = field(default_factory=list)
    draws: dict[int, str] = field(default_factory=dict)
    ignored: list[EngineError] = field(default_factory=list)


def said_of(member_id: int, brought: Brought, now: dt.datetime, *, is_test: bool) -> Said:
    said = Said()
    for part in brought.parts():
        try:
            if part.draw_token:
                draw = draw_by_token(part.draw_token)
                said.draws[draw.campaign_id] = draw.variant
            else:
                visit, link = brought_links(part)
                _hear(said, member_id, visit, link, now, is_test=is_test)
        except EngineError as error:
            said.ignored.append(error)
    return said


def _hear(
    said: Said,
    member_id: int,
    visit: Visit | None,
    link: Link | None,
    now: dt.datetime,
    *,
    is_test: bool,
) -> None:
    if visit is not None:
        if visit.link.participant.campaign.is_test != is_test:
            raise VisitTokenInvalid(pointer="/visit_token")
        at = min(visit.opened_at, now)
        said.touches.append(_supposed(visit.link, Source.VISIT, at, visit))
    if link is not None:
        if link.participant.campaign.is_test != is_test:
            raise LinkUnknown(pointer="/code")
        if link.participant.member_id == member_id:
            raise OwnCode(pointer="/code")
        said.touches.append(_supposed(link, Source.CODE, now, None))


def _supposed(
    link: Link, source: Source, at: dt.datetime, visit: Visit | None
) -> tuple[int, Candidate]:
    return link.participant.campaign_id, candidate_of(_SUPPOSED, link, source, at, visit)


def candidate_of(
    touch: int, link: Link, source: Source, at: dt.datetime, visit: Visit | None
) -> Candidate:
    return Candidate(
        touch=touch,
        source=source,
        referrer=link.participant_id,
        referrer_member=link.participant.member_id,
        touched_at=at,
        counted=visit is None or not visit.skipped,
        revoked=link.revoked_at is not None,
        channel=visit.channel if visit else "",
    )
