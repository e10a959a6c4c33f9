"""Keeping why the referrer is who it is."""

import datetime as dt
from typing import Any

from apps.invites.models import Participant, Trace
from apps.invites.rules import Attribution


def trace_keep(participant: Participant, decided: Attribution, now: dt.datetime) -> Trace:
    """Keep a decision about a participant's referrer: all touches, and what became of each."""
    return Trace.objects.create(
        participant=participant,
        decided_at=now,
        referrer_id=participant.referrer_id,
        candidates=candidates_to_json(decided),
    )


def candidates_to_json(decided: Attribution) -> list[dict[str, Any]]:
    """All touches of a decision with their verdicts, as a trace keeps them."""
    return [
        {
            "touch": judged.candidate.touch,
            "source": judged.candidate.source,
            "referrer": judged.candidate.referrer,
            "touched_at": judged.candidate.touched_at.isoformat(),
            "verdict": judged.verdict,
        }
        for judged in decided.judged
    ]
