"""A policy: (trigger, conditions, beneficiary, award, caps, hold), as a version freezes it."""

import enum
from dataclasses import asdict, dataclass, fields
from typing import Any


class Trigger(enum.StrEnum):
    """The fact a policy rewards."""

    JOINED = "joined"
    ORDER_PAID = "order_paid"
    ROOM_COMPLETED = "room_completed"
    ROOM_OPENED = "room_opened"
    FRIEND_BOUGHT = "friend_bought"
    FRIEND_CONFIRMED = "friend_confirmed"
    TIER_REACHED = "tier_reached"
    CHECKED_IN = "checked_in"
    BIRTHDAY = "birthday"


class Beneficiary(enum.StrEnum):
    """Who gets the award, seen from the fact."""

    MEMBER = "member"
    REFERRER = "referrer"
    SECOND_REFERRER = "second_referrer"
    INVITER = "inviter"
    HOST = "host"
    SEATED = "seated"


class AwardKind(enum.StrEnum):
    """What somebody gets. Its amount is in points, coupons, growth, minor units, or gifts."""

    POINTS = "points"
    COUPON = "coupon"
    GROWTH = "growth"
    PAYABLE = "payable"
    CUSTOM = "custom"


class HoldFrom(enum.StrEnum):
    """What a hold runs from. An order that is never fulfilled never settles a hold from it."""

    FACT = "fact"
    FULFILMENT = "fulfilment"


_CHAIN = frozenset({Beneficiary.MEMBER, Beneficiary.REFERRER, Beneficiary.SECOND_REFERRER})
_ALONE = frozenset({Beneficiary.MEMBER})

# Who can stand behind a fact: nobody is invited into a campaign, and a room has no referrer. Of the
# nth friend who buys, the member is the one whose friend it is: the referrer.
POSSIBLE: dict[Trigger, frozenset[Beneficiary]] = {
    Trigger.JOINED: _CHAIN,
    Trigger.ORDER_PAID: _CHAIN | {Beneficiary.INVITER, Beneficiary.HOST},
    Trigger.ROOM_COMPLETED: frozenset({Beneficiary.HOST, Beneficiary.SEATED}),
    Trigger.ROOM_OPENED: frozenset({Beneficiary.HOST}),
    Trigger.FRIEND_BOUGHT: _ALONE,
    Trigger.FRIEND_CONFIRMED: _ALONE,
    Trigger.TIER_REACHED: _CHAIN,
    Trigger.CHECKED_IN: _ALONE,
    Trigger.BIRTHDAY: _ALONE,
}

# Facts about a participant's friends, numbered when they are recorded: milestones count by them.
REFERRAL_TRIGGERS = frozenset({Trigger.FRIEND_BOUGHT, Trigger.FRIEND_CONFIRMED})


@dataclass(frozen=True)
class PolicyTerms:
    """A policy as frozen in a version.

    The award is one of `kind`: `points` (points or growth value) plus `share_bps` of the order's kept
    amount, `amount_minor` plus that share (payable), one coupon of `coupon_template`, or one `gift`;
    at most `max_amount`. 1 bps is 1/10,000; one minor unit of a share earns one point. Empty
    conditions do not bind, nor do caps that are None; caps count grants. A milestone is every
    `milestone_every`-th or each of `milestone_at`. `hold_seconds` runs from `hold_from`. Conditions are
    about the acting member, but for the two that name the beneficiary: a partner's terms.
    """

    policy: str
    name: str
    trigger: Trigger
    beneficiary: Beneficiary
    kind: AwardKind = AwardKind.POINTS
    points: int = 0
    share_bps: int = 0
    amount_minor: int = 0
    max_amount: int | None = None
    coupon_template: str = ""
    coupon_cost_minor: int = 0
    gift: str = ""
    gift_cost_minor: int = 0
    first_order_only: bool = False
    new_members_only: bool = False
    min_order_minor: int = 0
    product_tags: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    audience: str = ""
    excluded_audience: str = ""
    beneficiary_audience: str = ""
    excluded_beneficiary_audience: str = ""
    variant: str = ""
    milestone_every: int | None = None
    milestone_at: tuple[int, ...] = ()
    hold_seconds: int = 0
    hold_from: HoldFrom = HoldFrom.FACT
    cap_per_member: int | None = None
    cap_per_day: int | None = None
    cap_per_order: int | None = None
    cap_per_campaign: int | None = None


def terms_to_json(terms: PolicyTerms) -> dict[str, Any]:
    """A policy as a version keeps it."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asdict(terms).items()
    }


def terms_from_json(row: dict[str, Any]) -> PolicyTerms:
    """A policy as a version kept it. What a later engine added has its default: it does not bind."""
    known = {field.name for field in fields(PolicyTerms)}
    given: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in row.items()
        if name in known
    }
    given["trigger"] = Trigger(given["trigger"])
    given["beneficiary"] = Beneficiary(given["beneficiary"])
    given["kind"] = AwardKind(given.get("kind", AwardKind.POINTS))
    given["hold_from"] = HoldFrom(given.get("hold_from", HoldFrom.FACT))
    return PolicyTerms(**given)
