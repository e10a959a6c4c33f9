"""Real groups once more, through the services, by clients that do everything at the same time.

Each seat is an act: hold it, pay it. An act waits for the former act of its member and for its room
to be open; everything else may happen at once, also in one room. What comes of it must be what the
history says.
"""

import datetime as dt
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from django.db.models import Sum

from apps.core import invariants
from apps.demo import history
from apps.demo.history import Group
from apps.groupbuy.models import Offer, OfferItem, RefundOrder, Room, Seat
from apps.groupbuy.rules import ACTIVE, ItemTerms, RoomStatus
from apps.groupbuy.services import offer_create
from apps.members.models import Member
from benchmarks import clients, stage
from benchmarks.clients import Act, Clients
from benchmarks.errors import BenchmarkError
from benchmarks.memory import Peak
from benchmarks.options import BASE_DIR

DATA = BASE_DIR.parent / "shared/data/groupbuy/beibei_groups.csv.gz"
CLIENTS = 8
# So many offers of each size, by the item bought, so that not all meet at one row of stock.
ITEMS = 16
FAILING_ROOM = dt.timedelta(seconds=2)
PATIENCE_SECONDS = 120.0
PRICE = stage.TEA.group_price_minor


def chosen(path: Path, number: int) -> tuple[Group, ...]:
    """So many groups of a history, evenly spread over it: successes and failures in its proportion.

    Raises HistoryRefused.
    """
    groups = history.read(path).groups
    return tuple(groups[n * len(groups) // number] for n in range(min(number, len(groups))))


@dataclass(frozen=True)
class Figures:
    """What a history says, or what there is: `left` of the stock, `owed_minor` by refund orders."""

    completed: int
    failed: int
    seats: int
    refund_orders: int
    held: int
    sold: int
    left: int
    owed_minor: int


def wanted(groups: Iterable[Group]) -> Figures:
    """The figures of a history: offers have as much stock as completed groups bought."""
    groups = list(groups)
    completed = [group for group in groups if group.completed]
    failed = len(groups) - len(completed)
    seats = sum(group.size for group in completed)
    return Figures(
        completed=len(completed),
        failed=failed,
        seats=seats,
        refund_orders=failed,
        held=0,
        sold=seats,
        left=failed,  # what failed groups gave back
        owed_minor=failed * PRICE,
    )


def found(campaign_id: int) -> Figures:
    """The figures of the rooms of a campaign."""
    rooms = Counter(
        Room.objects.filter(offer__campaign=campaign_id).values_list("status", flat=True)
    )
    in_completed = Seat.objects.filter(
        room__offer__campaign=campaign_id, room__status=RoomStatus.COMPLETED, status="paid"
    )
    owed = RefundOrder.objects.filter(seat__room__offer__campaign=campaign_id)
    items = OfferItem.objects.filter(offer__campaign=campaign_id).aggregate(
        Sum("stock"), Sum("held"), Sum("sold")
    )
    return Figures(
        completed=rooms[RoomStatus.COMPLETED],
        failed=rooms[RoomStatus.FAILED],
        seats=in_completed.count(),
        refund_orders=owed.count(),
        held=items["held__sum"],
        sold=items["sold__sum"],
        left=items["stock__sum"] - items["held__sum"] - items["sold__sum"],
        owed_minor=owed.aggregate(total=Sum("amount_minor"))["total"] or 0,
    )


class Schedule:
    """Which acts may be done: nobody acts twice at a time, and nobody joins a room that is not open."""

    def __init__(self, groups: Sequence[Group], members: dict[int, int], offers: "Offers") -> None:
        self.acts: list[Act] = []
        self._waits: list[int] = []
        self._frees: dict[int, list[int]] = defaultdict(list)
        self._joiners: dict[int, range] = {}
        last: dict[int, int] = {}
        for group in groups:
            host = len(self.acts)
            self._add(group, group.initiator, members, last, {"offer": offers.of(group)})
            for joiner in group.participants:
                self._add(group, joiner, members, last, {"room": ""}, host)
            self._joiners[host] = range(host + 1, len(self.acts))

    def _add(
        self,
        group: Group,
        member: int,
        members: dict[int, int],
        last: dict[int, int],
        where: Act,
        host: int | None = None,
    ) -> None:
        number = len(self.acts)
        order_id = f"g{group.group_id}-{member}"
        self.acts.append(
            {"number": number, "member": members[member], "order_id": order_id, **where}
        )
        before = {act for act in (last.get(member), host) if act is not None}
        for act in before:
            self._frees[act].append(number)
        self._waits.append(len(before))
        last[member] = number

    def ready(self) -> list[Act]:
        """The acts that wait for none."""
        return [act for act, waits in zip(self.acts, self._waits, strict=True) if not waits]

    def done(self, number: int, room: str) -> list[Act]:
        """The acts that only waited for this one, which took place in `room`."""
        for joiner in self._joiners.get(number, ()):
            self.acts[joiner]["room"] = room
        freed = []
        for act in self._frees[number]:
            self._waits[act] -= 1
            if not self._waits[act]:
                freed.append(self.acts[act])
        return freed


class Offers:
    """Offers for groups, with exactly as much stock as they buy."""

    def __init__(self, campaign_id: int, groups: Iterable[Group]) -> None:
        pieces = Counter[tuple[bool, int, int]]()
        for group in groups:
            pieces[self._kind(group)] += group.size if group.completed else 1
        self._offers = {
            kind: self._make(campaign_id, *kind, stock).public_id for kind, stock in pieces.items()
        }

    def of(self, group: Group) -> str:
        return self._offers[self._kind(group)]

    def _kind(self, group: Group) -> tuple[bool, int, int]:
        return group.completed, group.size, group.item % ITEMS

    def _make(self, campaign_id: int, completes: bool, size: int, item: int, stock: int) -> Offer:
        return offer_create(
            campaign_id=campaign_id,
            title=f"{size} buy item {item}",
            room_size=size,
            duration=dt.timedelta(days=1) if completes else FAILING_ROOM,
            hold_ttl=dt.timedelta(hours=6),
            items=(ItemTerms(f"item-{item}", f"Item {item}", 9_900, PRICE, stock),),
        )


@dataclass
class Replayed:
    """What a replay took, and came to."""

    figures: Figures
    seats_per_second: float = 0.0
    seconds: float = 0.0
    held: list[float] = field(default_factory=list)
    paid: list[float] = field(default_factory=list)
    mebibytes: float = 0.0
    breaches: list[str] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        return {
            "figures": asdict(self.figures),
            "seconds": round(self.seconds, 1),
            "seats_per_second": round(self.seats_per_second, 1),
            "milliseconds": {
                "hold": {"p50": milliseconds(self.held, 0.5), "p95": milliseconds(self.held, 0.95)},
                "pay": {"p50": milliseconds(self.paid, 0.5), "p95": milliseconds(self.paid, 0.95)},
            },
            "peak_mebibytes": round(self.mebibytes, 1),
        }


def milliseconds(times: Sequence[float], part: float) -> float:
    """The time that so much of all took at the most."""
    return round(sorted(times)[int(part * (len(times) - 1))] * 1000, 1)


def replay(
    groups: Sequence[Group], url: str, on_act: Callable[[int], None] = lambda _of: None
) -> Replayed:
    """Replay groups on the database at `url`, which is Django's too. Calls `on_act` with their number.

    Raises BenchmarkError when rooms do not end.
    """
    campaign = stage.make_group_campaign("Replayed groups")
    people = sorted({one for group in groups for one in (group.initiator, *group.participants)})
    members = Member.objects.bulk_create(Member() for _ in people)
    by_id = dict(zip(people, (member.pk for member in members), strict=True))
    schedule = Schedule(groups, by_id, Offers(campaign.pk, groups))
    replayed = Replayed(wanted(()))
    with ExitStack() as stack:
        shop = clients.start(stack, "seat", CLIENTS, url)
        sweeper = clients.start(stack, "deadlines", 1, url)
        peak = Peak([*shop.pids, *sweeper.pids])
        with peak:
            _do(schedule, shop, replayed, on_act)
            _wait_ended(campaign.pk)
    replayed.mebibytes = peak.mebibytes
    replayed.figures = found(campaign.pk)
    replayed.breaches = [str(breach) for breach in invariants.breaches()]
    return replayed


def _do(
    schedule: Schedule, shop: Clients, replayed: Replayed, on_act: Callable[[int], None]
) -> None:
    def after(answer: Act) -> list[Act]:
        replayed.held.append(answer["held"])
        replayed.paid.append(answer["paid"])
        on_act(len(schedule.acts))
        return schedule.done(answer["number"], answer["room"])

    began = time.monotonic()
    shop.run(schedule.ready(), after)
    replayed.seconds = time.monotonic() - began
    assert len(replayed.held) == len(schedule.acts)
    replayed.seats_per_second = len(schedule.acts) / replayed.seconds


def _wait_ended(campaign_id: int) -> None:
    """Return when the sweeper has ended the last room."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    going = Room.objects.filter(offer__campaign=campaign_id, status__in=ACTIVE)
    while left := going.count():
        if time.monotonic() > give_up:
            raise BenchmarkError(f"{left} rooms did not end")
        time.sleep(0.5)
