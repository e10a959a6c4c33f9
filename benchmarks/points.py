"""Spending points: the shop sets them aside for an order, and captures them."""

import itertools
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from apps.points.models import Reservation
from apps.points.services import points_import
from benchmarks import load, stage
from benchmarks.arena import Arena
from benchmarks.engine import Address
from benchmarks.ledger import TABLE, InsertedTransfers
from benchmarks.rounds import Case, Sample
from benchmarks.stage import Shopper

SHOPPERS = 200
PLENTY = 10**9
PATIENCE_SECONDS = 300.0
SPENDS = "/api/v1/points/spends"


def make_spend_case(arena: Arena) -> Case:
    """One call: the order's report captures."""
    return Case(
        name="points-spend",
        title="points spent through the API: set aside for an order whose report captures them",
        table=TABLE,
        engine=SpentPoints(arena.address, arena.connections),
        ceiling=InsertedTransfers(arena.database, arena.connections),
        processes=(arena.server,),
    )


def make_pair_case(arena: Arena) -> Case:
    """Two calls, for orders that are not reported."""
    return Case(
        name="points-pair",
        title="points spent through the API by two calls counted as one: set aside, then captured",
        table="points_reservation",
        engine=CapturedPoints(arena.address, arena.connections),
        ceiling=InsertedTransfers(arena.database, arena.connections),
        ceiling_table=TABLE,
        processes=(arena.server,),
    )


def _make_shoppers() -> list[Shopper]:
    """Members with more points than they can spend."""
    shoppers = [stage.make_shopper() for _ in range(SHOPPERS)]
    now = timezone.now()
    with transaction.atomic():
        for shopper in shoppers:
            points_import(
                member_id=shopper.member.pk,
                amount=PLENTY,
                expires_at=None,
                key=f"bench:{shopper.external_id}",
                now=now,
            )
    return shoppers


class SpentPoints:
    """POST /points/spends, each for another order, one member after the other."""

    guess = 100
    least_seconds = 0.0

    def __init__(self, address: Address, connections: int) -> None:
        self._address = address
        self._connections = connections
        self._key = stage.make_key()
        self._shoppers = itertools.cycle(_make_shoppers())
        self._orders = itertools.count(1)
        self._waiting: list[bytes] = []

    def prepare(self, acts: int) -> None:
        self._waiting = [self._request() for _ in range(acts)]

    def run(self, seconds: float) -> Sample:
        return self.send(self._waiting, seconds)

    def send(self, requests: Sequence[bytes], seconds: float) -> Sample:
        tally = load.run(load.Load(self._address, self._connections, seconds), requests)
        return Sample(tally.answers, tally.seconds)

    def capture(self, ids: Sequence[str]) -> Sample:
        """Capture all of these, however long that takes."""
        paths = [f"{SPENDS}/{public_id}/capture" for public_id in ids]
        asked = [load.post(self._address, path, self._key, {}) for path in paths]
        return self.send(asked, PATIENCE_SECONDS)

    def _request(self) -> bytes:
        body = {
            "member": next(self._shoppers).external_id,
            "order_id": f"spend-{next(self._orders)}",
            "amount": 10,
        }
        return load.post(self._address, SPENDS, self._key, body)


class CapturedPoints(SpentPoints):
    """As many as are set aside in half the time are captured then; their ids are read in between."""

    def run(self, seconds: float) -> Sample:
        aside = super().run(seconds / 2)
        reserved = Reservation.objects.reserved().filter(order_id__startswith="spend-")
        captured = self.capture(
            reserved.order_by("-pk").values_list("public_id", flat=True)[: aside.acts]
        )
        return Sample(captured.acts, aside.seconds + captured.seconds)
