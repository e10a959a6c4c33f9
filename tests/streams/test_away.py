"""PostgreSQL goes away under open streams, or stops answering; they say so and recover."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from django.db import connection

from tests.conftest import free_port, granian
from tests.makers import make_member
from tests.pages.makers import make_room, take_seat
from tests.streams.conftest import STREAMS
from tests.streams.ears import ear
from tests.streams.test_streams import until


class Cable:
    """A TCP port that leads to this worker's PostgreSQL, until it is cut or clogged."""

    def __init__(self) -> None:
        at = connection.settings_dict
        host = at["HOST"] or at.get("OPTIONS", {}).get("host", "")
        self._there = (str(host), int(at["PORT"] or 5432))
        self._is_cut = False
        self._open = threading.Event()
        self._open.set()
        self._ends: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        name, user = connection.settings_dict["NAME"], connection.settings_dict["USER"]
        return f"postgresql://{quote(user)}@127.0.0.1:{self.port}/{name}?sslmode=disable"

    def cut(self) -> None:
        """Whoever is connected is torn off, nobody new gets through."""
        self._is_cut = True
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self._is_cut = False

    def clog(self) -> None:
        """Whatever is said is held back, and nobody is told."""
        self._open.clear()

    def unclog(self) -> None:
        self._open.set()

    def close(self) -> None:
        self.unclog()
        self.cut()
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                if self._is_cut:
                    near.close()
                    continue
                far = self._dial()
                self._ends += [near, far]
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(source, target), daemon=True).start()

    def _dial(self) -> socket.socket:
        host, port = self._there
        if not host.startswith("/"):
            return socket.create_connection((host, port))
        far = socket.socket(socket.AF_UNIX)
        far.connect(f"{host}/.s.PGSQL.{port}")
        return far

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(65536):
                self._open.wait()
                target.sendall(piece)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def cable(django_db_setup: None, committed: None) -> Iterator[Cable]:
    cable = Cable()
    yield cable
    cable.close()


@pytest.fixture
def by_cable(cable: Cable, tmp_path: Path) -> Iterator[str]:
    """Streams whose PostgreSQL is at the other end of the cable."""
    with granian(free_port(), tmp_path / "log.txt", *STREAMS, DATABASE_URL=cable.url) as url:
        yield url


@pytest.mark.slow
def test_the_streams_survive_a_cut_and_a_silence(cable: Cable, by_cable: str) -> None:
    room = make_room("ann", size=4)
    with ear(by_cable, room.public_id) as bobs:
        assert bobs.next("room").json()["held"] == 0
        cable.cut()
        assert bobs.next("away", "room").name == "away"
        assert not httpx.get(f"{by_cable}/livez").json()["looks"]
        take_seat(room, make_member("cleo"))
        with ear(by_cable, room.public_id) as newcomer:
            assert newcomer.next().name == "away"
            cable.mend()
            assert bobs.next("back", "room").name == "back"
            assert bobs.next("room").json()["held"] == 1
            assert newcomer.next("room").json()["held"] == 1

        cable.clog()
        assert bobs.next("away", "room").name == "away"
        take_seat(room, make_member("dora"))
        cable.unclog()
        assert bobs.next("back", "room").name == "back"
        assert bobs.next("room").json()["held"] == 2
    until(lambda: httpx.get(f"{by_cable}/livez").json()["listeners"] == 0)
