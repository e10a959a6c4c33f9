"""What a campaign promises for a fact. Pure: the same function serves the processor, dry runs and
refunds, and its result is stored, so that every reward and every refusal can be explained.
"""

import enum
from collections.abc import Iterable
from dataclasses import dataclass


class Trigger(enum.StrEnum):
    JOINED = "joined"
    ORDER_PAID = "order_paid"
    ROOM_COMPLETED = "room_completed"


class Beneficiary(enum.StrEnum):
    MEMBER = "member"
    REFERRER = "referrer"
    INVITER = "inviter"
    HOST = "host"
    SEATED = "seated"


# Who can stand behind a fact: nobody is invited into a campaign, and a room has no referrer.
POSSIBLE: dict[Trigger, frozenset[Beneficiary]] = {
    Trigger.JOINED: frozenset({Beneficiary.MEMBER, Beneficiary.REFERRER}),
    Trigger.ORDER_PAID: frozenset(
        {Beneficiary.MEMBER, Beneficiary.REFERRER, Beneficiary.INVITER, Beneficiary.HOST}
    ),
    Trigger.ROOM_COMPLETED: frozenset({Beneficiary.HOST, Beneficiary.SEATED}),
}


class Reason(enum.StrEnum):
    """Why somebody got nothing. Stable codes; `WORDS` says them to people."""

    NO_SUCH_PERSON = "no_such_person"
    PROVISIONAL = "provisional"
    ROOM_OPEN = "room_open"
    NOT_KEPT = "not_kept"
    ROOM_BELOW_SIZE = "room_below_size"
    NOT_FIRST_ORDER = "not_first_order"
    BELOW_MINIMUM = "below_minimum"
    CAMPAIGN_NOT_RUNNING = "campaign_not_running"
    NOTHING_TO_AWARD = "nothing_to_award"
    CAP_REACHED = "cap_reached"
    BUDGET_SPENT = "budget_spent"


WORDS: dict[Reason, str] = {
    Reason.NO_SUCH_PERSON: "Nobody stands in this place: no referrer, no inviter.",
    Reason.PROVISIONAL: "The participant is not confirmed yet; it is decided again when they are.",
    Reason.ROOM_OPEN: "The room is not complete yet; it is decided again when it is.",
    Reason.NOT_KEPT: "The order was refunded in full.",
    Reason.ROOM_BELOW_SIZE: "After refunds the room keeps fewer seats than its size.",
    Reason.NOT_FIRST_ORDER: "Only a member's first paid order counts.",
    Reason.BELOW_MINIMUM: "What remains of the order is below the minimum.",
    Reason.CAMPAIGN_NOT_RUNNING: "The campaign was not running at that moment.",
    Reason.NOTHING_TO_AWARD: "The share of the order rounds to zero points.",
    Reason.CAP_REACHED: "The policy's cap is reached.",
    Reason.BUDGET_SPENT: "The campaign's budget is spent.",
}


@dataclass(frozen=True)
class PolicyTerms:
    """A policy as frozen in a version.

    The award is `points`, or `share_bps` of the order's kept amount (1 bps = 1/10,000; one minor
    unit earns one point). Caps count grants; None does not bind. `hold_seconds` runs from the fact.
    """

    policy: str
    name: str
    trigger: Trigger
    beneficiary: Beneficiary
    points: int = 0
    share_bps: int = 0
    first_order_only: bool = False
    min_order_minor: int = 0
    hold_seconds: int = 0
    cap_per_member: int | None = None
    cap_per_day: int | None = None
    cap_per_campaign: int | None = None


@dataclass(frozen=True)
class OrderFacts:
    """What is left of an order: `kept_minor` = paid − refunded, in minor units."""

    kept_minor: int
    nth: int


@dataclass(frozen=True)
class RoomFacts:
    """A room's size and the seats whose payment was not refunded."""

    size: int
    kept_seats: int
    completed: bool


@dataclass(frozen=True)
class Facts:
    """The present state behind one trigger. `people` maps a beneficiary to members' primary keys."""

    trigger: Trigger
    people: dict[Beneficiary, tuple[int, ...]]
    confirmed: bool = True
    in_window: bool = True
    order: OrderFacts | None = None
    room: RoomFacts | None = None


@dataclass(frozen=True)
class Award:
    policy: str
    beneficiary: Beneficiary
    member_id: int
    points: int
    hold_seconds: int


@dataclass(frozen=True)
class Refusal:
    policy: str
    beneficiary: Beneficiary
    member_id: int | None
    reason: Reason


@dataclass(frozen=True)
class Decision:
    awards: tuple[Award, ...]
    refusals: tuple[Refusal, ...]


def decide(facts: Facts, policies: Iterable[PolicyTerms]) -> Decision:
    """Who gets what for these facts, and who gets nothing and why.

    Caps and the budget are not known here: whoever executes an award may still refuse it for those.
    Deciding again on changed facts and applying the difference is how refunds take back.
    """
    awards: list[Award] = []
    refusals: list[Refusal] = []
    for policy in policies:
        if policy.trigger is not facts.trigger:
            continue
        members = facts.people.get(policy.beneficiary, ())
        reason = Reason.NO_SUCH_PERSON if not members else _refusal_reason(facts, policy)
        if reason is None:
            points = award_points(policy, facts)
            awards += [
                Award(policy.policy, policy.beneficiary, member, points, policy.hold_seconds)
                for member in members
            ]
        else:
            refusals += [
                Refusal(policy.policy, policy.beneficiary, member, reason)
                for member in members or (None,)
            ]
    return Decision(tuple(awards), tuple(refusals))


def _refusal_reason(facts: Facts, policy: PolicyTerms) -> Reason | None:
    if not facts.in_window:
        return Reason.CAMPAIGN_NOT_RUNNING
    if facts.room is not None and not facts.room.completed:
        return Reason.ROOM_OPEN
    if not facts.confirmed:
        return Reason.PROVISIONAL
    if facts.trigger is Trigger.ROOM_COMPLETED and facts.room is not None:
        if facts.room.kept_seats < facts.room.size:
            return Reason.ROOM_BELOW_SIZE
    if facts.order is not None:
        if facts.order.kept_minor <= 0:
            return Reason.NOT_KEPT
        if policy.first_order_only and facts.order.nth != 1:
            return Reason.NOT_FIRST_ORDER
        if facts.order.kept_minor < policy.min_order_minor:
            return Reason.BELOW_MINIMUM
    return Reason.NOTHING_TO_AWARD if award_points(policy, facts) <= 0 else None


def award_points(policy: PolicyTerms, facts: Facts) -> int:
    """The points of one award: the fixed ones plus the share of what is kept of the order."""
    share = 0
    if policy.share_bps and facts.order is not None:
        share = divide_rounded(facts.order.kept_minor * policy.share_bps, 10_000)
    return policy.points + share


def points_cost_minor(points: int, cost_of_1000_points_minor: int) -> int:
    """What points cost the shop, in minor units, rounded half up."""
    return divide_rounded(points * cost_of_1000_points_minor, 1000)


def divide_rounded(numerator: int, denominator: int) -> int:
    """numerator / denominator for non-negative integers, halves rounded up: the one rounding."""
    return (2 * numerator + denominator) // (2 * denominator)
