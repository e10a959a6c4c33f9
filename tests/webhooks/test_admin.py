"""The operator, olga, looks after endpoints and deliveries."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.webhooks.models import Delivery, Endpoint
from tests.webhooks.makers import delivery_to, make_endpoint, make_event


def submit(olga: Client, page: str, fields: dict[str, Any], *args: int) -> str:
    answer = olga.post(reverse(f"admin:webhooks_{page}", args=args), fields, follow=True)
    return answer.content.decode()


def test_olga_adds_an_endpoint_and_sees_its_secret_once(olga: Client) -> None:
    fields = {"url": "https://shop.example/hook", "description": "", "kinds": '["order.paid"]'}
    page = submit(olga, "endpoint_add", fields)
    endpoint = Endpoint.objects.get()
    assert (endpoint.kinds, endpoint.is_active) == (["order.paid"], True)
    assert endpoint.secret in page.replace("&#x2B;", "+")
    change = reverse("admin:webhooks_endpoint_change", args=[endpoint.pk])
    assert endpoint.secret not in olga.get(change).content.decode()


def test_olga_mistypes_an_address(olga: Client) -> None:
    page = submit(olga, "endpoint_add", {"url": "shop.example", "kinds": "{}"})
    assert "starts with https://" in page
    assert not Endpoint.objects.exists()


def test_olga_switches_an_endpoint_off(olga: Client) -> None:
    endpoint = make_endpoint()
    make_event()
    fields = {"url": endpoint.url, "description": "closed", "kinds": "[]"}
    submit(olga, "endpoint_change", fields, endpoint.pk)
    endpoint.refresh_from_db()
    assert (endpoint.description, endpoint.is_active) == ("closed", False)
    assert delivery_to(endpoint).status == Delivery.Status.PARKED


def test_olga_sends_a_parked_delivery_again(olga: Client) -> None:
    endpoint = make_endpoint()
    make_event()
    Delivery.objects.update(status=Delivery.Status.PARKED, attempts=8)
    chosen = {"action": "retry", "_selected_action": [delivery_to(endpoint).pk]}
    page = submit(olga, "delivery_changelist", chosen)
    assert "1 deliveries will be sent again" in page
    assert delivery_to(endpoint).status == Delivery.Status.PENDING


@pytest.mark.parametrize("page", ["endpoint_changelist", "delivery_changelist"])
def test_the_lists_open(olga: Client, page: str) -> None:
    make_endpoint()
    make_event()
    assert olga.get(reverse(f"admin:webhooks_{page}")).status_code == 200
