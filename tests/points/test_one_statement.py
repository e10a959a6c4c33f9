"""Moving points in one statement ends like moving them step by step, whatever the purse is like."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.members.models import Member
from apps.points import services
from apps.points.models import Account, Lot, Programme, Reservation, Taking, Transfer
from apps.points.services import one_statement
from tests.conftest import wipe
from tests.points.makers import NOW, broken_promises, claw_back, make_member, pend, reserve, spend

pytestmark = pytest.mark.usefixtures("committed")

EXPIRIES = (None, 1, 2, -1)  # days from now; the last is over and not swept

Move = tuple[str, int, int | None]
moves = st.tuples(
    st.sampled_from(["pend", "settle", "spend", "reserve", "claw_back"]),
    st.integers(1, 60),
    st.sampled_from(EXPIRIES),
)


def do(ann: Member, number: int, move: Move, moment: dt.datetime) -> Any:
    """One move under the key of its number; what it answers or raises."""
    kind, amount, days = move
    key = f"k{number}"
    calls = {
        "pend": lambda: pend(ann, amount, key=key),
        "settle": lambda: services.points_settle(
            member_id=ann.pk,
            amount=amount,
            key=key,
            reference="",
            now=NOW,
            expires_at=None if days is None else moment + dt.timedelta(days=days),
        ),
        "spend": lambda: spend(ann, amount, key=key).amount,
        "reserve": lambda: reserve(ann, amount, key=key).amount,
        "claw_back": lambda: claw_back(ann, amount, key=key),
    }
    try:
        return calls[kind]()
    except services.NotEnoughPoints:
        return "not enough points"
    except services.NotEnoughPending:
        return "not enough pending"


def tell(ann: Member) -> Any:
    """All that is left of it, without ids."""
    transfers = Transfer.objects.filter(debit__member=ann) | Transfer.objects.filter(
        credit__member=ann
    )
    return (
        list(Account.objects.filter(member=ann).order_by("pk").values_list("purpose", "balance")),
        list(
            transfers.distinct()
            .order_by("key")
            .values_list("key", "kind", "debit__purpose", "credit__purpose", "amount", "reference")
        ),
        list(Lot.objects.order_by("pk").values_list("amount", "remaining", "expires_at")),
        list(Taking.objects.order_by("pk").values_list("transfer__key", "lot__amount", "amount")),
        list(Reservation.objects.order_by("pk").values_list("order_id", "amount", "status")),
    )


def story(told: list[Move], moment: dt.datetime) -> Any:
    wipe()
    ann = make_member()
    answers = [do(ann, number, move, moment) for number, move in enumerate(told)]
    again = [do(ann, number, move, moment) for number, move in enumerate(told)]
    left = tell(ann)
    assert broken_promises() == []
    return answers, again, left


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(told=st.lists(moves, max_size=14))
def test_both_ways_end_alike(told: list[Move]) -> None:
    told = [("pend", 60, None), ("settle", 40, 1), *told]
    moment = timezone.now()
    in_one = story(told, moment)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(one_statement, "_run", lambda *_what: [])
        assert story(told, moment) == in_one


def test_settled_points_live_as_long_as_the_programme_says() -> None:
    Programme.objects.create(lifetime_days=30)
    ann = make_member()
    pend(ann, 60, key="p0")  # opens the accounts, step by step
    for key in ("s1", "s2"):
        services.points_settle(member_id=ann.pk, amount=30, key=key, reference="", now=NOW)
    assert set(Lot.objects.values_list("expires_at", flat=True)) == {NOW + dt.timedelta(days=30)}


def test_what_is_asked_nearly_always_takes_one_statement(
    django_assert_num_queries: Any,
) -> None:
    ann = make_member()
    pend(ann, 10, key="opens the accounts")
    with django_assert_num_queries(3):  # each with a commit of its own
        pend(ann, 90, key="p")
        services.points_settle(member_id=ann.pk, amount=90, key="s", reference="", now=NOW)
        spend(ann, 10, key="x")
    with django_assert_num_queries(3):  # between BEGIN and COMMIT
        reserve(ann, 10, key="r")
