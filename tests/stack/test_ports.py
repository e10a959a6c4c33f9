"""Which ports programs get."""

import socket

import pytest

from referral_engine.stack.errors import StackError
from referral_engine.stack.ports import demand_free, port_beside

HERE = "127.0.0.1"


def test_the_next_port_or_another_one() -> None:
    with socket.create_server((HERE, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StackError, match="cannot listen"):
            demand_free(HERE, port)
        beside = port_beside(HERE, port - 1)
        assert beside != port
        demand_free(HERE, beside)
        with pytest.raises(StackError, match="cannot listen"):
            port_beside(HERE, 1, str(port))
    assert port_beside(HERE, 1, str(port)) == port
    assert port_beside(HERE, 65535) > 0


@pytest.mark.parametrize("asked", ["x", "0", "-1", "65536", "8001 "])
def test_what_is_no_port(asked: str) -> None:
    with pytest.raises(StackError, match="is no port"):
        port_beside(HERE, 8000, asked)
