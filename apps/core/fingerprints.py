"""Telling a repeat from a change."""

import hashlib
import json
from typing import Any


def fingerprint(body: Any) -> str:
    """SHA-256 of a JSON body in canonical form."""
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"))  # in ASCII
    return hashlib.sha256(canonical.encode()).hexdigest()
