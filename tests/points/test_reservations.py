"""Points set aside, captured, released, given back after refunds; and spent at once."""

import datetime as dt
from collections.abc import Iterator

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.core.models import Event
from apps.members.models import Member
from apps.points import events, services
from apps.points.models import Account, Lot, Programme, Reservation
from apps.points.selectors import Wallet, points_usable, wallet
from tests.points.makers import (
    NOW,
    broken_promises,
    capture_order,
    claw_back,
    earn,
    make_earner,
    make_member,
    reserve,
    return_order,
    spend,
)

DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def ledger(db: None) -> Iterator[None]:
    yield
    assert broken_promises() == []


def lots_of(member: Member) -> dict[dt.datetime | None, int]:
    """What can still be spent, by its end."""
    rows = Lot.objects.open().filter(account__member=member)
    return {row.expires_at: row.remaining for row in rows}


def pass_away(member: Member, expires_at: dt.datetime) -> None:
    """The end of these lots is over."""
    over = timezone.now() - DAY
    Lot.objects.filter(account__member=member, expires_at=expires_at).update(expires_at=over)


def overdue(reservation: Reservation) -> None:
    over = timezone.now() - DAY
    Reservation.objects.filter(pk=reservation.pk).update(expires_at=over)


def test_released_points_keep_their_end() -> None:
    ann, may = make_earner(50), timezone.now() + DAY
    earn(ann, 50, key="may", expires_at=may)
    held = reserve(ann, 70)
    assert lots_of(ann) == {None: 30}
    services.reservation_release(public_id=held.public_id, is_test=False, now=NOW)
    assert lots_of(ann) == {may: 50, None: 50}
    assert wallet(ann.pk) == Wallet(available=100)


def test_what_expired_while_it_was_reserved_expires_at_its_release() -> None:
    ann, may = make_earner(50), timezone.now() + DAY
    earn(ann, 50, key="may", expires_at=may)
    held = reserve(ann, 70)
    pass_away(ann, may)
    services.reservation_release(public_id=held.public_id, is_test=False, now=NOW)
    assert wallet(ann.pk) == Wallet(available=50)
    assert Event.objects.filter(kind=events.EXPIRED).count() == 1


def test_an_order_captures_all_that_is_reserved_for_it() -> None:
    ann = make_earner(100)
    reserve(ann, 30, order_id="o1")
    late = reserve(ann, 20, order_id="o1")
    reserve(ann, 10, order_id="o2")
    overdue(late)
    assert capture_order(ann, "o1") == 50
    assert capture_order(ann, "o1") == 0
    assert wallet(ann.pk) == Wallet(available=40, reserved=10)


def test_an_order_takes_nothing_of_somebody_else_or_of_what_was_released() -> None:
    ann, bob = make_earner(100), make_earner(100)
    gone = reserve(ann, 30, order_id="o1")
    services.reservation_release(public_id=gone.public_id, is_test=False, now=NOW)
    reserve(bob, 40, order_id="o1")
    assert capture_order(ann, "o1") == 0
    assert wallet(bob.pk) == Wallet(available=60, reserved=40)


def test_a_cancelled_order_gives_back_what_was_reserved() -> None:
    ann, bob = make_earner(100), make_earner(100)
    reserve(ann, 30, order_id="o1")
    reserve(bob, 40, order_id="o1")
    released = services.points_release_order(order_id="o1", is_test=False, now=NOW)
    again = services.points_release_order(order_id="o1", is_test=False, now=NOW)
    assert (released, again) == (70, 0)
    assert wallet(ann.pk) == wallet(bob.pk) == Wallet(available=100)


def test_a_reservation_whose_time_is_up_is_released_and_said() -> None:
    ann = make_earner(100)
    late, open_one = reserve(ann, 30), reserve(ann, 20)
    overdue(late)
    assert (services.reservations_expire(), services.reservations_expire()) == (1, 0)
    assert wallet(ann.pk) == Wallet(available=80, reserved=20)
    late.refresh_from_db()
    assert (late.status, late.cause) == ("released", "timed_out")
    assert Event.objects.get(kind=events.RESERVATION_TIMED_OUT).payload["points"] == 30
    assert open_one.expires_at > timezone.now()


def test_a_claw_back_leaves_what_is_reserved() -> None:
    ann = make_earner(100)
    reserve(ann, 60)
    assert claw_back(ann, 70, key="r1") == services.ClawedBack(taken=40, owed=30)
    assert wallet(ann.pk) == Wallet(reserved=60, debt=-30)
    services.points_release_order(order_id="o1", is_test=False, now=NOW)
    assert wallet(ann.pk) == Wallet(available=60, debt=-30)


def test_a_refund_gives_back_its_share_with_the_old_end() -> None:
    ann, may = make_earner(50), timezone.now() + DAY
    earn(ann, 50, key="may", expires_at=may)
    reserve(ann, 70)
    capture_order(ann, "o1")
    assert return_order("o1", refunded=333, paid=1000) == 23
    assert lots_of(ann) == {None: 50, may: 3}
    assert return_order("o1", refunded=333, paid=1000) == 0
    assert return_order("o1", refunded=1000, paid=1000) == 47
    assert lots_of(ann) == {None: 50, may: 50}
    assert Reservation.objects.get().returned == 70


def test_what_expired_before_the_refund_expires_again() -> None:
    ann, may = make_member(), timezone.now() + DAY
    earn(ann, 50, key="may", expires_at=may)
    reserve(ann, 50)
    capture_order(ann, "o1")
    pass_away(ann, may)
    assert return_order("o1", refunded=1, paid=1) == 50
    assert wallet(ann.pk) == Wallet()


def test_an_order_paid_with_points_alone_gives_all_back() -> None:
    ann = make_earner(100)
    reserve(ann, 100)
    capture_order(ann, "o1")
    assert return_order("o1", refunded=0, paid=0) == 100


def test_spent_at_once_and_given_back_once() -> None:
    ann, may = make_earner(50), timezone.now() + DAY
    earn(ann, 50, key="may", expires_at=may)
    first = spend(ann, 70, key="shelf:1")
    assert spend(ann, 70, key="shelf:1") == first
    assert wallet(ann.pk) == Wallet(available=30)
    assert services.points_unspend(key="shelf:1", now=NOW) == 70
    assert services.points_unspend(key="shelf:1", now=NOW) == 0
    assert lots_of(ann) == {may: 50, None: 50}
    with pytest.raises(services.SpendUnknown), transaction.atomic():
        services.points_unspend(key="shelf:2", now=NOW)


def test_expired_points_pay_nothing_before_they_are_swept() -> None:
    ann = make_member()
    earn(ann, 50, key="over", expires_at=timezone.now() - DAY)
    for call in (lambda: spend(ann, 1, key="s"), lambda: reserve(ann, 1)):
        with pytest.raises(services.NotEnoughPoints), transaction.atomic():
            call()


def test_a_repeat_finds_its_reservation_when_the_points_are_gone() -> None:
    ann = make_earner(100)
    first = reserve(ann, 100, key="k")
    assert reserve(ann, 100, key="k") == first
    with pytest.raises(services.TransferConflict), transaction.atomic():
        reserve(ann, 99, key="k")


@pytest.mark.parametrize("ttl", [dt.timedelta(0), dt.timedelta(days=31)])
def test_nothing_is_reserved_for_no_time_or_for_ever(ttl: dt.timedelta) -> None:
    ann = make_earner(100)
    with pytest.raises(services.ReservationTimeInvalid), transaction.atomic():
        reserve(ann, 10, ttl=ttl)


def test_the_database_refuses_more_given_back_than_captured() -> None:
    ann = make_earner(100)
    reserve(ann, 30)
    capture_order(ann, "o1")
    with pytest.raises(IntegrityError, match="returns_what_it_captured"), transaction.atomic():
        Reservation.objects.update(returned=31)


def test_check_invariants_sees_a_reservation_that_was_resolved_by_hand() -> None:
    ann = make_earner(100)
    reserve(ann, 30)
    with transaction.atomic():
        Reservation.objects.update(status="captured", resolved_at=timezone.now())
        assert sorted(set(broken_promises())) == [2, 3]
        transaction.set_rollback(True)


def test_what_an_order_may_take() -> None:
    Programme.objects.create(worth_of_100_points_minor=10, max_share_bps=5000)
    ann = make_earner(1234)

    def usable(order_minor: int, currency: str = "CNY") -> tuple[int, int, str]:
        found = points_usable(
            member_id=ann.pk, order_minor=order_minor, currency=currency, is_test=False
        )
        return found.points, found.worth_minor, found.reason

    assert usable(100_000) == (1230, 123, "")
    assert usable(101) == (500, 50, "")
    assert usable(1) == (0, 0, "order_too_small")
    assert usable(100, "EUR") == (0, 0, "currency_mismatch")


def test_settled_points_live_as_long_as_the_programme_says() -> None:
    Programme.objects.create(lifetime_days=30)
    ann = make_earner(100)
    assert list(lots_of(ann)) == [NOW + 30 * DAY]
    Programme.objects.update(lifetime_days=None)
    bob = make_earner(100)
    assert list(lots_of(bob)) == [None]


def test_accounts_opened_before_reservations_were_known_gain_theirs() -> None:
    ann = make_member()
    for purpose in ("available", "pending", "debt"):
        Account.objects.create(member=ann, purpose=purpose)
    earn(ann, 10, key="g1")
    assert wallet(ann.pk) == Wallet(available=10)
