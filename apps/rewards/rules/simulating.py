"""What policies would have granted for a history of facts, beside what was granted. Pure."""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from apps.campaigns.rules import AwardKind, Facts, PolicyTerms, Reason, decide
from apps.rewards.rules.limits import Costs, Limits, Moment, execute


@dataclass(frozen=True)
class Happening:
    """One subject of the history: its facts, and when they happened."""

    facts: Facts
    moment: Moment


@dataclass(frozen=True)
class Gift:
    """An award that somebody has: `amount` in the units of `kind`."""

    policy: str
    member_id: int
    kind: AwardKind
    amount: int
    cost_minor: int


@dataclass
class PolicyTally:
    """What one policy gives in all."""

    grants: int = 0
    amount: int = 0
    cost_minor: int = 0


@dataclass
class Tally:
    """Gifts, added up: in all, by policy, and by member."""

    grants: int = 0
    cost_minor: int = 0
    by_policy: dict[str, PolicyTally] = field(default_factory=dict)
    amounts: Counter[tuple[int, AwardKind]] = field(default_factory=Counter)
    costs: Counter[int] = field(default_factory=Counter)
    refused: Counter[Reason] = field(default_factory=Counter)

    def add(self, gift: Gift) -> None:
        """Count a gift. One of which nothing is left only counts what it still costs."""
        policy = self.by_policy.setdefault(gift.policy, PolicyTally())
        counts = int(gift.amount > 0)
        self.grants += counts
        self.cost_minor += gift.cost_minor
        policy.grants += counts
        policy.amount += gift.amount
        policy.cost_minor += gift.cost_minor
        self.amounts[gift.member_id, gift.kind] += gift.amount
        self.costs[gift.member_id] += gift.cost_minor

    @property
    def members(self) -> set[int]:
        return {member for member, _ in self.amounts}

    def held_by(self, member_id: int) -> dict[AwardKind, int]:
        """What a member has of each kind, in its units."""
        return {
            kind: amount for kind in AwardKind if (amount := self.amounts.get((member_id, kind), 0))
        }


def simulate(
    history: Iterable[Happening],
    terms: Sequence[PolicyTerms],
    costs: Costs,
    limits: Limits,
    tally: Tally,
) -> Iterator[Sequence[Gift]]:
    """Decide a history in its order and give what caps and the budget allow; each one's gifts.

    The same `decide` as everywhere, on the facts as they are by now: what was refunded later counts
    as if it had been known at once. Adds up in `tally` and takes off `limits` as it goes, so that a
    history of any length is never held in memory.
    """
    by_policy = {policy.policy: policy for policy in terms}
    for happening in history:
        decided = decide(happening.facts, terms)
        done = execute(decided.awards, by_policy, happening.moment, costs, limits)
        gifts = [
            Gift(
                given.award.policy,
                given.award.member_id,
                given.award.kind,
                given.award.amount,
                given.cost_minor,
            )
            for given in done.given
        ]
        for gift in gifts:
            tally.add(gift)
        tally.refused.update(refusal.reason for refusal in decided.refusals)
        tally.refused.update(kept.reason for kept in done.kept)
        yield gifts


@dataclass(frozen=True)
class Difference:
    """What a member has, and what they would have."""

    member_id: int
    really: dict[AwardKind, int]
    would: dict[AwardKind, int]
    cost_minor: int


@dataclass(frozen=True)
class Comparison:
    """Who gains and who loses: how many, and those with the largest difference."""

    gainers: int
    losers: int
    unchanged: int
    top_gainers: tuple[Difference, ...]
    top_losers: tuple[Difference, ...]


def compare(really: Tally, would: Tally, *, top: int) -> Comparison:
    """Compare two tallies member by member, by what members have costs, then by amounts of a kind."""
    weights = {
        member: _weight(really, would, member) for member in sorted(really.members | would.members)
    }
    nothing = (0,) * (1 + len(AwardKind))
    gaining = {member: weight for member, weight in weights.items() if weight > nothing}
    losing = {member: weight for member, weight in weights.items() if weight < nothing}

    def changes(members: Iterable[int]) -> tuple[Difference, ...]:
        return tuple(
            Difference(member, really.held_by(member), would.held_by(member), weights[member][0])
            for member in members
        )

    return Comparison(
        gainers=len(gaining),
        losers=len(losing),
        unchanged=len(weights) - len(gaining) - len(losing),
        top_gainers=changes(heapq.nlargest(top, gaining, key=gaining.__getitem__)),
        top_losers=changes(heapq.nsmallest(top, losing, key=losing.__getitem__)),
    )


def _weight(really: Tally, would: Tally, member: int) -> tuple[int, ...]:
    amounts = (
        would.amounts.get((member, kind), 0) - really.amounts.get((member, kind), 0)
        for kind in AwardKind
    )
    return (would.costs.get(member, 0) - really.costs.get(member, 0), *amounts)
