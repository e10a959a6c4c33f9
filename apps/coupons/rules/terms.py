"""What a coupon is worth and when it applies, as values. All amounts are whole minor units."""

import enum
from dataclasses import dataclass, field


class Kind(enum.StrEnum):
    AMOUNT = "amount"
    PERCENT = "percent"
    STEPS = "steps"
    GIFT = "gift"
    FREE_SHIPPING = "free_shipping"


class Stacking(enum.StrEnum):
    EXCLUSIVE = "exclusive"
    STACKS = "stacks"
    GROUP = "group"


class Reason(enum.StrEnum):
    """Why a coupon does not apply to a basket. The values are stable and part of the API."""

    UNKNOWN = "coupon_unknown"
    OF_SOMEBODY_ELSE = "coupon_of_somebody_else"
    PENDING = "coupon_pending"
    USED = "coupon_used"
    RESERVED = "coupon_reserved"
    EXPIRED = "coupon_expired"
    REVOKED = "coupon_revoked"
    NOT_STARTED = "not_started"
    CURRENCY = "currency_mismatch"
    NO_MATCHING_LINE = "no_matching_line"
    BELOW_MINIMUM = "below_minimum"
    NO_SHIPPING = "no_shipping_cost"
    NOT_COMBINABLE = "not_combinable"
    ADDS_NOTHING = "adds_nothing"


@dataclass(frozen=True)
class Words:
    """One reason, said to a shopper and to the developer of a shop."""

    shopper: str
    developer: str


WORDS: dict[Reason, Words] = {
    Reason.UNKNOWN: Words(
        "We do not know this code.", "No coupon of this mode (live or test) has this code."
    ),
    Reason.OF_SOMEBODY_ELSE: Words(
        "This coupon belongs to somebody else.", "The coupon is in another member's hands."
    ),
    Reason.PENDING: Words(
        "This coupon is not yours to use yet.",
        "It was promised and is activated when the hold of its reward ends.",
    ),
    Reason.USED: Words("You have used this coupon.", "The coupon is redeemed."),
    Reason.RESERVED: Words(
        "This coupon is set aside for another order.",
        "Another order reserved it: release it there, or wait for the reservation's end.",
    ),
    Reason.EXPIRED: Words("This coupon has expired.", "Its expires_at has passed."),
    Reason.REVOKED: Words("This coupon was withdrawn.", "The coupon was revoked."),
    Reason.NOT_STARTED: Words(
        "This coupon cannot be used yet.", "The window of its template has not begun."
    ),
    Reason.CURRENCY: Words(
        "This coupon is for another currency.", "Basket and template differ in their currency."
    ),
    Reason.NO_MATCHING_LINE: Words(
        "Nothing in your basket goes with this coupon.",
        "No line with an amount passes the template's skus and tags.",
    ),
    Reason.BELOW_MINIMUM: Words(
        "Your basket is too small for this coupon.",
        "The matching lines add up to less than the minimum; missing_minor says how much less.",
    ),
    Reason.NO_SHIPPING: Words(
        "There is no shipping to pay.", "shipping_minor is 0, so there is nothing to take off."
    ),
    Reason.NOT_COMBINABLE: Words(
        "It cannot be combined with the coupons that save you more.",
        "The stacking rules keep it out of the best set.",
    ),
    Reason.ADDS_NOTHING: Words(
        "It would save you nothing more.", "The rest of the best set leaves it nothing to take off."
    ),
}


@dataclass(frozen=True)
class Step:
    """`off_minor` off from `from_minor` on."""

    from_minor: int
    off_minor: int


@dataclass(frozen=True)
class Filter:
    """Which lines a coupon is for: named ones (by sku or tag; all when none), less the excluded."""

    skus: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    not_skus: frozenset[str] = frozenset()
    not_tags: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Terms:
    """A template's terms. What does not belong to its `kind` is ignored.

    `face_minor` is what an amount takes off, what a gift is worth, and the most that free shipping
    takes off. `ceiling_minor` limits a percentage and steps that repeat.
    """

    kind: Kind
    currency: str
    face_minor: int = 0
    percent_bps: int = 0
    ceiling_minor: int | None = None
    gift: str = ""
    steps: tuple[Step, ...] = ()
    repeats: bool = False
    min_basket_minor: int = 0
    lines: Filter = field(default_factory=Filter)
    stacking: Stacking = Stacking.EXCLUSIVE
    stack_group: str = ""
    priority: int = 0


@dataclass(frozen=True)
class Candidate:
    """A coupon that could apply (`key` is its code), or a template that applies itself (its id).

    `barred` is why it cannot be used whatever is in the basket, where that is known. Of coupons that
    are worth the same, the one with the lowest `turn` is used (the soonest to expire).
    """

    key: str
    name: str
    terms: Terms
    automatic: bool = False
    turn: int = 0
    barred: Reason | None = None


@dataclass(frozen=True)
class Line:
    line_id: str
    sku: str
    amount_minor: int
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Basket:
    """What is in the basket at the shop's prices; each `line_id` stands once."""

    currency: str
    lines: tuple[Line, ...]
    shipping_minor: int = 0

    @property
    def total_minor(self) -> int:
        return sum(line.amount_minor for line in self.lines)


def applies_to(lines: Filter, line: Line) -> bool:
    """Whether a coupon with this filter is for `line`. An exclusion wins over a naming."""
    if line.sku in lines.not_skus or line.tags & lines.not_tags:
        return False
    if not lines.skus and not lines.tags:
        return True
    return line.sku in lines.skus or bool(line.tags & lines.tags)
