"""Price a basket with the best set of coupons, and say why the others do not apply.

Discounts are taken in this order, because each sees what the ones before it left:

1. what applies itself, since it is the shop's price for everybody;
2. percentages, while their base is still large, which is the better order for the shopper;
3. amounts and full reductions;
4. gifts and free shipping, which do not touch the lines.

Within each, percentages come before amounts, then a higher priority, then the soonest to expire.
Minimums and steps look at the shop's prices, so whether a coupon applies never depends on another
one. A percentage is rounded half up, once per coupon; a discount is spread over its lines by what is
left of each, with the largest remainders getting the odd units. Nothing ever goes below zero.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from apps.coupons.rules.counting import (
    EXACT_UP_TO,
    Counter,
    Off,
    best_of_all,
    may_combine,
    one_by_one,
    spread,
)
from apps.coupons.rules.terms import Basket, Candidate, Kind, Reason, Stacking, Terms, applies_to

_KIND_ORDER = {
    Kind.PERCENT: 0,
    Kind.AMOUNT: 1,
    Kind.STEPS: 1,
    Kind.GIFT: 2,
    Kind.FREE_SHIPPING: 2,
}


@dataclass(frozen=True)
class Applied:
    """A coupon of the best set: what it takes off, and from which lines."""

    key: str
    name: str
    kind: Kind
    automatic: bool
    discount_minor: int
    shipping_discount_minor: int
    gift: str
    lines: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Refused:
    """A coupon that does not apply. `missing_minor` is what the basket lacks to its minimum."""

    key: str
    name: str
    automatic: bool
    reason: Reason
    missing_minor: int = 0


@dataclass(frozen=True)
class LineQuote:
    line_id: str
    amount_minor: int
    discount_minor: int

    @property
    def payable_minor(self) -> int:
        return self.amount_minor - self.discount_minor


@dataclass(frozen=True)
class Quote:
    """A priced basket. `exact`: every allowed set was weighed."""

    lines: tuple[LineQuote, ...]
    shipping_minor: int
    shipping_discount_minor: int
    applied: tuple[Applied, ...]
    refused: tuple[Refused, ...]
    exact: bool

    @property
    def subtotal_minor(self) -> int:
        return sum(line.amount_minor for line in self.lines)

    @property
    def discount_minor(self) -> int:
        return sum(line.discount_minor for line in self.lines)

    @property
    def goods_minor(self) -> int:
        """What is to be paid for the lines, without shipping."""
        return self.subtotal_minor - self.discount_minor

    @property
    def total_minor(self) -> int:
        return self.goods_minor + self.shipping_minor - self.shipping_discount_minor


def price_basket(
    basket: Basket, coupons: Iterable[Candidate], automatic: Iterable[Candidate] = ()
) -> Quote:
    """The basket with the set of coupons that takes most off.

    Of sets that take off the same: the one with the gifts of most worth, then the fewest coupons,
    the highest priorities, the soonest to expire. The order of the input does not matter.
    """
    candidates = sorted([*coupons, *automatic], key=_turn)
    refused = {row.key: row for row in (_refusal(basket, one) for one in candidates) if row}
    usable = [row for row in candidates if row.key not in refused]
    contenders, spare = _contenders(usable)
    counter = Counter(basket, contenders)
    exact = len(contenders) <= EXACT_UP_TO
    chosen = best_of_all(counter) if exact else one_by_one(counter)
    kept = {counter.candidates[n].key for n in chosen}
    best = [counter.candidates[n] for n in chosen]
    for row in (*contenders, *spare):
        if row.key not in kept:
            fits = may_combine(row, best) and row not in spare
            reason = Reason.ADDS_NOTHING if fits else Reason.NOT_COMBINABLE
            refused[row.key] = Refused(row.key, row.name, row.automatic, reason)
    rows = tuple(refused[row.key] for row in candidates if row.key in refused)
    return _quote(basket, counter, chosen, rows, exact)


def minimum(terms: Terms) -> int:
    """The least that the matching lines must be worth."""
    steps = terms.steps if terms.kind is Kind.STEPS else ()
    first = min((step.from_minor for step in steps), default=0)
    return max(terms.min_basket_minor, first)


def _turn(candidate: Candidate) -> tuple[bool, int, int, int, str]:
    """The order in which discounts are taken."""
    terms = candidate.terms
    kind = _KIND_ORDER[terms.kind]
    return not candidate.automatic, kind, -terms.priority, candidate.turn, candidate.key


def _refusal(basket: Basket, candidate: Candidate) -> Refused | None:
    terms = candidate.terms
    matching = sum(line.amount_minor for line in basket.lines if applies_to(terms.lines, line))
    missing = 0
    if candidate.barred:
        reason = candidate.barred
    elif terms.currency != basket.currency:
        reason = Reason.CURRENCY
    elif not matching:
        reason = Reason.NO_MATCHING_LINE
    elif matching < minimum(terms):
        reason, missing = Reason.BELOW_MINIMUM, minimum(terms) - matching
    elif terms.kind is Kind.FREE_SHIPPING and not basket.shipping_minor:
        reason = Reason.NO_SHIPPING
    else:
        return None
    return Refused(candidate.key, candidate.name, candidate.automatic, reason, missing)


def _contenders(usable: list[Candidate]) -> tuple[list[Candidate], list[Candidate]]:
    """Those worth weighing, and those that another one with the same terms stands for."""
    seen: set[tuple[Terms, bool]] = set()
    contenders: list[Candidate] = []
    spare: list[Candidate] = []
    for row in usable:
        alike = (row.terms, row.automatic)
        alone = row.terms.stacking is not Stacking.STACKS
        (spare if alone and alike in seen else contenders).append(row)
        seen.add(alike)
    return contenders, spare


def _quote(
    basket: Basket,
    counter: Counter,
    chosen: tuple[int, ...],
    refused: tuple[Refused, ...],
    exact: bool,
) -> Quote:
    left = counter.start
    payable = [line.amount_minor for line in basket.lines]
    applied = []
    for n in chosen:
        off = counter.off(n, left)
        shares = _shares(counter, off, payable)
        for line, share in shares.items():
            payable[line] -= share
        applied.append(_applied(basket, counter.candidates[n], off, shares))
        left = counter.take(n, left)
    lines = tuple(
        LineQuote(line.line_id, line.amount_minor, line.amount_minor - rest)
        for line, rest in zip(basket.lines, payable, strict=True)
    )
    shipping_off = basket.shipping_minor - left.shipping
    return Quote(lines, basket.shipping_minor, shipping_off, tuple(applied), refused, exact)


def _shares(counter: Counter, off: Off, payable: list[int]) -> dict[int, int]:
    """A coupon's discount by line: each bucket's part over what is left of its lines."""
    shares: dict[int, int] = {}
    for bucket, amount in zip(counter.members, off.buckets, strict=True):
        parts = spread(amount, [payable[n] for n in bucket])
        shares |= {n: part for n, part in zip(bucket, parts, strict=True) if part}
    return shares


def _applied(basket: Basket, row: Candidate, off: Off, shares: dict[int, int]) -> Applied:
    return Applied(
        key=row.key,
        name=row.name,
        kind=row.terms.kind,
        automatic=row.automatic,
        discount_minor=sum(off.buckets),
        shipping_discount_minor=off.shipping,
        gift=row.terms.gift if row.terms.kind is Kind.GIFT else "",
        lines=tuple((basket.lines[n].line_id, shares[n]) for n in sorted(shares)),
    )
