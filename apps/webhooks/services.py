"""Endpoints, and getting every message to them at least once.

Locks go endpoint before its deliveries. Nothing is posted while a transaction is open.
"""

import asyncio
import base64
import datetime as dt
import logging
import random
import secrets
import time
from collections import Counter

import httpx
from asgiref.sync import async_to_sync, sync_to_async
from django.db import transaction

from apps.core.clock import EngineNow, engine_now
from apps.core.errors import Conflict, Invalid
from apps.core.models import Event
from apps.core.transactions import in_transaction, retrying
from apps.webhooks import courier, nudges, rules
from apps.webhooks.courier import Answer, Parcel
from apps.webhooks.models import Delivery, Endpoint
from apps.webhooks.selectors import DeliveryUnknown

log = logging.getLogger(__name__)

# Posts under way to one endpoint, over all senders: a slow shop holds no more of us than this.
LANE_WIDTH = 8
# After this a sender whose worker died counts as gone. Far more than one post may take.
LEASE = dt.timedelta(seconds=60)
# A sender starts no further post after this, and leaves its worker to others.
PASS_SECONDS = 10.0
# While a slow shop keeps a sender, it looks this often what has come for the others.
LOOK_SECONDS = 1.0


class EndpointAddressInvalid(Invalid):
    code = "endpoint_address_invalid"


class EndpointInactive(Conflict):
    code = "endpoint_inactive"
    message = "This webhook endpoint is not active."


@in_transaction
def endpoint_create(
    *, url: str, kinds: tuple[str, ...] = (), description: str = "", is_test: bool = False
) -> Endpoint:
    """A new endpoint with a fresh secret, told about `kinds` of events, or all when empty.

    It hears of what is processed from now on. Raises EndpointAddressInvalid.
    """
    _check_address(url)
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    return Endpoint.objects.create(
        url=url, kinds=list(kinds), description=description, is_test=is_test, secret=secret
    )


@in_transaction
def endpoint_update(
    *, endpoint_id: int, url: str, kinds: tuple[str, ...], description: str, is_active: bool
) -> None:
    """Change what an operator may change; what is under way still goes to the old address.

    Raises EndpointAddressInvalid. Locks the endpoint, and its deliveries when it ends.
    """
    _check_address(url)
    Endpoint.objects.filter(pk=endpoint_id).update(
        url=url, kinds=list(kinds), description=description, is_active=is_active
    )
    if not is_active:
        _park_deliveries(endpoint_id)


@in_transaction
def endpoint_deactivate(*, endpoint_id: int) -> None:
    """Tell an endpoint nothing more and park what was on its way. Again: no effect.

    Locks the endpoint, then its deliveries.
    """
    Endpoint.objects.filter(pk=endpoint_id).update(is_active=False)
    _park_deliveries(endpoint_id)


@in_transaction
def deliveries_create(*, event: Event) -> int:
    """Put one delivery on its way to each endpoint that listens; how many. Wakes a sender."""
    if event.is_internal:
        return 0
    listening = Endpoint.objects.listening_to(event.kind, is_test=event.is_test)
    deliveries = [Delivery(endpoint=endpoint, event=event) for endpoint in listening]
    if deliveries:
        Delivery.objects.bulk_create(deliveries)
        transaction.on_commit(nudges.nudge_sender)
    return len(deliveries)


@in_transaction
def delivery_retry(*, delivery_id: int) -> None:
    """Send a delivery (again) now, under the same message id, with all its attempts before it.

    Also one that was delivered: the shop asked for a replay. Raises DeliveryUnknown and
    EndpointInactive. Locks the delivery.
    """
    delivery = Delivery.objects.select_related("endpoint").filter(pk=delivery_id).first()
    if delivery is None:
        raise DeliveryUnknown()
    if not delivery.endpoint.is_active:
        raise EndpointInactive()
    # A lease is left alone: if it is being posted right now, nobody posts it a second time.
    Delivery.objects.filter(pk=delivery_id).update(
        status=Delivery.Status.PENDING, attempts=0, due_at=EngineNow(), delivered_at=None
    )
    transaction.on_commit(nudges.nudge_sender)


def deliveries_send(*, limit: int = 1000) -> int:
    """Post what is due, at most `limit` messages to each endpoint; how many were posted.

    Every endpoint has a lane of its own, so a slow one delays no other, nor what comes for another
    while it is waited for. Returns at the latest 20 seconds after it began, as soon as all lanes
    have ended; the rest is for the next look. Must not run inside a transaction. May
    run any number of times at once: a delivery is leased to one sender.
    """
    return async_to_sync(_send_on_all_lanes)(limit)


async def _send_on_all_lanes(limit: int) -> int:
    stop_at = time.monotonic() + PASS_SECONDS
    sent: Counter[int] = Counter()
    lanes: dict[int, asyncio.Task[int]] = {}
    async with courier.client() as client:
        try:
            while True:
                for endpoint in await sync_to_async(_endpoints_waiting)():
                    if endpoint not in lanes and sent[endpoint] < limit:
                        lane = _send_on_lane(client, endpoint, limit - sent[endpoint], stop_at)
                        lanes[endpoint] = asyncio.create_task(lane)
                if lanes:
                    await asyncio.wait(lanes.values(), timeout=LOOK_SECONDS)
                for endpoint in [name for name, task in lanes.items() if task.done()]:
                    sent[endpoint] += lanes.pop(endpoint).result()
                if not lanes:
                    return sent.total()
        finally:  # one lane that raises lets the others end
            await asyncio.gather(*lanes.values(), return_exceptions=True)


async def _send_on_lane(
    client: httpx.AsyncClient, endpoint_id: int, limit: int, stop_at: float
) -> int:
    sent = 0
    while sent < limit and time.monotonic() < stop_at:
        parcels = await sync_to_async(_claim)(endpoint_id, limit - sent)
        if not parcels:
            break
        await asyncio.gather(*(_send(client, parcel) for parcel in parcels))
        sent += len(parcels)
    return sent


async def _send(client: httpx.AsyncClient, parcel: Parcel) -> None:
    answer = await courier.post(client, parcel)
    await sync_to_async(_write_down)(parcel, answer)


def _endpoints_waiting() -> list[int]:
    return list(Endpoint.objects.with_due_deliveries().values_list("pk", flat=True))


def _claim(endpoint_id: int, limit: int) -> list[Parcel]:
    """Lease due deliveries of an endpoint to this sender, as many as its lane has room for."""
    return retrying(lambda: _claim_in_transaction(endpoint_id, limit))


@transaction.atomic(durable=True)
def _claim_in_transaction(endpoint_id: int, limit: int) -> list[Parcel]:
    # The endpoint's lock makes the count of its leases exact. Who finds it taken leaves the lane
    # to the other sender.
    endpoint = (
        Endpoint.objects.active()
        .select_for_update(skip_locked=True, of=("self",), no_key=True)
        .filter(pk=endpoint_id)
        .first()
    )
    if endpoint is None:
        return []
    room = LANE_WIDTH - endpoint.deliveries.leased().count()
    due = (
        endpoint.deliveries.due()
        .select_for_update(skip_locked=True, of=("self",), no_key=True)
        .select_related("event")
        .order_by("due_at", "pk")[: max(0, min(room, limit))]
    )
    leased_until = engine_now() + LEASE
    parcels = [_parcel(delivery, endpoint, leased_until) for delivery in due]
    Delivery.objects.filter(pk__in=[parcel.delivery_id for parcel in parcels]).update(
        leased_until=leased_until
    )
    return parcels


def _parcel(delivery: Delivery, endpoint: Endpoint, leased_until: dt.datetime) -> Parcel:
    event = delivery.event
    return Parcel(
        delivery_id=delivery.pk,
        endpoint_id=endpoint.pk,
        leased_until=leased_until,
        attempts=delivery.attempts,
        message_id=delivery.message_id,
        url=endpoint.url,
        secret=endpoint.secret,
        body=rules.message_body(event.kind, event.key, event.occurred_at, event.payload),
    )


def _write_down(parcel: Parcel, answer: Answer) -> None:
    """Keep what came of a post. When the lease has passed to another sender, theirs counts."""
    retrying(lambda: _write_down_in_transaction(parcel, answer))


@transaction.atomic(durable=True)
def _write_down_in_transaction(parcel: Parcel, answer: Answer) -> None:
    if answer.gone:
        log.warning("endpoint %s is gone and no longer told", parcel.url)
        endpoint_deactivate(endpoint_id=parcel.endpoint_id)
    attempts = parcel.attempts + 1
    outcome: dict[str, object]
    if answer.accepted:
        outcome = {"status": Delivery.Status.DELIVERED, "delivered_at": EngineNow()}
    elif pause := rules.pause_after(attempts, jitter=random.random()):
        outcome = {"due_at": EngineNow() + pause}
    else:
        outcome = {"status": Delivery.Status.PARKED}
    Delivery.objects.filter(pk=parcel.delivery_id, leased_until=parcel.leased_until).update(
        attempts=attempts,
        leased_until=None,
        last_status_code=answer.status_code,
        last_error=answer.error,
        **outcome,
    )


def _park_deliveries(endpoint_id: int) -> None:
    # Leases stay: a post under way may still succeed, and is then written down as delivered.
    Delivery.objects.pending().filter(endpoint_id=endpoint_id).update(
        status=Delivery.Status.PARKED, last_error=EndpointInactive.message
    )


def _check_address(url: str) -> None:
    if problem := rules.address_problem(url):
        raise EndpointAddressInvalid(problem, pointer="/url")
