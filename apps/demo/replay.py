"""The main job as shops and phones do it: each group of a history, step by step, over HTTP."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from apps.demo.client import Engine
from apps.demo.history import Group
from apps.demo.journal import Journal
from apps.demo.stage import Stage

CHANNEL = "wechat_chat"


class ReplayFailed(Exception):
    """The engine answered, but not what the story needs; the message names the group."""


@dataclass(frozen=True)
class Replay:
    """Replays groups in the campaign of `stage`. `digest8` keeps data sets apart."""

    engine: Engine
    stage: Stage
    journal: Journal
    digest8: str

    def group(self, group: Group) -> None:
        """Play one group to its end, or go on where an earlier run stopped.

        A failed group's room is left to its deadline. Every request carries the same key and says
        the same as it did in an earlier run. Raises EngineRefused, EngineAway and ReplayFailed.
        """
        if self.journal.has_finished(group.group_id):
            return
        at = self.journal.begin(group.group_id, now())
        self._register(group.initiator)
        host = self._external_id(group.initiator)
        link = self.engine.member(host, "PUT", f"/campaigns/{self.stage.campaign}/link", {})
        offer = self.stage.offers[group.size] if group.completed else self.stage.failing_offer
        opened = self._hold(group, group.initiator, f"/offers/{offer}/rooms", {})
        room = opened["room"]["id"]
        self._pay(group, group.initiator, opened["seat"], at)
        for member in group.participants:
            self._join(group, member, link["code"], room, at)
        if group.refunded:
            self._refund(group, at)
        self.journal.finish(group.group_id, completed=group.completed)

    def _join(self, group: Group, member: int, code: str, room: str, at: str) -> None:
        """Open the link, register, hold a seat, pay. The last one's payment completes the room."""
        visit = self.engine.public(
            "POST",
            "/visits",
            {"code": code, "channel": CHANNEL, "visitor": self._external_id(member)},
            key=self._key(group, member, "visit"),
        )
        self._register(member)
        token = {"visit_token": visit["visit_token"]}
        seat = self._hold(group, member, f"/rooms/{room}/seats", token)
        status = self._pay(group, member, seat, at)
        if member == group.participants[-1] and status != "completed":
            raise ReplayFailed(f"group {group.group_id}: everybody paid, and the room is {status}")

    def _register(self, member: int) -> None:
        external_id = self._external_id(member)
        if not self.engine.knows(external_id):
            shown = {"nickname": f"Shopper {member}"}
            self.engine.server("PUT", f"/members/{external_id}", shown)

    def _hold(self, group: Group, member: int, path: str, body: dict[str, Any]) -> dict[str, Any]:
        wanted = {"sku": self.stage.sku, "quantity": 1, **body}
        key = self._key(group, member, "seat")
        return self.engine.member(self._external_id(member), "POST", path, wanted, key=key)

    def _pay(self, group: Group, member: int, seat: dict[str, Any], at: str) -> str:
        """Report the seat's order as paid; the room's status after it."""
        order = order_body(
            order_id=self._order_id(group, member),
            member=self._external_id(member),
            seat=seat,
            sku=self.stage.sku,
            at=at,
        )
        key = self._key(group, member, "order")
        paid = self.engine.server("POST", "/orders", order, key=key)["seats"][0]
        # Reported again by a later run, it may have been refunded since, and a failing room may
        # have met its deadline.
        if group.completed and paid["outcome"] not in ("paid", "refunded"):
            raise ReplayFailed(f"group {group.group_id}: a payment ended as {paid['outcome']}")
        return str(paid["room_status"])

    def _refund(self, group: Group, at: str) -> None:
        order_id = self._order_id(group, group.participants[0])
        self.engine.server(
            "POST",
            f"/orders/{order_id}/refunds",
            {"refund_id": f"{order_id}-refund", "occurred_at": at},
            key=self._key(group, group.participants[0], "refund"),
        )

    def _external_id(self, member: int) -> str:
        return f"demo-{self.digest8}-{member}"

    def _order_id(self, group: Group, member: int) -> str:
        return f"demo-{self.digest8}-g{group.group_id}-{member}"

    def _key(self, group: Group, member: int, step: str) -> str:
        return f"{self.stage.campaign}-g{group.group_id}-{member}-{step}"


def order_body(
    *, order_id: str, member: str, seat: dict[str, Any], sku: str, at: str
) -> dict[str, Any]:
    """The report of a paid order of one line: what the seat costs."""
    line = {
        "line_id": "1",
        "sku": sku,
        "quantity": 1,
        "amount_minor": seat["price_minor"],
        "seat": seat["id"],
    }
    return {
        "order_id": order_id,
        "member": member,
        "currency": seat["currency"],
        "paid_minor": seat["price_minor"],
        "lines": [line],
        "occurred_at": at,
    }


def now() -> str:
    """This moment as the API writes moments."""
    return dt.datetime.now(dt.UTC).isoformat()
