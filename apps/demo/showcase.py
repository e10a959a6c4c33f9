"""A room that stays open, so that people can look at a living share page and group page."""

import datetime as dt
import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from apps.demo.client import Engine, EngineRefused
from apps.demo.replay import CHANNEL, now, order_body
from apps.demo.stage import Stage

SEATED = ("Ann", "Bob")  # of four: a visitor can still join, and two of them complete the room
ENOUGH_TIME = dt.timedelta(hours=1)


@dataclass(frozen=True)
class Shown:
    """The room, and the link of its host."""

    room: str
    share_url: str


@dataclass(frozen=True)
class _Kept:
    """What is remembered of it. The link's address is not: the port may be another one."""

    room: str
    host: str


def show(engine: Engine, stage: Stage, notes: Path) -> Shown:
    """The room that is open already, or a new one where a few friends have paid.

    Remembers it in `notes`. Raises EngineRefused and EngineAway.
    """
    kept = _remembered(notes)
    if kept is None or not _is_good(engine, kept.room):
        kept = _open(engine, stage)
        notes.write_text(json.dumps(asdict(kept)))
    link = engine.member(kept.host, "PUT", f"/rooms/{kept.room}/link", {})
    return Shown(kept.room, link["url"])


def _remembered(notes: Path) -> _Kept | None:
    try:
        return _Kept(**json.loads(notes.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _is_good(engine: Engine, room: str) -> bool:
    """Whether the room is there, open, and for a good while yet."""
    try:
        found = engine.public("GET", f"/rooms/{room}")
    except EngineRefused:
        return False
    if found["status"] != "open":
        return False
    left = dt.datetime.fromisoformat(found["deadline_at"]) - dt.datetime.now(dt.UTC)
    return left > ENOUGH_TIME


def _open(engine: Engine, stage: Stage) -> _Kept:
    run = secrets.token_hex(4)
    host, *guests = (f"demo-showcase-{run}-{name.lower()}" for name in SEATED)
    for external_id, name in zip((host, *guests), SEATED, strict=True):
        engine.server("PUT", f"/members/{external_id}", {"nickname": name})
    wanted: dict[str, Any] = {"sku": stage.sku, "quantity": 1}
    path = f"/offers/{stage.showcase.offer}/rooms"
    opened = engine.member(host, "POST", path, wanted, key=f"{host}-room")
    room = opened["room"]["id"]
    _pay(engine, stage, host, opened["seat"])
    link = engine.member(host, "PUT", f"/rooms/{room}/link", {})
    for guest in guests:
        asked = {"code": link["code"], "channel": CHANNEL, "visitor": guest}
        visit = engine.public("POST", "/visits", asked, key=f"{guest}-visit")
        held = {**wanted, "visit_token": visit["visit_token"]}
        seat = engine.member(guest, "POST", f"/rooms/{room}/seats", held, key=f"{guest}-seat")
        _pay(engine, stage, guest, seat)
    return _Kept(room, host)


def _pay(engine: Engine, stage: Stage, member: str, seat: dict[str, Any]) -> None:
    order = order_body(order_id=member, member=member, seat=seat, sku=stage.sku, at=now())
    engine.server("POST", "/orders", order, key=f"{member}-order")
