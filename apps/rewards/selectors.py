"""Reading decisions the way the shop knows people: by public ids."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from apps.campaigns.rules import Beneficiary
from apps.invites.models import Participant
from apps.members.models import Identity, Member
from apps.members.selectors import MemberUnknown
from apps.rewards.models import Decision, Goodwill, Grant
from apps.rewards.subjects import subjects_of

# Whom a reward goes to because of who brought somebody.
ABOVE = (Beneficiary.REFERRER, Beneficiary.SECOND_REFERRER)


@dataclass(frozen=True)
class PromisedAbove:
    """What hangs on who brought somebody: grants not paid yet, and whether one was."""

    count: int
    is_paid: bool


def promised_above(participant: Participant) -> PromisedAbove:
    """What those above a participant were promised because of them."""
    found = Grant.objects.filter(
        campaign=participant.campaign,
        subject__in=subjects_of(participant),
        beneficiary__in=ABOVE,
    ).aggregate(
        count=Count("pk", filter=Q(status=Grant.Status.PENDING)),
        paid=Count("pk", filter=Q(settled_at__isnull=False)),
    )
    return PromisedAbove(found["count"], found["paid"] > 0)


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


def members_named(text: str, *, is_test: bool) -> QuerySet[Member]:
    """Whom the shop means by `text`: their external id, or the engine's public id."""
    known_as = Identity.objects.filter(
        kind=Identity.Kind.EXTERNAL_ID, namespace="", value=text, is_test=is_test
    )
    asked = Q(public_id=text) | Q(pk__in=known_as.values("member_id"))
    return Member.objects.filter(asked, is_test=is_test)


def members_by_external_ids(external_ids: Sequence[str], *, is_test: bool) -> list[int]:
    """The members' primary keys, in this order; one query.

    Raises MemberUnknown, which points to the first one that is not known and names up to five.
    """
    known = dict(
        Identity.objects.filter(
            kind=Identity.Kind.EXTERNAL_ID,
            namespace="",
            value__in=external_ids,
            is_test=is_test,
        ).values_list("value", "member_id")
    )
    unknown = [index for index, name in enumerate(external_ids) if name not in known]
    if unknown:
        named = ", ".join(f"“{external_ids[index]}”" for index in unknown[:5])
        more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
        raise MemberUnknown(
            f"There is no member with the external_id {named}{more}.",
            pointer=f"/members/{unknown[0]}",
        )
    return [known[name] for name in external_ids]


def grants(*, is_test: bool) -> QuerySet[Grant]:
    """The grants of a mode, with what their answers name."""
    rows = Grant.objects.filter(campaign__is_test=is_test)
    return rows.select_related("campaign", "member", "goodwill")


def goodwills(*, is_test: bool | None = None) -> QuerySet[Any]:
    """Goodwill proposals (None: of both modes), each with how many grants were `made`."""
    rows = Goodwill.objects.select_related("campaign", "proposed_by", "decided_by")
    if is_test is not None:
        rows = rows.filter(campaign__is_test=is_test)
    return rows.annotate(made=Count("grants"))


def goodwill_refused(goodwill: Goodwill) -> list[dict[str, Any]]:
    """The members of a proposal who were refused, by public id, each with the reason's code."""
    named = Member.objects.filter(pk__in=[int(member) for member in goodwill.refusals])
    ids = {str(pk): public_id for pk, public_id in named.values_list("pk", "public_id")}
    return [
        {"member": ids[member], "reason": reason} for member, reason in goodwill.refusals.items()
    ]
