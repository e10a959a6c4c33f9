"""Reading decisions the way the shop knows people: by public ids."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from apps.members.models import Member
from apps.rewards.models import Decision


@dataclass(frozen=True)
class DecisionView:
    """A decision whose facts, awards and refusals name members by public id."""

    decision: Decision
    facts: dict[str, Any]
    awards: list[dict[str, Any]]
    refusals: list[dict[str, Any]]


def decision_views(decisions: Iterable[Decision]) -> list[DecisionView]:
    """These decisions for the outside; one query for all members they name."""
    rows = list(decisions)
    named = {
        member for row in rows for members in row.facts["people"].values() for member in members
    }
    named |= {entry["member_id"] for row in rows for entry in (*row.awards, *row.refusals)}
    ids = dict(Member.objects.filter(pk__in=named - {None}).values_list("pk", "public_id"))
    return [_view(row, ids) for row in rows]


def _view(decision: Decision, ids: dict[int, str]) -> DecisionView:
    people = decision.facts["people"]
    known = {who: [ids[member] for member in members] for who, members in people.items()}
    return DecisionView(
        decision,
        {**decision.facts, "people": known},
        [_named(award, ids) for award in decision.awards],
        [_named(refusal, ids) for refusal in decision.refusals],
    )


def _named(entry: dict[str, Any], ids: dict[int, str]) -> dict[str, Any]:
    rest = {name: value for name, value in entry.items() if name != "member_id"}
    return {**rest, "member": ids.get(entry["member_id"])}
