"""What must change so that the grants of a subject are what was decided."""

from hypothesis import given
from hypothesis import strategies as st

from apps.campaigns.rules import Award, AwardKind, Beneficiary
from apps.rewards.rules import Change, Granted, Shrink, difference

ANN, BOB = 1, 2


def award(member: int, points: int, policy: str = "p") -> Award:
    return Award(policy, Beneficiary.MEMBER, member, AwardKind.POINTS, points, 0)


def test_what_was_decided_first_is_given() -> None:
    assert difference([award(ANN, 10)], []) == Change((award(ANN, 10),), ())


def test_less_is_taken_back_and_more_is_not_given() -> None:
    granted = [Granted(7, "p", ANN, 10), Granted(8, "p", BOB, 10)]
    assert difference([award(ANN, 4), award(BOB, 99)], granted) == Change((), (Shrink(7, 6),))


def test_who_drops_out_gives_everything_back() -> None:
    assert difference([], [Granted(7, "p", ANN, 10)]) == Change((), (Shrink(7, 10),))


def test_what_was_taken_back_in_full_stays_so() -> None:
    assert difference([award(ANN, 10)], [Granted(7, "p", ANN, 0)]) == Change((), ())


def test_a_final_refusal_is_not_asked_again() -> None:
    assert difference([award(ANN, 10)], [], [("p", ANN)]) == Change((), ())


pairs = st.tuples(st.sampled_from("pqr"), st.integers(1, 4))
awards = st.dictionaries(pairs, st.integers(1, 100)).map(
    lambda decided: [award(member, points, policy) for (policy, member), points in decided.items()]
)
grants = st.dictionaries(pairs, st.integers(0, 100)).map(
    lambda made: [
        Granted(number, policy, member, left)
        for number, ((policy, member), left) in enumerate(made.items())
    ]
)


def applied(granted: list[Granted], change: Change) -> list[Granted]:
    """The grants after `change`."""
    back = {shrink.grant: shrink.amount for shrink in change.shrink}
    kept = [Granted(g.grant, g.policy, g.member_id, g.left - back.get(g.grant, 0)) for g in granted]
    new = [
        Granted(1000 + n, given.policy, given.member_id, given.amount)
        for n, given in enumerate(change.give)
    ]
    return kept + new


@given(awards, grants, st.lists(pairs))
def test_applied_once_nothing_is_left_to_change(
    decided: list[Award], granted: list[Granted], closed: list[tuple[str, int]]
) -> None:
    after = applied(granted, difference(decided, granted, closed))
    assert difference(decided, after, closed) == Change((), ())


@given(awards, grants, st.lists(pairs))
def test_nobody_ends_with_more_than_was_decided_nor_below_zero(
    decided: list[Award], granted: list[Granted], closed: list[tuple[str, int]]
) -> None:
    due = {(a.policy, a.member_id): a.amount for a in decided}
    for grant in applied(granted, difference(decided, granted, closed)):
        assert 0 <= grant.left <= due.get((grant.policy, grant.member_id), 0)


@given(awards, grants)
def test_the_order_of_grants_does_not_matter(decided: list[Award], granted: list[Granted]) -> None:
    one, other = difference(decided, granted), difference(decided[::-1], granted[::-1])
    assert set(one.give) == set(other.give)
    assert set(one.shrink) == set(other.shrink)
