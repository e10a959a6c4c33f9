"""Points end, and the shop hears of it before."""

import datetime as dt
from collections.abc import Iterator

import pytest
from django.utils import timezone

from apps.core import sweepers
from apps.core.models import Event
from apps.points import events, services
from apps.points.models import Programme
from apps.points.selectors import Wallet, wallet
from tests.points.makers import broken_promises, earn, make_earner, make_member

DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def ledger(db: None) -> Iterator[None]:
    yield
    assert broken_promises() == []


def test_what_is_over_is_taken_once_and_said() -> None:
    ann, bob = make_earner(10), make_member()
    over = timezone.now() - DAY
    earn(ann, 20, key="a", expires_at=over)
    earn(ann, 30, key="b", expires_at=over - DAY)
    earn(bob, 40, key="c", expires_at=over)
    earn(bob, 50, key="d", expires_at=timezone.now() + DAY)
    assert (services.points_expire(), services.points_expire()) == (2, 0)
    assert (wallet(ann.pk), wallet(bob.pk)) == (Wallet(available=10), Wallet(available=50))
    told = Event.objects.filter(kind=events.EXPIRED).order_by("pk")
    assert [event.payload["points"] for event in told] == [50, 40]
    assert [event.payload["member"] for event in told] == [ann.public_id, bob.public_id]


def test_a_run_takes_a_batch_and_the_next_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweepers, "BATCH", 2)
    for n in range(3):
        earn(make_member(), 5, key=f"g{n}", expires_at=timezone.now() - DAY)
    assert (services.points_expire(), services.points_expire()) == (2, 1)


def test_a_lot_is_announced_once_with_the_others_of_its_member() -> None:
    ann = make_earner(10)
    soon = timezone.now() + 3 * DAY
    earn(ann, 20, key="a", expires_at=soon)
    earn(ann, 30, key="b", expires_at=soon + DAY)
    earn(ann, 40, key="c", expires_at=soon + 30 * DAY)
    assert (services.points_announce(), services.points_announce()) == (1, 0)
    told = Event.objects.get(kind=events.EXPIRING).payload
    assert (told["member"], told["points"]) == (ann.public_id, 50)
    assert told["lots"][0] == {"points": 20, "expires_at": soon.isoformat()}
    earn(ann, 5, key="d", expires_at=soon)
    assert services.points_announce() == 1
    assert Event.objects.filter(kind=events.EXPIRING).count() == 2


def test_nothing_is_announced_where_nobody_wants_it_or_it_is_over() -> None:
    ann = make_member()
    earn(ann, 20, key="over", expires_at=timezone.now() - DAY)
    assert services.points_announce() == 0
    earn(ann, 20, key="soon", expires_at=timezone.now() + DAY)
    Programme.objects.create(notice_days=0)
    assert services.points_announce() == 0
    Programme.objects.update(notice_days=2)
    assert services.points_announce() == 1


def test_each_mode_has_its_own_notice() -> None:
    Programme.objects.create(is_test=True, notice_days=1)
    ann = make_member()
    ann.is_test = True
    ann.save()
    earn(ann, 20, key="soon", expires_at=timezone.now() + 3 * DAY)
    assert services.points_announce() == 0
    Programme.objects.update(notice_days=4)
    assert services.points_announce() == 1
    assert Event.objects.get(kind=events.EXPIRING).is_test
