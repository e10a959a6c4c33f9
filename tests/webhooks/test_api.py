"""The shop's developer sets up an endpoint and looks after it."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.core.callers import Caller, Door
from apps.webhooks import services
from apps.webhooks.models import Delivery, Endpoint
from tests.webhooks.makers import assert_promises_hold, make_endpoint, make_event
from tests.webhooks.shop import open_shop

pytestmark = pytest.mark.django_db

ENDPOINTS = "/api/v1/webhook-endpoints"


def make_backend(*, is_test: bool = False, scopes: tuple[str, ...] = ("webhooks",)) -> APIClient:
    backend = APIClient()
    caller = Caller(Door.SERVER, "key_1", is_test=is_test, scopes=frozenset(scopes))
    backend.force_authenticate(token=caller)
    return backend


def post(backend: APIClient, path: str, body: Any = None, key: str = "k1") -> Any:
    return backend.post(path, body, format="json", HTTP_IDEMPOTENCY_KEY=key)


def test_the_secret_is_shown_once() -> None:
    backend = make_backend()
    body = {"url": "https://shop.example/hook", "kinds": ["order.paid"]}
    created = post(backend, ENDPOINTS, body)
    assert created.status_code == 201
    assert created.json()["secret"] == Endpoint.objects.get().secret
    again = post(backend, ENDPOINTS, body)
    assert (again.status_code, again["Idempotent-Replayed"]) == (201, "true")
    shown = {name: value for name, value in created.json().items() if name != "secret"}
    assert again.json() == shown
    assert backend.get(f"{ENDPOINTS}/{shown['id']}").json() == shown
    assert backend.get(ENDPOINTS).json()["results"] == [shown]
    assert Endpoint.objects.count() == 1


@pytest.mark.parametrize(
    "body", [{}, {"url": "ftp://shop.example"}, {"url": "https://shop.example", "kinds": "all"}]
)
def test_what_cannot_be_meant_is_refused(body: dict[str, Any]) -> None:
    answer = post(make_backend(), ENDPOINTS, body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].split("/")[1] in ("url", "kinds")


def test_each_mode_sees_its_own() -> None:
    live = make_endpoint()
    in_test = make_backend(is_test=True)
    assert in_test.get(f"{ENDPOINTS}/{live.public_id}").status_code == 404
    assert in_test.get(ENDPOINTS).json()["results"] == []
    assert post(in_test, ENDPOINTS, {"url": "https://shop.example"}).status_code == 201
    assert Endpoint.objects.get(is_test=True) != live


def test_a_key_without_the_scope_stays_outside() -> None:
    assert make_backend(scopes=("orders",)).get(ENDPOINTS).status_code == 403
    assert APIClient().get(ENDPOINTS).status_code == 401


def test_an_endpoint_ends_and_stays_visible() -> None:
    endpoint, backend = make_endpoint(), make_backend()
    make_event()
    path = f"{ENDPOINTS}/{endpoint.public_id}"
    assert [backend.delete(path).status_code for _ in range(2)] == [204, 204]
    assert backend.get(path).json()["is_active"] is False
    (parked,) = backend.get(f"{path}/deliveries").json()["results"]
    assert parked["status"] == "parked"
    refused = post(backend, f"{path}/deliveries/{parked['id']}/retry")
    assert (refused.status_code, refused.json()["code"]) == (409, "endpoint_inactive")


def test_a_delivery_is_seen_and_replayed() -> None:
    backend = make_backend()
    with open_shop() as shop:
        endpoint = make_endpoint(shop.url)
        event = make_event()
        services.deliveries_send()
        path = f"{ENDPOINTS}/{endpoint.public_id}/deliveries"
        (seen,) = backend.get(path).json()["results"]
        assert (seen["kind"], seen["event"]) == (event.kind, event.key)
        assert (seen["status"], seen["attempts"]) == ("delivered", 1)
        retried = post(backend, f"{path}/{seen['id']}/retry")
        assert (retried.status_code, retried.json()["status"]) == (200, "pending")
        services.deliveries_send()
    assert len(shop.received) == 2
    assert_promises_hold()


def test_another_endpoints_delivery_is_not_here() -> None:
    here, there = make_endpoint(), make_endpoint("https://there.example")
    make_event()
    foreign = Delivery.objects.get(endpoint=there)
    path = f"{ENDPOINTS}/{here.public_id}/deliveries/{foreign.public_id}/retry"
    assert post(make_backend(), path).status_code == 404
