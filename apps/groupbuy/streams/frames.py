"""How an event is spelt for `EventSource`. Pure."""

import json
import re
from collections.abc import Mapping

# How long a browser waits before it connects again, in milliseconds.
RETRY_MS = 3000
# These three end a line of a stream; `str.splitlines` knows more, which may be in a nickname.
_LINE_END = re.compile(r"\r\n|\r|\n")


def event(name: str, data: str | Mapping[str, object], *, mark: str = "") -> bytes:
    """One event. With a `mark` it becomes the listener's Last-Event-ID; without, that one stays."""
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    lines = [f"event: {name}"]
    lines += [f"id: {mark}"] if mark else []
    lines += [f"data: {line}" for line in _LINE_END.split(text)]
    return ("\n".join(lines) + "\n\n").encode()


def opening() -> bytes:
    """What a stream begins with: when to come back, and enough that no proxy holds it back."""
    return f"retry: {RETRY_MS}\n:{' ' * 1024}\n\n".encode()
