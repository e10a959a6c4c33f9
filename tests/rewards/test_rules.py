"""Making the grants what was decided."""

from hypothesis import given
from hypothesis import strategies as st

from apps.campaigns.rules import Award, Beneficiary
from apps.rewards.rules import Granted, Shrink, difference

ANN, BOB = 1, 2


def award(points: int, *, policy: str = "p", member: int = ANN) -> Award:
    return Award(policy, Beneficiary.MEMBER, member, points, 0)


def test_what_is_new_is_given() -> None:
    assert difference([award(10)], []).give == (award(10),)


def test_what_is_there_stays() -> None:
    change = difference([award(10)], [Granted(7, "p", ANN, 10)])
    assert (change.give, change.shrink) == ((), ())


def test_what_became_less_shrinks_and_what_fell_away_goes() -> None:
    granted = [Granted(7, "p", ANN, 10), Granted(8, "q", ANN, 5)]
    assert difference([award(4)], granted).shrink == (Shrink(7, 6), Shrink(8, 5))


def test_a_grant_never_grows_nor_comes_twice() -> None:
    change = difference([award(20)], [Granted(7, "p", ANN, 10)])
    assert (change.give, change.shrink) == ((), ())
    again = difference([award(10)], [Granted(7, "p", ANN, 0)])
    assert again.give == ()


def test_a_final_refusal_stays() -> None:
    decided = [award(10), award(10, member=BOB)]
    assert difference(decided, [], [("p", ANN)]).give == (award(10, member=BOB),)


@given(
    decided=st.dictionaries(
        st.tuples(st.sampled_from("pq"), st.integers(1, 3)), st.integers(1, 100), max_size=5
    ),
    granted=st.dictionaries(
        st.tuples(st.sampled_from("pq"), st.integers(1, 3)), st.integers(0, 100), max_size=5
    ),
)
def test_applying_it_twice_changes_nothing_more(
    decided: dict[tuple[str, int], int], granted: dict[tuple[str, int], int]
) -> None:
    awards = [award(points, policy=p, member=m) for (p, m), points in decided.items()]
    before = [Granted(i, p, m, left) for i, ((p, m), left) in enumerate(granted.items())]
    change = difference(awards, before)
    taken = {shrink.grant: shrink.points for shrink in change.shrink}
    after = [
        Granted(g.grant, g.policy, g.member_id, g.left - taken.get(g.grant, 0)) for g in before
    ]
    after += [Granted(99 + i, a.policy, a.member_id, a.points) for i, a in enumerate(change.give)]
    again = difference(awards, after)
    assert (again.give, again.shrink) == ((), ())
    assert all(grant.left >= 0 for grant in after)
