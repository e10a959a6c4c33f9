"""The shop's end of a webhook: a small HTTP server that answers as it is told."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Message:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Shop:
    """Answers 200, or first what `answers` holds, each after `seconds`; counts who meets whom.

    Once two posts of one message have met, nobody waits any longer.
    """

    url: str = ""
    answers: list[int] = field(default_factory=list)
    seconds: float = 0.0
    drip: bool = False
    received: list[Message] = field(default_factory=list)
    most_at_once: int = 0
    most_of_one_message: int = 0
    under_way: Counter[str] = field(default_factory=Counter)
    met: threading.Event = field(default_factory=threading.Event)
    twins: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def receive(self, message: Message) -> int:
        with self.lock:
            self.received.append(message)
            self.under_way[message.id] += 1
            self.most_at_once = max(self.most_at_once, self.under_way.total())
            self.most_of_one_message = max(self.most_of_one_message, self.under_way[message.id])
            self.met.set()
            if self.most_of_one_message > 1:
                self.twins.set()
            answer = self.answers.pop(0) if self.answers else 200
        self.twins.wait(self.seconds)
        with self.lock:
            self.under_way[message.id] -= 1
        return answer


@contextmanager
def open_shop(**traits: Any) -> Iterator[Shop]:
    shop = Shop(**traits)

    class Counterpart(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = shop.receive(Message(self.path, headers, body))
            try:
                self.answer(answer)
            except OSError:
                self.close_connection = True  # the sender did not wait

        def answer(self, status: int) -> None:
            if shop.drip:
                for byte in b"HTTP/1.1 200 OK\r\nx-slow: " + b"." * 50:
                    self.wfile.write(bytes([byte]))
                    time.sleep(0.05)
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("location", f"{shop.url}/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Counterpart)
    server.daemon_threads = True
    shop.url = f"http://127.0.0.1:{server.server_port}/hook"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield shop
    finally:
        server.shutdown()
        server.socket.close()
