"""Caps and a budget in numbers, and granting within them: what `services.granting` does to rows."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from apps.campaigns.rules import Award, AwardKind, PolicyTerms, Reason, award_cost_minor


@dataclass(frozen=True)
class Moment:
    """What caps ask about a fact: its day in the campaign's time zone, and its order's primary key."""

    day: str
    order: int | None = None


@dataclass(frozen=True)
class Cap:
    """One cap of a policy for one award: the counter's scope, and how far it may count."""

    scope: str
    limit: int


def caps_of(policy: PolicyTerms, member_id: int, moment: Moment) -> tuple[Cap, ...]:
    """The caps that an award to a member counts in."""
    per_order = policy.cap_per_order if moment.order is not None else None
    scopes = (
        (f"member:{member_id}", policy.cap_per_member),
        (f"day:{moment.day}:{member_id}", policy.cap_per_day),
        (f"order:{moment.order}", per_order),
        ("campaign", policy.cap_per_campaign),
    )
    return tuple(Cap(scope, limit) for scope, limit in scopes if limit is not None)


@dataclass(frozen=True)
class Costs:
    """What awards cost, and in which turn those of one decision are granted: by kind."""

    cost_of_1000_points_minor: int
    turns: Mapping[AwardKind, int]


@dataclass
class Limits:
    """What can still be given: grants counted by (policy, scope), and the money left (None: no end)."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    left_minor: int | None = None


@dataclass(frozen=True)
class Given:
    award: Award
    cost_minor: int


@dataclass(frozen=True)
class Kept:
    """An award that a cap or the budget kept back."""

    award: Award
    reason: Reason


@dataclass(frozen=True)
class Execution:
    given: tuple[Given, ...]
    kept: tuple[Kept, ...]


def execute(
    awards: Sequence[Award],
    terms: Mapping[str, PolicyTerms],
    moment: Moment,
    costs: Costs,
    limits: Limits,
) -> Execution:
    """Give all awards of one decision that caps and the budget allow, and take them off `limits`.

    As awards are really granted: all are tried together, caps before the budget; one that does not
    fit is left out and the others are tried again.
    """
    wanted = [
        Given(award, _cost(award, terms[award.policy], costs))
        for award in sorted(awards, key=lambda award: costs.turns.get(award.kind, len(costs.turns)))
    ]
    kept: list[Kept] = []
    while wanted:
        counted: Counter[tuple[str, str]] = Counter()
        misfit = _misfit(wanted, terms, moment, limits, counted)
        if misfit is None:
            limits.counts.update(counted)
            if limits.left_minor is not None:
                limits.left_minor -= sum(given.cost_minor for given in wanted)
            break
        index, reason = misfit
        kept.append(Kept(wanted.pop(index).award, reason))
    return Execution(tuple(wanted), tuple(kept))


def _cost(award: Award, policy: PolicyTerms, costs: Costs) -> int:
    return award_cost_minor(award.kind, award.amount, policy, costs.cost_of_1000_points_minor)


def _misfit(
    wanted: Iterable[Given],
    terms: Mapping[str, PolicyTerms],
    moment: Moment,
    limits: Limits,
    counted: Counter[tuple[str, str]],
) -> tuple[int, Reason] | None:
    """The place of the first award that does not fit beside those before it, counting into `counted`."""
    for index, given in enumerate(wanted):
        award = given.award
        for cap in caps_of(terms[award.policy], award.member_id, moment):
            key = (award.policy, cap.scope)
            if limits.counts[key] + counted[key] >= cap.limit:
                return index, Reason.CAP_REACHED
            counted[key] += 1
    spent = 0
    for index, given in enumerate(wanted):
        spent += given.cost_minor
        if limits.left_minor is not None and spent > limits.left_minor:
            return index, Reason.BUDGET_SPENT
    return None
