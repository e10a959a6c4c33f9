"""The demo's shop: hears the engine's webhooks, pays back what it owes, and sells to visitors."""

import secrets
import threading
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from standardwebhooks import Webhook, WebhookVerificationError

from apps.demo.client import Engine, EngineAway, EngineRefused
from apps.demo.replay import now, order_body

HOST = "127.0.0.1"
BODY_LIMIT_BYTES = 1_000_000
READ_SECONDS = 10.0  # how long one connection may keep a thread waiting
VISITORS = ("Dora", "Emil", "Fang", "Gina", "Hugo", "Ines", "Jun", "Kira", "Leo", "Mei")


class SignatureRefused(Exception):
    """The message was not signed with our secret, or is not one."""


@dataclass
class Shop:
    """What the shop does, whoever asks. `engine` should be impatient: webhooks are sent again."""

    engine: Engine
    webhook_secret: str
    sku: str
    confirmed: set[str] = field(default_factory=set)

    def hear(self, body: bytes, headers: dict[str, str]) -> None:
        """Take a webhook; returns when what it asks for is done. Hearing it again changes nothing.

        Raises SignatureRefused, or EngineAway so that it is delivered again.
        """
        try:
            message = Webhook(self.webhook_secret).verify(body, headers)
        except (WebhookVerificationError, ValueError) as error:
            raise SignatureRefused(str(error)) from None
        if message["type"] in ("refund.requested", "refund.reminded"):
            self.confirm(message["data"]["refund_order"])

    def confirm(self, refund_order: str) -> None:
        """Pay back, in a demo by saying so. Confirming it again changes nothing."""
        self.engine.server(
            "POST", f"/refund-orders/{refund_order}/confirm", {}, key=f"confirm-{refund_order}"
        )
        self.confirmed.add(refund_order)

    def catch_up(self) -> None:
        """Confirm what was requested while we did not listen."""
        asked = self.engine.server("GET", "/refund-orders?status=requested&limit=200")
        for refund_order in asked["results"]:
            self.confirm(refund_order["id"])

    def sell(self, room: str, visit_token: str) -> None:
        """A new shopper registers, holds a seat in the room and pays for it."""
        visitor = secrets.token_hex(4)
        external_id = f"demo-visitor-{visitor}"
        self.engine.server("PUT", f"/members/{external_id}", {"nickname": secrets.choice(VISITORS)})
        wanted: dict[str, Any] = {"sku": self.sku, "quantity": 1}
        if visit_token:
            wanted["visit_token"] = visit_token
        path = f"/rooms/{quote(room, safe='')}/seats"
        seat = self.engine.member(external_id, "POST", path, wanted, key=f"{visitor}-seat")
        order = order_body(
            order_id=f"demo-visitor-{visitor}",
            member=external_id,
            seat=seat,
            sku=self.sku,
            at=now(),
        )
        self.engine.server("POST", "/orders", order, key=f"{visitor}-order")


class ShopServer:
    """The shop's address from the start, and its doors once it is opened."""

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer((HOST, 0), _Door)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self.url = f"http://{HOST}:{self._server.server_port}"

    def open(self, shop: Shop) -> None:
        """Answer from now on; who called before has waited in the queue."""
        self._server.shop = shop  # type: ignore[attr-defined]
        self._thread.start()

    def close(self) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()


class _Door(BaseHTTPRequestHandler):
    timeout = READ_SECONDS
    server_version = "DemoShop"

    @property
    def _shop(self) -> Shop:
        shop: Shop = self.server.shop  # type: ignore[attr-defined]
        return shop

    def do_POST(self) -> None:
        """`/webhooks`: 204 when done, 400 for a bad signature, 503 to be told again."""
        self._answer(self._webhook() if self.path == "/webhooks" else 404)

    def _webhook(self) -> int:
        length = int(self.headers.get("Content-Length") or 0)
        if length > BODY_LIMIT_BYTES:
            return 413
        try:
            self._shop.hear(self.rfile.read(length), dict(self.headers.items()))
        except SignatureRefused:
            return 400
        except (EngineAway, EngineRefused):
            return 503
        return 204

    def do_GET(self) -> None:
        """`/join?room=…&visit=…`: buy a seat as somebody new, then back to the group page."""
        parts = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/join" and "room" in asked:
            self._sell(asked["room"], asked.get("visit", ""))
        else:
            self._answer(404)

    def _sell(self, room: str, visit_token: str) -> None:
        page = f"{self._shop.engine.base_url}/g/{quote(room, safe='')}"
        try:
            self._shop.sell(room, visit_token)
        except EngineRefused as refused:
            self._answer(409, _page(refused.detail, page))
        except EngineAway as away:
            self._answer(503, _page(str(away), page))
        else:
            self._answer(303, location=page)

    def _answer(self, status: int, page: str = "", location: str = "") -> None:
        body = page.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the terminal belongs to the demo's own story."""


def _page(said: str, back: str) -> str:
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        "<title>The shop</title><style>body{font:1.1rem system-ui;margin:3rem auto;"
        "max-width:32rem;padding:0 1rem}</style><h1>No seat this time</h1>"
        f'<p>{escape(said)}</p><p><a href="{escape(back)}">Back to the group</a></p></html>'
    )
