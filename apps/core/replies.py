"""The replies kept for idempotent requests: asked for once, answered once."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from apps.core import statements


@dataclass(frozen=True)
class Asked:
    """What makes a request the same as another: credential, method, path and key; and its body."""

    names: tuple[str, str, str, str]
    fingerprint: str

    @property
    def lock(self) -> int:
        """The number of its advisory lock."""
        digest = hashlib.sha256("\0".join(self.names).encode()).digest()
        return int.from_bytes(digest[:8], "big", signed=True)

    def parameters(self) -> dict[str, Any]:
        """What `ASKED` and `KEEP` take."""
        credential, method, path, key = self.names
        return {
            "asked_lock": self.lock,
            "asked_credential": credential,
            "asked_method": method,
            "asked_path": path,
            "asked_key": key,
            "asked_fingerprint": self.fingerprint,
        }


@dataclass(frozen=True)
class Kept:
    """The reply that was given to the first request, and the body it was given for."""

    fingerprint: str
    status_code: int
    body: Any


# Parts of a statement that does all a door does: one row of `asked` when nobody else works on this key
# and nothing is kept for it; and the reply, whose unique key undoes the statement when a twin ended
# between its snapshot and its lock.
ASKED = """asked AS MATERIALIZED (
  SELECT TRUE AS first WHERE pg_try_advisory_xact_lock(%(asked_lock)s::bigint) AND NOT EXISTS (
    SELECT FROM core_idempotentreply
    WHERE credential = %(asked_credential)s AND method = %(asked_method)s
      AND path = %(asked_path)s AND key = %(asked_key)s)
)"""
KEEP = """kept AS (
  INSERT INTO core_idempotentreply
    (credential, method, path, key, fingerprint, status_code, body, created_at)
  SELECT %(asked_credential)s, %(asked_method)s, %(asked_path)s, %(asked_key)s,
         %(asked_fingerprint)s, {status}, {body}, engine_now()
  FROM {source}
  RETURNING body
)"""

# The same for doors that take several statements.
_CLAIM = """
SELECT pg_try_advisory_xact_lock(%s), kept.fingerprint, kept.status_code, kept.body
FROM (VALUES (1)) AS asked LEFT JOIN core_idempotentreply kept
  ON kept.credential = %s AND kept.method = %s AND kept.path = %s AND kept.key = %s
"""
_KEEP = """
INSERT INTO core_idempotentreply
  (credential, method, path, key, fingerprint, status_code, body, created_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, engine_now())
ON CONFLICT DO NOTHING RETURNING id
"""


def claim(asked: Asked) -> tuple[bool, Kept | None]:
    """Whether nobody else works on this key (its advisory lock is taken, without waiting), and the
    reply that is kept for it.

    A twin that ends between this statement's snapshot and its lock is not seen: `keep` meets it.
    """
    [(alone, made_for, status_code, body)] = statements.run(_CLAIM, [asked.lock, *asked.names])
    if made_for is None:
        return alone, None
    return alone, Kept(made_for, status_code, None if body is None else json.loads(body))


def keep(asked: Asked, status_code: int, body: Any) -> bool:
    """Keep a reply; False when a twin was faster."""
    answer: list[Any] = [asked.fingerprint, status_code, None if body is None else Jsonb(body)]
    return bool(statements.run(_KEEP, [*asked.names, *answer]))
