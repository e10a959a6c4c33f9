"""The shop's backend and the shoppers' phones, as the engine meets them: over HTTP."""

import datetime as dt
import itertools
import uuid
from typing import Any

import httpx

PROBLEM = "application/problem+json"
PRICE = 4900

_numbers = itertools.count(1)


def at(moment: dt.datetime | None = None, *, ago: float = 0) -> str:
    """An instant as a shop writes it, by default now."""
    moment = moment or dt.datetime.now(dt.UTC)
    return (moment - dt.timedelta(seconds=ago)).isoformat()


def accepted(response: httpx.Response, status: int = 201) -> Any:
    """The body of an answer that must be a success."""
    assert response.status_code == status, f"{response.status_code}: {response.text}"
    return response.json() if response.content else None


def assert_refused(
    response: httpx.Response, status: int, code: str, pointer: str | None = None
) -> None:
    """The answer is a problem with this status and code, and blames this field or none."""
    assert response.status_code == status, f"{response.status_code}: {response.text}"
    assert response.headers["content-type"] == PROBLEM
    body = response.json()
    assert (body["status"], body["code"]) == (status, code), body
    assert body["title"]
    assert body["detail"]
    blamed = [entry["pointer"] for entry in body.get("errors", [])]
    assert blamed == ([] if pointer is None else [pointer]), body


class Caller:
    """Somebody with a credential, or with none."""

    def __init__(self, http: httpx.Client, token: str = "", **headers: str) -> None:
        self._http = http
        self.token = token
        self._headers = {**({"Authorization": f"Bearer {token}"} if token else {}), **headers}

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """One request to a door below /api/v1; `headers` with _ for -."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._http.request(
            method,
            f"/api/v1{path}",
            json=body,
            headers={**self._headers, **{name: value for name, value in sent.items() if value}},
        )

    def get(self, path: str) -> Any:
        return accepted(self.ask("GET", path), 200)

    def put(self, path: str, body: Any = None) -> httpx.Response:
        return self.ask("PUT", path, {} if body is None else body)

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> httpx.Response:
        """POST with a fresh Idempotency-Key, with `key`, or with none when `key` is empty."""
        fresh = uuid.uuid4().hex if key is None else key
        return self.ask("POST", path, {} if body is None else body, Idempotency_Key=fresh)


class Phone(Caller):
    """A shopper's phone, logged in as the member the shop knows as `name`."""

    def __init__(self, http: httpx.Client, token: str, name: str, member: str) -> None:
        super().__init__(http, token, User_Agent="Mozilla/5.0 (Linux; Android 15) Chrome/130")
        self.name = name
        self.member = member

    def join(self, campaign: str, **brought: str) -> httpx.Response:
        return self.post(f"/campaigns/{campaign}/join", brought)

    def link(self, campaign: str) -> str:
        """The code of my link to a campaign."""
        return str(self.put(f"/campaigns/{campaign}/link").json()["code"])

    def room_link(self, room: str) -> str:
        return str(accepted(self.put(f"/rooms/{room}/link"))["code"])

    def visit(self, code: str) -> str:
        """Open a link; the visit token."""
        return str(accepted(self.post("/visits", {"code": code}))["visit_token"])

    def open_room(self, offer: str, **more: Any) -> tuple[str, str]:
        """Open a room; (room, my seat)."""
        body = accepted(self.post(f"/offers/{offer}/rooms", more))
        return body["room"]["id"], body["seat"]["id"]

    def hold(self, room: str, **more: Any) -> httpx.Response:
        return self.post(f"/rooms/{room}/seats", more)

    def seat(self, room: str, **more: Any) -> str:
        """Hold a seat that is there."""
        return str(accepted(self.hold(room, **more))["id"])

    def wallet(self) -> tuple[int, int, int]:
        """(available, pending, debt)."""
        body = self.get("/me/wallet")
        return body["available"], body["pending"], body["debt"]


class Shop(Caller):
    """The shop's backend, with a server key."""

    def phone(self, name: str, **fields: Any) -> Phone:
        """Register a member and log their phone in."""
        registered = self.put(f"/members/{name}", {"nickname": name.title(), **fields})
        assert registered.status_code in (200, 201), registered.text
        token = accepted(self.post("/client-tokens", {"external_id": name}))
        return Phone(self._http, token["token"], name, token["member"])

    def report(self, order_id: str, phone: Phone, **fields: Any) -> dict[str, Any]:
        """The body of an order of one line over `amount`, for `seat` if one is named."""
        amount = fields.pop("amount", PRICE)
        seat = fields.pop("seat", "")
        line = {"line_id": "1", "sku": "tea", "quantity": 1, "amount_minor": amount}
        lines = fields.pop("lines", [{**line, **({"seat": seat} if seat else {})}])
        return {
            "order_id": order_id,
            "member": phone.name,
            "currency": "CNY",
            "paid_minor": sum(line["amount_minor"] for line in lines),
            "occurred_at": at(),
            "lines": lines,
            **fields,
        }

    def order(self, order_id: str, phone: Phone, **fields: Any) -> httpx.Response:
        return self.post("/orders", self.report(order_id, phone, **fields))

    def paid(self, phone: Phone, seat: str = "", **fields: Any) -> str:
        """Report an order that must be taken, for a seat if one is named; its id."""
        order_id = f"order-{next(_numbers)}"
        body = accepted(self.order(order_id, phone, seat=seat, **fields))
        if seat:
            assert [row["outcome"] for row in body["seats"]] == ["paid"]
        return order_id

    def refund(self, order_id: str, refund_id: str = "r1", **body: Any) -> httpx.Response:
        return self.post(f"/orders/{order_id}/refunds", {"refund_id": refund_id, **body})

    def cancel(self, order_id: str) -> httpx.Response:
        return self.post(f"/orders/{order_id}/cancel")

    def refund_orders(self, status: str = "") -> list[dict[str, Any]]:
        query = f"?status={status}" if status else ""
        return list(self.get(f"/refund-orders{query}")["results"])

    def confirm(self, refund_order: str) -> httpx.Response:
        return self.post(f"/refund-orders/{refund_order}/confirm")

    def fail(self, refund_order: str, reason: str = "card closed") -> httpx.Response:
        return self.post(f"/refund-orders/{refund_order}/fail", {"reason": reason})

    def room(self, room: str) -> dict[str, Any]:
        return dict(self.get(f"/rooms/{room}"))

    def seat(self, seat: str) -> dict[str, Any]:
        return dict(self.get(f"/seats/{seat}"))

    def decisions(self, order_id: str = "") -> list[dict[str, Any]]:
        query = f"?order={order_id}" if order_id else ""
        return list(self.get(f"/decisions{query}")["results"])

    def refusals(self, order_id: str) -> list[str]:
        """Why the latest decision about an order gave nothing."""
        return [refusal["reason"] for refusal in self.decisions(order_id)[0]["refusals"]]

    def grants(self, phone: Phone | None = None) -> list[dict[str, Any]]:
        query = f"?member={phone.member}" if phone else ""
        return list(self.get(f"/grants{query}")["results"])

    def participants(self, campaign: str) -> dict[str, int]:
        return dict(self.get(f"/campaigns/{campaign}/report")["people"])
