"""Two senders at once. The control takes the lease away."""

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from apps.webhooks import nudges, services
from apps.webhooks.models import Delivery
from tests.webhooks.makers import assert_promises_hold, make_endpoint, make_event
from tests.webhooks.shop import Shop, open_shop

MESSAGES = 9


@pytest.fixture
def shop(committed: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setattr(nudges, "nudge_sender", lambda: None)  # these tests send by hand
    with open_shop(seconds=0.2) as shop:
        make_endpoint(shop.url)
        for _ in range(MESSAGES):
            make_event()
        yield shop
        assert_promises_hold()


def send_with(senders: int, shop: Shop, *, limit: int) -> int:
    """Several senders, all but the first starting while the shop still holds a message."""

    def send(number: int) -> int:
        try:
            if number > 0:
                assert shop.met.wait(30)
            return services.deliveries_send(limit=limit)
        finally:
            connection.close()

    with ThreadPoolExecutor(senders) as pool:
        return sum(pool.map(send, range(senders)))


def test_senders_share_the_work_and_post_each_message_once(shop: Shop) -> None:
    sent = send_with(4, shop, limit=3)
    assert sent == len(shop.received) == len({message.id for message in shop.received})
    assert sent > 3, "more than the first sender's share"
    while services.deliveries_send():
        pass
    assert len(shop.received) == MESSAGES
    assert not Delivery.objects.exclude(status=Delivery.Status.DELIVERED).exists()


def test_control_without_the_lease_a_message_is_posted_twice_at_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "LEASE", dt.timedelta(0))
    shop.seconds = 8  # at the most: until the second sender has come
    send_with(2, shop, limit=3)
    assert shop.most_of_one_message == 2


def test_all_senders_together_keep_to_the_width_of_a_lane(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "LANE_WIDTH", 3)
    send_with(4, shop, limit=30)
    assert shop.most_at_once == 3


def told_while_a_dead_one_is_waited_for() -> bool:
    """Whether a message that comes while a dead shop holds the only sender is told at once."""
    with open_shop(seconds=9.5) as dead, open_shop() as fine:
        make_endpoint(dead.url, kinds=("dead.one",))
        make_endpoint(fine.url, kinds=("fine.one",))
        make_event("dead.one")

        def send() -> None:
            try:
                services.deliveries_send()
            finally:
                connection.close()

        with ThreadPoolExecutor(1) as pool:
            pool.submit(send)
            assert dead.met.wait(30)
            make_event("fine.one")
            told = fine.met.wait(7)
            dead.twins.set()  # it is waited for no longer
        return told


def test_a_dead_endpoint_does_not_keep_the_sender_from_others(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nudges, "nudge_sender", lambda: None)
    assert told_while_a_dead_one_is_waited_for()
    assert_promises_hold()


def test_control_a_sender_that_looks_only_once_keeps_others_waiting(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nudges, "nudge_sender", lambda: None)
    monkeypatch.setattr(services, "LOOK_SECONDS", 60.0)
    assert not told_while_a_dead_one_is_waited_for()
