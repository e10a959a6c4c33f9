"""One hot offer beside many: rooms of one offer meet at the row of its stock."""

import copy
import itertools
from collections import deque

from apps.core.ids import new_id
from apps.groupbuy.models import Room
from benchmarks import load, seats, stage
from benchmarks.arena import Arena
from benchmarks.engine import Address
from benchmarks.errors import RanOut
from benchmarks.rounds import Case, Sample
from benchmarks.stage import OpenRoom

ROOMS, SIZE = 1_000, 100
OFFERS = 50


def make_hot_case(arena: Arena) -> Case:
    """The same acts on both sides; only the number of offers, and so of rows of stock, differs."""
    return Case(
        name="offer-hot",
        title=f"seats held through the API in {ROOMS:,} rooms of one offer; beside it, in place of a "
        f"ceiling, the same in as many rooms of {OFFERS} offers",
        table="groupbuy_seat",
        engine=SeatsInRooms(arena.address, 1, arena.connections),
        ceiling=SeatsInRooms(arena.address, OFFERS, arena.connections),
        processes=(arena.server,),
    )


class SeatsInRooms:
    """POST /rooms/{id}/seats, each by another member in the next of all rooms."""

    guess = 60
    least_seconds = 0.0

    def __init__(self, address: Address, offers: int, connections: int) -> None:
        self._address = address
        self._connections = connections
        self._rooms = itertools.cycle(_make_rooms(offers))
        self._waiting: deque[bytes] = deque()

    def prepare(self, acts: int) -> None:
        missing = max(0, acts - len(self._waiting))
        # Members came by the links of the originals, an equal share by each.
        turns = [next(self._rooms) for _ in range(missing)]
        by_link = itertools.groupby(
            sorted(range(missing), key=lambda n: turns[n].link.pk), key=lambda n: turns[n].link.pk
        )
        requests: dict[int, bytes] = {}
        for _, some in by_link:
            places = list(some)
            guests = stage.make_guests(turns[places[0]].link, len(places))
            for place, guest in zip(places, guests, strict=True):
                requests[place] = seats.request(self._address, turns[place].room, guest)
        self._waiting += [requests[n] for n in range(missing)]

    def run(self, seconds: float) -> Sample:
        asked = load.Load(self._address, self._connections, seconds)
        tally = load.run(asked, list(self._waiting))
        for _ in range(tally.answers):
            self._waiting.popleft()
        if not self._waiting and tally.seconds < seconds / 2:
            raise RanOut
        return Sample(tally.answers, tally.seconds)


def _make_rooms(offers: int) -> list[OpenRoom]:
    """ROOMS copies of rooms opened properly, one of each offer after the other."""
    campaign = stage.make_group_campaign(f"Rooms of {offers} offers")
    originals = [stage.make_room(stage.make_offer(campaign, size=SIZE)) for _ in range(offers)]
    copies = []
    for original in itertools.islice(itertools.cycle(originals), ROOMS):
        room = copy.copy(original.room)
        room.pk, room.public_id = None, new_id("room")
        copies.append(OpenRoom(room, original.link))
    Room.objects.bulk_create(one.room for one in copies)
    return copies
