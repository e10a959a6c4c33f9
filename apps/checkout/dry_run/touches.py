"""What is said to have brought the buyer of an order, before anything of it is kept."""

import datetime as dt
from dataclasses import dataclass, field

from apps.core.errors import EngineError
from apps.invites.selectors import Brought, Heard, draw_heard, heard


@dataclass
class Said:
    """What is said to have brought the buyer, as far as it is any good."""

    touches: list[Heard] = field(default_factory=list)
    draws: dict[int, str] = field(default_factory=dict)
    ignored: list[EngineError] = field(default_factory=list)


def said_of(member_id: int, brought: Brought, now: dt.datetime) -> Said:
    said = Said()
    for part in brought.parts():
        try:
            if part.draw_token:
                draw = draw_heard(part.draw_token, member_id)
                said.draws[draw.campaign_id] = draw.variant
            else:
                said.touches += heard(member_id=member_id, brought=part, now=now)
        except EngineError as error:
            said.ignored.append(error)
    return said
