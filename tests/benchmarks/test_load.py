"""The load generator: each request once and in order, every answer waited for."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmarks import load
from benchmarks.errors import EngineFailed

pytestmark = pytest.mark.slow  # it starts processes


class Listener(ThreadingHTTPServer):
    """Answers 200, or 500 to /refused, and remembers what was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.asked: list[str] = []

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.server_port


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Listener

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        body = b"x" * 100_000  # arrives in several pieces
        self.send_response(500 if self.path == "/refused" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        pass


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: here\r\n\r\n".encode()


def test_each_request_is_sent_once_and_answered(listener: Listener) -> None:
    paths = [f"/{number}" for number in range(50)]
    asked = load.Load(listener.address, connections=4, seconds=30.0)
    tally = load.run(asked, [get(path) for path in paths])
    assert sorted(listener.asked) == sorted(paths)
    assert tally.answers == len(paths)
    assert 0 < tally.seconds < 30


def test_repeating_ends_in_time_with_all_answers(listener: Listener) -> None:
    asked = load.Load(listener.address, 4, seconds=0.3, repeat=True, processes=2)
    tally = load.run(asked, [get("/a"), get("/b")])
    assert tally.answers == len(listener.asked)
    assert set(listener.asked) == {"/a", "/b"}


def test_a_refusal_is_told(listener: Listener) -> None:
    asked = load.Load(listener.address, connections=2, seconds=5.0)
    with pytest.raises(EngineFailed, match="500"):
        load.run(asked, [get("/refused")])
