"""Why the referrer is who it is: every decision, with all that was weighed, in words."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from apps.invites.models import Override, Participant, Touch, Trace
from apps.invites.rules import SOURCE_WORDS, VERDICT_WORDS, Source, Verdict


@dataclass(frozen=True)
class Weighed:
    """A touch as a decision weighed it: when, how, whose link it was, and why it won or lost."""

    touch: int
    source: Source
    how: str
    touched_at: dt.datetime
    referrer: Participant
    link: str
    channel: str
    verdict: Verdict
    why: str

    @property
    def won(self) -> bool:
        return self.verdict is Verdict.WON


@dataclass(frozen=True)
class Decided:
    """One decision; `override` is the operator's, where it was theirs."""

    decided_at: dt.datetime
    referrer: Participant | None
    override: Override | None
    candidates: tuple[Weighed, ...]


def trace_of(participant: Participant) -> list[Decided]:
    """Every decision about a participant's referrer, oldest first. Four queries, however many."""
    rows = Trace.objects.filter(participant=participant).select_related("override__overridden_by")
    traces = list(rows.order_by("pk"))
    people = Participant.objects.select_related("member__profile").in_bulk(_named(traces))
    weighed = [row["touch"] for trace in traces for row in trace.candidates]
    touches = Touch.objects.select_related("link", "visit").in_bulk(weighed)
    return [
        Decided(
            decided_at=trace.decided_at,
            referrer=people[trace.referrer_id] if trace.referrer_id else None,
            override=getattr(trace, "override", None),
            candidates=tuple(
                _weighed(row, people, touches.get(row["touch"])) for row in trace.candidates
            ),
        )
        for trace in traces
    ]


def _named(traces: Iterable[Trace]) -> set[int]:
    named = {row["referrer"] for trace in traces for row in trace.candidates}
    return named | {trace.referrer_id for trace in traces if trace.referrer_id is not None}


def _weighed(row: dict[str, Any], people: dict[int, Participant], touch: Touch | None) -> Weighed:
    source, verdict = Source(row["source"]), Verdict(row["verdict"])
    return Weighed(
        touch=row["touch"],
        source=source,
        how=SOURCE_WORDS[source],
        touched_at=dt.datetime.fromisoformat(row["touched_at"]),
        referrer=people[row["referrer"]],
        link=touch.link.code if touch else "",
        channel=touch.visit.channel if touch and touch.visit else "",
        verdict=verdict,
        why=VERDICT_WORDS[verdict],
    )


def override_author(override: Override) -> str:
    """Who overrode, by name."""
    operator = override.overridden_by
    return operator.get_username() if operator else f"the server key {override.overridden_with}"
