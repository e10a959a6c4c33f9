"""What a basket costs. No database."""

import datetime as dt
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.coupons.rules import (
    EXACT_UP_TO,
    WORDS,
    Basket,
    Candidate,
    Filter,
    Kind,
    Line,
    Reason,
    Stacking,
    Step,
    Terms,
    expiry,
    lowest_free,
    price_basket,
    round_half_up,
    spread,
)

NOON = dt.datetime(2026, 5, 4, 12, tzinfo=dt.UTC)


def basket(*amounts: int, shipping: int = 0) -> Basket:
    lines = (Line(f"l{n}", f"sku{n}", amount) for n, amount in enumerate(amounts))
    return Basket("CNY", tuple(lines), shipping)


def off(minor: int, *, key: str = "", stacking: Stacking = Stacking.STACKS, **terms) -> Candidate:
    given = {"currency": "CNY", "face_minor": minor, "stacking": stacking, **terms}
    return Candidate(key or f"off{minor}", f"{minor} off", Terms(Kind.AMOUNT, **given))


def percent(bps: int, ceiling: int = 10**9, *, key: str = "percent", **terms) -> Candidate:
    given = {"currency": "CNY", "stacking": Stacking.STACKS, **terms}
    return Candidate(key, "", Terms(Kind.PERCENT, percent_bps=bps, ceiling_minor=ceiling, **given))


def full(*steps: tuple[int, int], key: str = "full", **terms) -> Candidate:
    """A full reduction that applies itself."""
    given = {"currency": "CNY", "stacking": Stacking.STACKS, **terms}
    rows = tuple(Step(*step) for step in steps)
    return Candidate(key, "", Terms(Kind.STEPS, steps=rows, **given), automatic=True)


def used(quote) -> list[str]:
    return [one.key for one in quote.applied]


def why(quote) -> dict[str, str]:
    return {one.key: one.reason.value for one in quote.refused}


def test_an_amount_never_takes_more_than_there_is() -> None:
    quote = price_basket(basket(700), [off(1000)])
    assert (quote.discount_minor, quote.total_minor) == (700, 0)


def test_a_discount_is_spread_over_the_lines_to_the_last_unit() -> None:
    quote = price_basket(basket(100, 100, 100), [off(100)])
    assert [line.discount_minor for line in quote.lines] == [34, 33, 33]
    assert dict(quote.applied[0].lines) == {"l0": 34, "l1": 33, "l2": 33}


@pytest.mark.parametrize(
    ("amount", "bps", "rounded"),
    [(5, 1000, 1), (4, 1000, 0), (15, 1000, 2), (999, 3333, 333), (1, 10_000, 1), (0, 5000, 0)],
)
def test_a_half_is_rounded_up(amount: int, bps: int, rounded: int) -> None:
    assert round_half_up(amount, bps) == rounded


def test_a_percentage_stops_at_its_ceiling() -> None:
    assert price_basket(basket(10_000), [percent(2000, 1500)]).discount_minor == 1500


@pytest.mark.parametrize(
    ("amount", "terms", "taken"),
    [
        (19_999, {}, 0),
        (20_000, {}, 2000),
        (59_999, {}, 2000),
        (60_000, {"repeats": True, "ceiling_minor": 99_999}, 6000),
        (60_000, {"repeats": True, "ceiling_minor": 5000}, 5000),
    ],
)
def test_so_much_off_per_so_much(amount: int, terms: dict, taken: int) -> None:
    assert price_basket(basket(amount), [], [full((20_000, 2000), **terms)]).discount_minor == taken


def test_of_several_steps_the_highest_reached_counts() -> None:
    tiers = full((10_000, 500), (20_000, 2000), (50_000, 8000))
    taken = [price_basket(basket(n), [], [tiers]).discount_minor for n in (9_999, 15_000, 50_000)]
    assert taken == [0, 500, 8000]


def test_first_what_applies_itself_then_percentages_then_amounts() -> None:
    quote = price_basket(basket(20_000), [off(1000), percent(1000)], [full((20_000, 2000))])
    assert [(one.key, one.discount_minor) for one in quote.applied] == [
        ("full", 2000),
        ("percent", 1800),
        ("off1000", 1000),
    ]
    assert quote.total_minor == 15_200


def test_gifts_and_free_shipping_come_with_it() -> None:
    cup = Candidate(
        "cup", "", Terms(Kind.GIFT, "CNY", face_minor=900, gift="a cup", stacking=Stacking.STACKS)
    )
    ship = Candidate(
        "ship", "", Terms(Kind.FREE_SHIPPING, "CNY", face_minor=800, stacking=Stacking.STACKS)
    )
    quote = price_basket(basket(5000, shipping=1000), [cup, ship, off(500)])
    assert used(quote) == ["off500", "cup", "ship"]
    assert (quote.shipping_discount_minor, quote.total_minor) == (800, 4700)
    assert quote.applied[1].gift == "a cup"


def test_what_stands_alone_is_used_when_it_saves_more() -> None:
    alone = off(900, key="alone", stacking=Stacking.EXCLUSIVE)
    quote = price_basket(basket(5000), [alone, off(500), off(300)])
    assert used(quote) == ["alone"]
    assert why(quote) == {"off500": "not_combinable", "off300": "not_combinable"}
    quote = price_basket(basket(5000), [alone, off(500), off(450)])
    assert used(quote) == ["off450", "off500"]
    assert why(quote) == {"alone": "not_combinable"}


def test_one_of_each_group() -> None:
    ours = {"stacking": Stacking.GROUP, "stack_group": "shop"}
    bank = off(200, key="bank", stacking=Stacking.GROUP, stack_group="bank")
    quote = price_basket(basket(5000), [off(500, **ours), off(300, **ours), bank])
    assert sorted(used(quote)) == ["bank", "off500"]
    assert why(quote) == {"off300": "not_combinable"}


def test_a_coupon_that_saves_nothing_more_is_not_used_up() -> None:
    quote = price_basket(basket(500), [off(500, key="a"), off(500, key="b")])
    assert used(quote) == ["a"]
    assert why(quote) == {"b": "adds_nothing"}


def test_of_coupons_worth_the_same_the_soonest_to_expire_is_used() -> None:
    terms = Terms(Kind.AMOUNT, "CNY", face_minor=500)
    later, sooner = Candidate("a", "", terms, turn=1), Candidate("b", "", terms, turn=0)
    quote = price_basket(basket(5000), [later, sooner])
    assert (used(quote), why(quote)) == (["b"], {"a": "not_combinable"})


def test_a_coupon_for_some_lines_takes_nothing_from_the_others() -> None:
    lines = (
        Line("tea", "tea-1", 1000, frozenset({"tea"})),
        Line("old", "tea-2", 1000, frozenset({"tea", "sale"})),
        Line("cup", "cup-1", 1000),
    )
    tea = Filter(tags=frozenset({"tea"}), not_tags=frozenset({"sale"}))
    quote = price_basket(Basket("CNY", lines), [off(5000, lines=tea)])
    assert [line.discount_minor for line in quote.lines] == [1000, 0, 0]
    cups = Filter(skus=frozenset({"cup-1", "tea-1"}), not_skus=frozenset({"tea-1"}))
    quote = price_basket(Basket("CNY", lines), [off(300, lines=cups)])
    assert [line.discount_minor for line in quote.lines] == [0, 0, 300]


@pytest.mark.parametrize(
    ("coupon", "reason", "missing"),
    [
        (off(100, currency="EUR"), Reason.CURRENCY, 0),
        (off(100, lines=Filter(skus=frozenset({"other"}))), Reason.NO_MATCHING_LINE, 0),
        (off(100, min_basket_minor=7000), Reason.BELOW_MINIMUM, 2000),
        (full((6000, 100)), Reason.BELOW_MINIMUM, 1000),
        (
            Candidate("ship", "", Terms(Kind.FREE_SHIPPING, "CNY", face_minor=800)),
            Reason.NO_SHIPPING,
            0,
        ),
        (Candidate("x", "", Terms(Kind.AMOUNT, ""), barred=Reason.UNKNOWN), Reason.UNKNOWN, 0),
    ],
)
def test_why_a_coupon_does_not_apply(coupon: Candidate, reason: Reason, missing: int) -> None:
    [refusal] = price_basket(basket(5000), [coupon]).refused
    assert (refusal.reason, refusal.missing_minor) == (reason, missing)


def test_every_reason_has_words_for_both() -> None:
    assert set(WORDS) == set(Reason)
    assert all(words.shopper and words.developer for words in WORDS.values())


def test_many_coupons_are_weighed_one_by_one_and_it_says_so() -> None:
    coupons = [off(100 + n) for n in range(EXACT_UP_TO + 1)]
    quote = price_basket(basket(500), coupons)
    assert not quote.exact
    assert quote.total_minor == 0
    few = price_basket(basket(500), coupons[:-1])
    assert few.exact


def test_twelve_coupons_on_a_large_basket_are_weighed_quickly() -> None:
    lines = tuple(Line(f"l{n}", f"s{n}", 97 + n, frozenset({f"t{n % 7}"})) for n in range(500))
    coupons = [
        percent(500 + n, 3000, key=f"p{n}", lines=Filter(tags=frozenset({f"t{n % 7}", "t1"})))
        for n in range(EXACT_UP_TO)
    ]
    quote = price_basket(Basket("CNY", lines), coupons)
    assert quote.exact
    assert quote.discount_minor > 0


candidates = st.lists(
    st.builds(
        Candidate,
        key=st.integers(0, 99).map("c{:02}".format),
        name=st.just(""),
        automatic=st.booleans(),
        turn=st.integers(0, 3),
        terms=st.builds(
            Terms,
            kind=st.sampled_from(Kind),
            currency=st.sampled_from(["CNY", "CNY", "CNY", "EUR"]),
            face_minor=st.integers(1, 3000),
            percent_bps=st.integers(1, 10_000),
            ceiling_minor=st.none() | st.integers(1, 2000),
            steps=st.lists(
                st.builds(Step, st.integers(1, 4000), st.integers(1, 900)), min_size=1, max_size=3
            ).map(tuple),
            repeats=st.booleans(),
            min_basket_minor=st.integers(0, 3000),
            lines=st.builds(
                Filter,
                tags=st.frozensets(st.sampled_from("ab"), max_size=1),
                not_tags=st.frozensets(st.sampled_from("bc"), max_size=1),
            ),
            stacking=st.sampled_from(Stacking),
            stack_group=st.sampled_from(["g", "h"]),
            priority=st.integers(-1, 1),
        ),
    ),
    max_size=6,
    unique_by=lambda one: one.key,
)
baskets = st.builds(
    Basket,
    currency=st.just("CNY"),
    lines=st.lists(
        st.builds(
            Line,
            line_id=st.integers(0, 50).map("l{}".format),
            sku=st.sampled_from(["s", "t"]),
            amount_minor=st.integers(0, 3000),
            tags=st.frozensets(st.sampled_from("abc"), max_size=2),
        ),
        min_size=1,
        max_size=6,
        unique_by=lambda line: line.line_id,
    ).map(tuple),
    shipping_minor=st.integers(0, 1200),
)


def saved(quote) -> int:
    return quote.discount_minor + quote.shipping_discount_minor


@given(baskets, candidates)
def test_discounts_add_up_and_nothing_goes_below_zero(one: Basket, rows: list[Candidate]) -> None:
    quote = price_basket(one, rows)
    assert all(0 <= line.discount_minor <= line.amount_minor for line in quote.lines)
    assert quote.discount_minor == sum(part.discount_minor for part in quote.applied)
    for part in quote.applied:
        assert part.discount_minor == sum(minor for _, minor in part.lines)
    by_line = {line.line_id: 0 for line in one.lines}
    for line_id, minor in itertools.chain(*(part.lines for part in quote.applied)):
        by_line[line_id] += minor
    assert by_line == {line.line_id: line.discount_minor for line in quote.lines}
    assert 0 <= quote.shipping_discount_minor <= one.shipping_minor
    assert quote.total_minor == one.total_minor + one.shipping_minor - saved(quote)


@given(baskets, candidates)
def test_every_coupon_is_either_used_or_told_why_not(one: Basket, rows: list[Candidate]) -> None:
    quote = price_basket(one, rows)
    assert sorted(used(quote) + list(why(quote))) == sorted(row.key for row in rows)


@given(baskets, candidates)
def test_the_best_set_is_at_least_every_allowed_set(one: Basket, rows: list[Candidate]) -> None:
    best = saved(price_basket(one, rows))
    for size in (1, 2):
        for some in itertools.combinations(rows, size):
            assert best >= saved(price_basket(one, some))


@given(baskets, candidates, st.randoms())
def test_the_order_of_the_input_does_not_matter(one: Basket, rows: list[Candidate], rng) -> None:
    quote = price_basket(one, rows)
    lines = rng.sample(one.lines, len(one.lines))
    mixed = price_basket(
        Basket(one.currency, tuple(lines), one.shipping_minor), rng.sample(rows, len(rows))
    )
    assert (mixed.applied, mixed.total_minor) == (
        tuple(
            type(part)(
                **{
                    **vars(part),
                    "lines": tuple(
                        sorted(
                            part.lines, key=lambda p: [line.line_id for line in lines].index(p[0])
                        )
                    ),
                }
            )
            for part in quote.applied
        ),
        quote.total_minor,
    )
    assert set(mixed.lines) == set(quote.lines)
    assert mixed.refused == quote.refused


@settings(max_examples=50)
@given(baskets, candidates, candidates, candidates)
def test_one_by_one_is_at_least_every_single_coupon(one: Basket, a, b, c) -> None:
    rows = list({row.key: row for row in (*a, *b, *c)}.values())
    best = saved(price_basket(one, rows))
    assert best >= max((saved(price_basket(one, [row])) for row in rows), default=0)


@given(baskets, candidates)
def test_what_is_used_together_may_be(one: Basket, rows: list[Candidate]) -> None:
    keys = used(price_basket(one, rows))
    terms = [row.terms for row in rows if row.key in keys]
    if len(terms) > 1:
        assert all(one.stacking is not Stacking.EXCLUSIVE for one in terms)
    groups = [one.stack_group for one in terms if one.stacking is Stacking.GROUP]
    assert len(groups) == len(set(groups))


@given(st.lists(st.integers(0, 10**12), max_size=20), st.data())
def test_a_spread_adds_up_and_gives_nobody_more_than_its_weight(weights, data) -> None:
    amount = data.draw(st.integers(0, sum(weights)))
    shares = spread(amount, weights)
    assert sum(shares) == amount
    assert all(0 <= share <= weight for share, weight in zip(shares, weights, strict=True))


def test_when_a_coupon_expires() -> None:
    hour = dt.timedelta(hours=1)
    assert expiry(NOON, valid_hours=None) is None
    assert expiry(NOON, valid_hours=2) == NOON + 2 * hour
    assert expiry(NOON, valid_hours=2, ends_at=NOON + hour) == NOON + hour
    assert expiry(NOON, valid_hours=2, starts_at=NOON + hour) == NOON + 3 * hour
    assert expiry(NOON, valid_hours=2, starts_at=NOON - hour) == NOON + 2 * hour


def test_the_lowest_free_number() -> None:
    assert [lowest_free(taken) for taken in ([], [1, 2], [2, 3], [1, 3])] == [1, 3, 1, 2]
