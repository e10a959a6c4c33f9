"""Holding a seat: somebody new, brought by a link, through the API."""

import itertools
import json
from collections import deque
from collections.abc import Iterable

from apps.groupbuy.models import Offer, Room
from benchmarks import load, pgbench, stage
from benchmarks.arena import Arena
from benchmarks.database import Database
from benchmarks.engine import Address
from benchmarks.errors import RanOut
from benchmarks.rounds import Case, Sample
from benchmarks.stage import Guest, OpenRoom

HOT_SIZE = 100
# Rooms of one offer also meet at the row of its stock, so many rooms are rooms of many offers.
MANY_SIZE, OFFERS, BATCH = 10, 16, 64

MAKE_LIST = pgbench.text("seat_list")
FILL_LIST = pgbench.text("seat_list_fill")
LEFT = """
    SELECT (SELECT coalesce(max(n), 0) FROM bench_seat)
        - (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM bench_turn)
"""
# As long as the reply to a held seat is.
REPLY = {
    "id": "seat_0123456789abcdefghijkl",
    "room": "room_0123456789abcdefghijkl",
    "member": "mem_0123456789abcdefghijkl",
    "sku": stage.TEA.sku,
    "quantity": 1,
    "price_minor": stage.TEA.group_price_minor,
    "currency": stage.CURRENCY,
    "position": 1,
    "status": "held",
    "released": "",
    "hold_expires_at": "2030-01-01T00:00:00.000000Z",
    "paid_at": None,
}


def make_hot_case(arena: Arena) -> Case:
    """Everybody wants into one room; when it is full, into the next."""
    offers = _make_offers("One hot room", 1, HOT_SIZE)
    return Case(
        name="seats-hot",
        title=f"seats held through the API, everybody in one room of {HOT_SIZE}, then in the next",
        table="groupbuy_seat",
        engine=HeldSeats(arena.address, offers, arena.connections, batch=1),
        ceiling=InsertedSeats(arena.database, offers, arena.connections, hot=True),
        processes=(arena.server,),
    )


def make_many_case(arena: Arena) -> Case:
    """Everybody wants into another room."""
    offers = _make_offers("Many rooms", OFFERS, MANY_SIZE)
    return Case(
        name="seats-many",
        title=f"seats held through the API, in {BATCH} rooms of {OFFERS} offers at a time",
        table="groupbuy_seat",
        engine=HeldSeats(arena.address, offers, arena.connections, batch=BATCH),
        ceiling=InsertedSeats(arena.database, offers, arena.connections, hot=False),
        processes=(arena.server,),
    )


def make_many_ceiling(database: Database, connections: int) -> "InsertedSeats":
    """The ceiling of `make_many_case` alone."""
    offers = _make_offers("The ceiling of many rooms", OFFERS, MANY_SIZE)
    return InsertedSeats(database, offers, connections, hot=False)


def _make_offers(name: str, number: int, size: int) -> list[Offer]:
    campaign = stage.make_group_campaign(name)
    return [stage.make_offer(campaign, size=size) for _ in range(number)]


class HeldSeats:
    """POST /rooms/{id}/seats, each by another member. Rooms are filled a `batch` at a time."""

    guess = 60
    least_seconds = 0.0

    def __init__(
        self, address: Address, offers: list[Offer], connections: int, *, batch: int
    ) -> None:
        self._address = address
        self._offers = offers
        self._connections = connections
        self._batch = batch
        self._waiting: deque[bytes] = deque()

    def prepare(self, acts: int) -> None:
        offers = itertools.cycle(self._offers)
        while (missing := acts - len(self._waiting)) > 0:
            rooms = min(self._batch, missing // (self._offers[0].room_size - 1) + 1)
            self._waiting += self._fill(
                stage.make_room(offer) for offer in itertools.islice(offers, rooms)
            )

    def run(self, seconds: float) -> Sample:
        # One process, so that the connections go through the list together.
        asked = load.Load(self._address, self._connections, seconds)
        tally = load.run(asked, list(self._waiting))
        for _ in range(tally.answers):
            self._waiting.popleft()
        if not self._waiting and tally.seconds < seconds / 2:
            raise RanOut
        return Sample(tally.answers, tally.seconds)

    def _fill(self, rooms: Iterable[OpenRoom]) -> list[bytes]:
        """Requests for all free seats of these rooms, one in each room after the other."""
        by_room = [
            [
                request(self._address, opened.room, guest)
                for guest in stage.make_guests(opened.link, free)
            ]
            for opened in rooms
            for free in [opened.room.size - 1]
        ]
        return [request for turn in zip(*by_room, strict=True) for request in turn]


def request(address: Address, room: Room, guest: Guest) -> bytes:
    """What a guest's phone asks, to hold a seat in a room."""
    body = {"visit_token": guest.visit_token, "sku": stage.TEA.sku}
    return load.post(address, f"/api/v1/rooms/{room.public_id}/seats", guest.token, body)


class InsertedSeats:
    """One statement that locks the room and writes what a held seat writes.

    The rooms are copies of rooms opened properly; who sits down where is listed beforehand.
    """

    guess = 3_000
    least_seconds = pgbench.LEAST_SECONDS

    def __init__(self, database: Database, offers: list[Offer], clients: int, *, hot: bool) -> None:
        self._database = database
        self._clients = clients
        campaign = offers[0].campaign
        self._given = {
            "campaign_id": campaign.pk,
            "version_id": campaign.published_version_id,
            "size": offers[0].room_size,
            "body": json.dumps(REPLY),
        }
        opened = [stage.make_room(offer) for offer in offers]
        self._originals = {"links": [one.link.pk for one in opened], "hot": hot}
        self._seats_per_copy = (offers[0].room_size - 1) * len(opened)
        database.run(MAKE_LIST)

    def prepare(self, acts: int) -> None:
        missing = acts - self._left()
        if missing > 0:
            copies = missing // self._seats_per_copy + 1
            self._database.run(FILL_LIST, self._originals | {"copies": copies})

    def run(self, seconds: float) -> Sample:
        sample = pgbench.run(
            "seat",
            url=self._database.url,
            clients=self._clients,
            seconds=seconds,
            given=self._given,
        )
        if self._left() < 0:
            raise RanOut
        return sample

    def _left(self) -> int:
        """How many seats of the list nobody took; negative when some found nothing to take."""
        return int(self._database.one(LEFT))
