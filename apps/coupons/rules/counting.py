"""Count what sets of coupons take off, and find the best one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from apps.coupons.rules.terms import Basket, Candidate, Filter, Kind, Stacking, Terms, applies_to

# Up to so many applicable coupons every allowed set is weighed; above, one by one, the best first.
EXACT_UP_TO = 12


def round_half_up(amount_minor: int, bps: int) -> int:
    """`bps` ten-thousandths of an amount, to the nearest minor unit; a half goes up."""
    return (2 * amount_minor * bps + 10_000) // 20_000


def spread(amount: int, weights: Sequence[int]) -> list[int]:
    """Divide `amount`, at most the sum of `weights`, in their proportion.

    Each gets the whole part of its share; the units that are left go to the largest remainders, the
    earlier ones first. Nobody gets more than its weight.
    """
    total = sum(weights)
    if not total:
        return [0] * len(weights)
    shares = [amount * weight // total for weight in weights]
    order = sorted(range(len(weights)), key=lambda n: (-(amount * weights[n] % total), n))
    for n in order[: amount - sum(shares)]:
        shares[n] += 1
    return shares


def step_off(terms: Terms, base_minor: int) -> int:
    """What a full reduction takes off from lines worth `base_minor`."""
    reached = [step for step in terms.steps if step.from_minor <= base_minor]
    if not reached:
        return 0
    step = max(reached, key=lambda one: one.from_minor)
    off = step.off_minor * (base_minor // step.from_minor if terms.repeats else 1)
    return off if terms.ceiling_minor is None else min(off, terms.ceiling_minor)


def may_combine(row: Candidate, chosen: Iterable[Candidate]) -> bool:
    """Whether `row` may stand beside all of `chosen`."""
    terms = row.terms
    for other in chosen:
        theirs = other.terms
        if Stacking.EXCLUSIVE in (terms.stacking, theirs.stacking):
            return False
        grouped = terms.stacking is theirs.stacking is Stacking.GROUP
        if grouped and terms.stack_group == theirs.stack_group:
            return False
    return True


@dataclass(frozen=True)
class Left:
    """What is left to pay while discounts are taken: of each bucket of lines, and of shipping."""

    buckets: tuple[int, ...]
    shipping: int
    gifts: int = 0


@dataclass(frozen=True)
class Off:
    """What one coupon takes off, by bucket and from shipping."""

    buckets: tuple[int, ...]
    shipping: int = 0
    gifts: int = 0

    @property
    def total(self) -> int:
        return sum(self.buckets) + self.shipping


class Counter:
    """A basket with its lines put together into buckets that the same coupons are for.

    What a set of coupons takes off is counted on the buckets, of which there are few, and spread
    over the lines only for the set that wins.
    """

    def __init__(self, basket: Basket, candidates: list[Candidate]) -> None:
        self.candidates = candidates
        filters: list[Filter] = [row.terms.lines for row in candidates]
        members: dict[tuple[bool, ...], list[int]] = {}
        order = sorted(range(len(basket.lines)), key=lambda n: basket.lines[n].line_id)
        for n in order:
            signature = tuple(applies_to(one, basket.lines[n]) for one in filters)
            members.setdefault(signature, []).append(n)
        self.members = list(members.values())
        self.matches = [[sign[n] for sign in members] for n in range(len(candidates))]
        self.prices = tuple(
            sum(basket.lines[n].amount_minor for n in bucket) for bucket in self.members
        )
        self.start = Left(self.prices, basket.shipping_minor)
        self.alone = [self.off(n, self.start) for n in range(len(candidates))]

    def off(self, n: int, left: Left) -> Off:
        """What candidate `n` takes off from what is `left`."""
        terms = self.candidates[n].terms
        nothing = (0,) * len(left.buckets)
        if terms.kind is Kind.GIFT:
            return Off(nothing, gifts=terms.face_minor)
        if terms.kind is Kind.FREE_SHIPPING:
            return Off(nothing, shipping=min(terms.face_minor, left.shipping))
        matches = self.matches[n]
        pairs = zip(left.buckets, matches, strict=True)
        weights = [amount if matching else 0 for amount, matching in pairs]
        asked = self._asked(n, sum(weights))
        return Off(tuple(spread(min(asked, sum(weights)), weights)))

    def _asked(self, n: int, base: int) -> int:
        terms = self.candidates[n].terms
        if terms.kind is Kind.PERCENT:
            off = round_half_up(base, terms.percent_bps)
            return off if terms.ceiling_minor is None else min(off, terms.ceiling_minor)
        if terms.kind is Kind.STEPS:
            pairs = zip(self.prices, self.matches[n], strict=True)
            return step_off(terms, sum(price for price, matching in pairs if matching))
        return terms.face_minor

    def take(self, n: int, left: Left) -> Left:
        off = self.off(n, left)
        pairs = zip(left.buckets, off.buckets, strict=True)
        return Left(
            tuple(amount - taken for amount, taken in pairs),
            left.shipping - off.shipping,
            left.gifts + off.gifts,
        )

    def taken(self, left: Left) -> int:
        return sum(self.start.buckets) + self.start.shipping - sum(left.buckets) - left.shipping

    def rank(self, chosen: tuple[int, ...], left: Left) -> tuple[object, ...]:
        """How good a set is: the larger, the better."""
        rows = [self.candidates[n] for n in chosen]
        return (
            self.taken(left),
            left.gifts,
            -len(rows),
            sum(row.terms.priority for row in rows),
            -sum(row.turn for row in rows),
            tuple(-n for n in chosen),
        )

    def may_add(self, n: int, chosen: Iterable[int]) -> bool:
        return may_combine(self.candidates[n], [self.candidates[m] for m in chosen])


def best_of_all(counter: Counter) -> tuple[int, ...]:
    """The best of all allowed sets. A branch is left when even all that follows cannot make it best."""
    size = len(counter.candidates)
    most = [0] * (size + 1)
    gifts = [0] * (size + 1)
    for n in reversed(range(size)):
        most[n] = most[n + 1] + counter.alone[n].total
        gifts[n] = gifts[n + 1] + counter.alone[n].gifts
    whole = sum(counter.start.buckets) + counter.start.shipping
    best: tuple[tuple[object, ...], tuple[int, ...]] = (counter.rank((), counter.start), ())

    def weigh(n: int, chosen: tuple[int, ...], left: Left) -> None:
        nonlocal best
        rank = counter.rank(chosen, left)
        best = max(best, (rank, chosen))
        if n == size:
            return
        reach = (min(counter.taken(left) + most[n], whole), left.gifts + gifts[n])
        if reach < best[0][:2]:
            return
        if counter.may_add(n, chosen):
            weigh(n + 1, (*chosen, n), counter.take(n, left))
        weigh(n + 1, chosen, left)

    weigh(0, (), counter.start)
    return best[1]


def one_by_one(counter: Counter) -> tuple[int, ...]:
    """Add the coupon that is best alone, then each that still adds something.

    Or, if that is better, one that stands alone.
    """

    def merit(n: int) -> tuple[int, int, int, int, int]:
        row, alone = counter.candidates[n], counter.alone[n]
        return -alone.total, -alone.gifts, -row.terms.priority, row.turn, n

    order = sorted(range(len(counter.candidates)), key=merit)
    chosen: tuple[int, ...] = ()
    for n in order:
        more = tuple(sorted((*chosen, n)))
        fits = counter.candidates[n].terms.stacking is not Stacking.EXCLUSIVE
        if fits and counter.may_add(n, chosen) and _gain(counter, more) > _gain(counter, chosen):
            chosen = more
    alone = [(n,) for n in order if counter.candidates[n].terms.stacking is Stacking.EXCLUSIVE]
    return max([chosen, *alone[:1]], key=lambda one: counter.rank(one, _after(counter, one)))


def _after(counter: Counter, chosen: Iterable[int]) -> Left:
    left = counter.start
    for n in chosen:
        left = counter.take(n, left)
    return left


def _gain(counter: Counter, chosen: tuple[int, ...]) -> tuple[int, int]:
    left = _after(counter, chosen)
    return counter.taken(left), left.gifts
