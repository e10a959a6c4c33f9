"""A message's way to the shop, over a real wire."""

import json
from collections.abc import Iterator

import pytest
from django.db import IntegrityError, transaction
from standardwebhooks import Webhook

from apps.core.clock import engine_now
from apps.webhooks import courier, nudges, rules, services, tasks
from apps.webhooks.models import Delivery, Endpoint
from apps.webhooks.selectors import DeliveryUnknown
from tests.webhooks.makers import (
    KIND,
    assert_promises_hold,
    delivery_to,
    let_time_pass,
    make_endpoint,
    make_event,
)
from tests.webhooks.shop import Shop, open_shop

Status = Delivery.Status


@pytest.fixture(autouse=True)
def promises(db: None) -> Iterator[None]:
    yield
    assert_promises_hold()


@pytest.fixture
def shop() -> Iterator[Shop]:
    with open_shop() as shop:
        yield shop


def test_the_shop_is_told_and_can_check_who_says_so(shop: Shop) -> None:
    endpoint = make_endpoint(shop.url)
    event = make_event()
    assert services.deliveries_send() == 1
    (message,) = shop.received
    told = Webhook(endpoint.secret).verify(message.body, message.headers)
    assert told == {
        "type": KIND,
        "id": event.key,
        "timestamp": "2026-05-04T12:00:00Z",
        "data": {"elephants": 3, "city": "宁波"},
    }
    delivery = delivery_to(endpoint)
    assert (message.id, message.path) == (delivery.message_id, "/hook")
    assert (delivery.status, delivery.attempts) == (Status.DELIVERED, 1)
    assert services.deliveries_send() == 0


def test_a_message_changed_on_the_way_does_not_verify(shop: Shop) -> None:
    endpoint = make_endpoint(shop.url)
    make_event()
    services.deliveries_send()
    (message,) = shop.received
    forged = json.dumps(json.loads(message.body) | {"data": {"elephants": 4}})
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(endpoint.secret).verify(forged, message.headers)


def test_only_who_listens_is_told() -> None:
    everything, this, other = (make_endpoint(kinds=kinds) for kinds in ((), (KIND,), ("x.y",)))
    silent, in_test = make_endpoint(), make_endpoint(is_test=True)
    services.endpoint_deactivate(endpoint_id=silent.pk)
    make_event()
    assert _told() == {everything, this}
    make_event(is_test=True)
    assert _told() == {everything, this, in_test}
    assert other not in _told()


def _told() -> set[Endpoint]:
    return set(Endpoint.objects.filter(deliveries__isnull=False))


def test_a_failure_is_tried_again_under_the_same_id(shop: Shop) -> None:
    shop.answers = [500]
    endpoint = make_endpoint(shop.url)
    make_event()
    services.deliveries_send()
    put_off = delivery_to(endpoint)
    assert (put_off.status, put_off.attempts) == (Status.PENDING, 1)
    assert (put_off.last_status_code, put_off.last_error) == (500, "HTTP 500")
    assert put_off.due_at > engine_now()
    assert services.deliveries_send() == 0, "the pause is not over"
    let_time_pass()
    assert services.deliveries_send() == 1
    first, second = shop.received
    assert first.id == second.id
    assert first.body == second.body
    assert delivery_to(endpoint).status == Status.DELIVERED


def test_after_the_last_attempt_it_is_parked_until_an_operator_retries(shop: Shop) -> None:
    shop.answers = [503] * rules.MAX_ATTEMPTS
    endpoint = make_endpoint(shop.url)
    make_event()
    while services.deliveries_send():
        let_time_pass()
    parked = delivery_to(endpoint)
    assert (parked.status, parked.attempts) == (Status.PARKED, rules.MAX_ATTEMPTS)
    services.delivery_retry(delivery_id=parked.pk)
    assert services.deliveries_send() == 1
    assert delivery_to(endpoint).status == Status.DELIVERED
    assert len({message.id for message in shop.received}) == 1


def test_gone_ends_the_endpoint_and_all_that_was_on_its_way(shop: Shop) -> None:
    shop.answers = [410]
    endpoint = make_endpoint(shop.url)
    make_event()
    services.deliveries_send()
    endpoint.refresh_from_db()
    assert not endpoint.is_active
    assert delivery_to(endpoint).status == Status.PARKED
    make_event()
    assert Delivery.objects.count() == 1
    with pytest.raises(services.EndpointInactive), transaction.atomic():
        services.delivery_retry(delivery_id=delivery_to(endpoint).pk)


def test_a_redirect_is_not_followed(shop: Shop) -> None:
    shop.answers = [307]
    endpoint = make_endpoint(shop.url)
    make_event()
    services.deliveries_send()
    assert [message.path for message in shop.received] == ["/hook"]
    assert delivery_to(endpoint).last_error == "HTTP 307"


@pytest.mark.parametrize("traits", [{"seconds": 1.0}, {"drip": True}], ids=["silent", "dripping"])
def test_a_slow_shop_is_left_and_delays_no_other(
    shop: Shop, traits: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier, "TOTAL_SECONDS", 0.2)
    with open_shop(**traits) as slow:
        to_slow, to_fast = make_endpoint(slow.url), make_endpoint(shop.url)
        make_event()
        assert services.deliveries_send() == 2
    assert delivery_to(to_fast).status == Status.DELIVERED
    late = delivery_to(to_slow)
    assert (late.status, late.last_error) == (Status.PENDING, "No answer within 0.2 seconds.")


def test_nobody_at_home_is_a_failure_like_any_other() -> None:
    with open_shop() as closed:
        endpoint = make_endpoint(closed.url)
    make_event()
    services.deliveries_send()
    failed = delivery_to(endpoint)
    assert (failed.status, failed.last_status_code) == (Status.PENDING, None)
    assert failed.last_error.startswith("ConnectError")


def test_one_message_that_cannot_be_signed_stops_no_other(shop: Shop) -> None:
    broken, sound = make_endpoint(shop.url), make_endpoint(shop.url)
    Endpoint.objects.filter(pk=broken.pk).update(secret="whsec_")
    make_event()
    assert services.deliveries_send() == 2
    assert delivery_to(sound).status == Status.DELIVERED
    assert delivery_to(broken).last_error.startswith("EmptyWebhookSecretError")


def test_a_sender_that_died_is_replaced_after_its_lease(shop: Shop) -> None:
    endpoint = make_endpoint(shop.url)
    make_event()
    (of_the_dead,) = services._claim(endpoint.pk, 10)
    assert services.deliveries_send() == 0, "it may still be alive"
    let_time_pass()
    assert services.deliveries_send() == 1
    assert [message.id for message in shop.received] == [of_the_dead.message_id]
    # It was only slow: what it says now no longer counts.
    services._write_down(of_the_dead, courier.Answer(500, "HTTP 500"))
    assert delivery_to(endpoint).status == Status.DELIVERED


def test_a_delivered_message_can_be_replayed(shop: Shop) -> None:
    endpoint = make_endpoint(shop.url)
    make_event()
    services.deliveries_send()
    services.delivery_retry(delivery_id=delivery_to(endpoint).pk)
    assert services.deliveries_send() == 1
    first, again = shop.received
    assert first.id == again.id


def test_a_retry_leaves_a_post_under_way_alone(shop: Shop) -> None:
    endpoint = make_endpoint(shop.url)
    make_event()
    (parcel,) = services._claim(endpoint.pk, 10)
    services.delivery_retry(delivery_id=parcel.delivery_id)
    assert services.deliveries_send() == 0


def test_there_is_nothing_to_retry() -> None:
    with pytest.raises(DeliveryUnknown), transaction.atomic():
        services.delivery_retry(delivery_id=0)


def test_what_was_under_way_when_the_endpoint_ended_may_still_arrive(shop: Shop) -> None:
    endpoint = make_endpoint(shop.url)
    make_event()
    (parcel,) = services._claim(endpoint.pk, 10)
    services.endpoint_deactivate(endpoint_id=endpoint.pk)
    assert delivery_to(endpoint).status == Status.PARKED
    services._write_down(parcel, courier.Answer(200))
    assert delivery_to(endpoint).status == Status.DELIVERED


def test_an_event_is_told_once_to_an_endpoint() -> None:
    make_endpoint()
    event = make_event()
    with pytest.raises(IntegrityError, match="one_delivery"), transaction.atomic():
        services.deliveries_create(event=event)


def test_a_sender_is_woken_at_commit_and_while_something_is_due(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks
) -> None:
    woken = []
    monkeypatch.setattr(nudges, "nudge_sender", lambda: woken.append("!"))
    nudges.nudge_when_due()
    assert woken == []
    make_endpoint(shop.url)
    with django_capture_on_commit_callbacks(execute=True):
        make_event()
    assert woken == ["!"]
    assert nudges.nudge_when_due() == 0, "whoever drains all sweepers would never end"
    assert woken == ["!", "!"]
    assert shop.received == [], "the sweeper itself posts nothing"
    services.deliveries_send()
    nudges.nudge_when_due()
    assert woken == ["!", "!"]


def test_the_task_that_is_nudged_exists(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    monkeypatch.setattr(nudges, "nudge", sent.append)
    nudges.nudge_sender()
    assert sent == [tasks.send_deliveries.name]
