"""A replay that stopped in the middle says the very same things when it goes on."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from apps.demo.client import Engine, EngineRefused
from apps.demo.history import Group
from apps.demo.journal import Journal
from apps.demo.replay import Replay, ReplayFailed
from apps.demo.stage import Operator, Showcase, Stage

STAGE = Stage(
    server_key="sk_live_1",
    webhook_secret="whsec_1",
    operator=Operator("olga", None),
    campaign="cmp_1",
    offers={3: "off_3"},
    failing_offer="off_5s",
    showcase=Showcase("cmp_2", "off_4"),
    sku="tea",
    currency="CNY",
)
FULL = Group(2, 7, 1, 50, True, (2, 3))
FAILED = Group(3, 8, 1, 50, False, ())


class FakeEngine:
    """Answers like the engine, once per Idempotency-Key; may break at one request."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self.breaks_at = 0
        self.last_status = "completed"

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/v1")
        key = request.headers.get("Idempotency-Key", "")
        self.asked.append((f"{request.method} {path}", key, request.content.decode()))
        if len(self.asked) == self.breaks_at:
            return httpx.Response(500, text="oops")
        return httpx.Response(200, json=self._answer(path, json.loads(request.content)))

    def _answer(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        seat = {"id": f"seat{path}", "price_minor": 6900, "currency": "CNY"}
        if path == "/orders":
            status = self.last_status if body["member"].endswith("-3") else "open"
            return {"seats": [{"outcome": "paid", "room_status": status}]}
        if path.startswith("/offers"):
            return {"room": {"id": "room_1"}, "seat": seat}
        return {**seat, "token": "t", "code": "abc", "visit_token": "v"}


def replay(fake: FakeEngine, journal: Path) -> Replay:
    engine = Engine("http://engine", "sk_live_1", transport=httpx.MockTransport(fake))
    return Replay(engine, STAGE, Journal(journal), "12345678")


def test_the_steps_of_a_completed_group(tmp_path: Path) -> None:
    fake = FakeEngine()
    replay(fake, tmp_path / "journal").group(FULL)
    steps = [step for step, _, _ in fake.asked]
    joiner = ["POST /visits", "PUT /members/demo-12345678-{}", "POST /client-tokens"]
    joiner += ["POST /rooms/room_1/seats", "POST /orders"]
    assert steps == [
        "PUT /members/demo-12345678-1",
        "POST /client-tokens",
        "PUT /campaigns/cmp_1/link",
        "POST /offers/off_3/rooms",
        "POST /orders",
        *(step.format(2) for step in joiner),
        *(step.format(3) for step in joiner),
        "POST /orders/demo-12345678-g7-2/refunds",
    ]


def test_a_failed_group_is_left_to_its_deadline(tmp_path: Path) -> None:
    fake = FakeEngine()
    replay(fake, tmp_path / "journal").group(FAILED)
    assert [step for step, _, _ in fake.asked][3:] == ["POST /offers/off_5s/rooms", "POST /orders"]


@pytest.mark.parametrize("breaks_at", range(1, 17))
def test_going_on_repeats_every_request_word_for_word(tmp_path: Path, breaks_at: int) -> None:
    broken, whole = FakeEngine(), FakeEngine()
    broken.breaks_at = breaks_at
    with pytest.raises(EngineRefused):
        replay(broken, tmp_path / "journal").group(FULL)
    again = replay(whole, tmp_path / "journal")
    again.group(FULL)
    assert broken.asked == whole.asked[:breaks_at]
    assert len(whole.asked) == 16

    again.group(FULL)
    assert len(whole.asked) == 16


def test_a_room_that_is_not_full_at_the_end_stops_the_replay(tmp_path: Path) -> None:
    fake = FakeEngine()
    fake.last_status = "open"
    stopped = replay(fake, tmp_path / "journal")
    with pytest.raises(ReplayFailed, match="group 7: everybody paid, and the room is open"):
        stopped.group(FULL)
    assert not stopped.journal.has_finished(7)
