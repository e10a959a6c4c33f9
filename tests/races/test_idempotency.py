"""One Idempotency-Key, many requests at once, one effect."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate

from apps.core import api
from apps.core.callers import Caller, Door
from apps.core.models import IdempotentReply
from apps.groupbuy.api import offers as groupbuy_api
from apps.groupbuy.models import Offer, Room
from apps.members.models import Member
from tests.flows.client import Shop
from tests.makers import make_campaign, make_key, make_member, make_offer
from tests.races.threads import Gap, attempt, broken_promises, without


def test_twenty_times_at_once_over_http(promised: None, served: str) -> None:
    offer = make_offer(make_campaign(), size=2).public_id
    with httpx.Client(base_url=served, verify=False, timeout=30, trust_env=False) as http:
        ann = Shop(http, make_key()).phone("ann")
        with ThreadPoolExecutor(20) as pool:
            answers = list(
                pool.map(lambda _: ann.post(f"/offers/{offer}/rooms", key="tap"), range(20))
            )
        last = ann.post(f"/offers/{offer}/rooms", key="tap")
    assert Room.objects.count() == 1
    codes = [answer.status_code for answer in answers]
    assert set(codes) <= {201, 409}
    assert 201 in codes
    rooms = {answer.json()["room"]["id"] for answer in answers if answer.status_code == 201}
    assert rooms == {last.json()["room"]["id"]}
    first = [
        answer
        for answer in answers
        if answer.status_code == 201 and "idempotent-replayed" not in answer.headers
    ]
    assert len(first) == 1
    refused = {answer.json()["code"] for answer in answers if answer.status_code == 409}
    assert refused <= {"request_in_flight"}


def open_room(offer: Offer, ann: Member) -> Response:
    """The same request, with the same key, straight at the door."""
    request = APIRequestFactory().post(
        f"/api/v1/offers/{offer.public_id}/rooms", {}, format="json", HTTP_IDEMPOTENCY_KEY="tap"
    )
    caller = Caller(Door.MEMBER, ann.public_id, is_test=False, member_id=ann.pk)
    force_authenticate(request, token=caller)
    return groupbuy_api.OfferRoomsView.as_view()(request, offer_id=offer.public_id)


def twice(monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """A request that found no reply yet; before it has one of its own, its twin comes."""
    offer, ann = make_offer(make_campaign()), make_member("ann")
    services = groupbuy_api.services
    gap = Gap(services.room_open, lambda: open_room(offer, ann))
    monkeypatch.setattr(services, "room_open", gap)
    return attempt(lambda: open_room(offer, ann)), gap.outcome


def test_the_second_is_told_that_the_first_is_under_way(
    promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = twice(monkeypatch)
    assert (first.status_code, second.status_code) == (201, 409)
    assert second.data["code"] == "request_in_flight"
    assert Room.objects.count() == 1


def test_control_without_the_claim_the_unique_key_still_undoes_one(
    promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "claim", lambda asked: (True, None))
    first, second = twice(monkeypatch)
    assert (first.status_code, second.status_code) == (201, 409)
    assert Room.objects.count() == 1


def test_control_without_claim_and_unique_key_there_are_two_effects(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "claim", lambda asked: (True, None))
    with without("core_idempotentreply", "one_effect_per_key"):
        first, second = twice(monkeypatch)
        assert (first.status_code, second.status_code) == (201, 201)
        assert (Room.objects.count(), IdempotentReply.objects.count()) == (2, 2)
        assert broken_promises() == {13}
