"""The engine's public API as a shop's backend and its shoppers' phones call it.

A request is sent again, with the same Idempotency-Key, until it was answered: the engine promises
that this doubles nothing, and a replay outlives a restart of everything in this way.
"""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx

PATIENCE_SECONDS = 60.0
TIMEOUT = httpx.Timeout(30.0, connect=5.0)
_AWAY = (429, 502, 503, 504)
# A phone's, because links opened by scripts are told apart and count nowhere.
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.60"
)

Reply = dict[str, Any]


class EngineRefused(Exception):
    """The engine answered with a problem; the message is its detail."""

    def __init__(self, request: str, status: int, code: str, detail: str) -> None:
        super().__init__(f"{request}: {status} {code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail


class EngineAway(Exception):
    """The engine did not answer for as long as we were patient."""


class Engine:
    """One shop's access to the engine at `base_url`. May be shared by threads.

    `on_away` is called before a request is sent again, and raises when no answer can come any more;
    `before_request` is called before it is first sent. Every method raises EngineRefused or
    EngineAway.
    """

    def __init__(
        self,
        base_url: str,
        server_key: str,
        *,
        patience: float = PATIENCE_SECONDS,
        on_away: Callable[[], None] = lambda: None,
        before_request: Callable[[], None] = lambda: None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.base_url = base_url
        self._server_key = server_key
        self._patience = patience
        self._on_away = on_away
        self._before_request = before_request
        self._http = httpx.Client(base_url=base_url, timeout=TIMEOUT, transport=transport)
        self._tokens: dict[str, str] = {}
        self._tokens_lock = threading.Lock()

    def close(self) -> None:
        self._http.close()

    def server(self, method: str, path: str, body: Reply | None = None, *, key: str = "") -> Reply:
        """Call a door as the shop's backend."""
        return self._call(method, path, body, key, {"Authorization": f"Bearer {self._server_key}"})

    def public(self, method: str, path: str, body: Reply | None = None, *, key: str = "") -> Reply:
        """Call a public door as anybody's phone."""
        return self._call(method, path, body, key, {"User-Agent": PHONE})

    def member(
        self, external_id: str, method: str, path: str, body: Reply | None = None, *, key: str = ""
    ) -> Reply:
        """Call a door as a member's phone, with a token fetched when it has none or an old one."""
        try:
            return self._as_member(external_id, method, path, body, key)
        except EngineRefused as refused:
            if refused.status != httpx.codes.UNAUTHORIZED:
                raise
        with self._tokens_lock:
            self._tokens.pop(external_id, None)
        return self._as_member(external_id, method, path, body, key)

    def knows(self, external_id: str) -> bool:
        """Whether this shopper has a token already, hence is registered."""
        return external_id in self._tokens

    def _as_member(
        self, external_id: str, method: str, path: str, body: Reply | None, key: str
    ) -> Reply:
        headers = {"User-Agent": PHONE, "Authorization": f"Bearer {self._token(external_id)}"}
        return self._call(method, path, body, key, headers)

    def _token(self, external_id: str) -> str:
        if external_id not in self._tokens:
            asked = {"external_id": external_id}
            issued = self.server("POST", "/client-tokens", asked, key=f"token-{external_id}")
            with self._tokens_lock:
                self._tokens[external_id] = issued["token"]
        return self._tokens[external_id]

    def _call(
        self, method: str, path: str, body: Reply | None, key: str, headers: dict[str, str]
    ) -> Reply:
        if key:
            headers["Idempotency-Key"] = key
        response = self._send(method, f"/api/v1{path}", body, headers)
        answer = _json(response)
        if response.is_success:
            return answer
        code, detail = answer.get("code", ""), answer.get("detail") or response.reason_phrase
        raise EngineRefused(f"{method} {path}", response.status_code, code, detail)

    def _send(
        self, method: str, path: str, body: Reply | None, headers: dict[str, str]
    ) -> httpx.Response:
        self._before_request()
        deadline = time.monotonic() + self._patience
        for pause in _pauses():
            try:
                response = self._http.request(method, path, json=body, headers=headers)
            except httpx.TransportError as error:
                reason = f"{type(error).__name__}: {error}"
            else:
                if not _is_away(response):
                    return response
                reason = f"{response.status_code} {_json(response).get('detail', '')}"
            self._on_away()
            if time.monotonic() + pause > deadline:
                raise EngineAway(f"{method} {path}: no answer from {self.base_url} ({reason})")
            time.sleep(pause)
        raise AssertionError("unreachable")


def _pauses() -> Iterator[float]:
    pause = 0.05
    while True:
        yield pause
        pause = min(1.0, pause * 2)


def _is_away(response: httpx.Response) -> bool:
    """Whether the same request may have another answer in a moment."""
    if response.status_code == httpx.codes.CONFLICT:
        return bool(_json(response).get("code") == "request_in_flight")
    return response.status_code in _AWAY


def _json(response: httpx.Response) -> Reply:
    """The body, or nothing where it is no JSON object (a proxy's error page, an empty answer)."""
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
