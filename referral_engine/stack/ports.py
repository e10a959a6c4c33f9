"""Which ports programs listen on."""

from __future__ import annotations

import socket

from referral_engine.stack.errors import StackError


def demand_free(bind: str, port: int) -> None:
    """Raises StackError when nobody can listen there; granian would say so in a traceback."""
    try:
        _listen(bind, port)
    except OSError as error:
        raise StackError(f"cannot listen on {bind}:{port}: {error.strerror}") from None


def port_beside(bind: str, port: int, asked: str = "") -> int:
    """The port for what is served beside `port`: the one asked for, else the next, else a free one.

    Raises StackError when the one that was asked for is none, or taken.
    """
    if asked:
        if not asked.isdecimal() or not 0 < int(asked) < 65536:
            raise StackError(f"{asked} is no port")
        demand_free(bind, int(asked))
        return int(asked)
    try:
        return _listen(bind, port + 1)
    except (OSError, OverflowError):
        return _listen(bind, 0)


def _listen(bind: str, port: int) -> int:
    """Listen for a moment; the port, which the kernel chooses for 0."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((bind, port))
        return int(listener.getsockname()[1])
