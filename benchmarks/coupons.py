"""Redeeming a coupon."""

import itertools
from collections import deque

from apps.coupons.models import Template
from apps.coupons.services import template_activate
from benchmarks import load, pgbench, stage
from benchmarks.arena import Arena
from benchmarks.database import Database
from benchmarks.engine import Address
from benchmarks.errors import RanOut
from benchmarks.ledger import TABLE, InsertedTransfers
from benchmarks.rounds import Case, Sample

SHOPPERS = 200

FILL_COUPONS = pgbench.text("coupon_fill")


def make_case(arena: Arena) -> Case:
    """Coupons in members' hands, each used for another order."""
    return Case(
        name="coupon-redeem",
        title="coupons redeemed through the API, each for another order",
        table="core_event",  # coupon.redeemed
        engine=RedeemedCoupons(arena.database, arena.address, arena.connections),
        ceiling=InsertedTransfers(arena.database, arena.connections),
        ceiling_table=TABLE,
        processes=(arena.server,),
    )


class RedeemedCoupons:
    """POST /coupons/{code}/redeem."""

    guess = 100
    least_seconds = 0.0

    def __init__(self, database: Database, address: Address, connections: int) -> None:
        self._database = database
        self._address = address
        self._connections = connections
        self._key = stage.make_key()
        shoppers = [stage.make_shopper() for _ in range(SHOPPERS)]
        self._names = {shopper.member.pk: shopper.external_id for shopper in shoppers}
        template = Template.objects.create(
            name="Ten off", currency=stage.CURRENCY, face_minor=1000, member_limit=None
        )
        self._template = template_activate(template_id=template.pk)
        self._orders = itertools.count(1)
        self._made = 0
        self._waiting: deque[bytes] = deque()

    def prepare(self, acts: int) -> None:
        missing = acts - len(self._waiting)
        if missing > 0:
            coupons = self._database.run(
                FILL_COUPONS,
                {
                    "acts": missing,
                    "members": list(self._names),
                    "made": self._made,
                    "template_id": self._template.pk,
                },
            )
            self._made += missing // SHOPPERS + 1
            self._waiting += [self._request(code, member) for code, member in coupons]

    def run(self, seconds: float) -> Sample:
        asked = load.Load(self._address, self._connections, seconds)
        tally = load.run(asked, list(self._waiting))
        for _ in range(tally.answers):
            self._waiting.popleft()
        if not self._waiting and tally.seconds < seconds / 2:
            raise RanOut
        return Sample(tally.answers, tally.seconds)

    def _request(self, code: str, member_id: int) -> bytes:
        body = {"member": self._names[member_id], "order_id": f"redeem-{next(self._orders)}"}
        return load.post(self._address, f"/api/v1/coupons/{code}/redeem", self._key, body)
