"""The door: a database of its own, then the suite in it."""

import os
import secrets
import signal
import sys
from collections.abc import Sequence

import django

from benchmarks.database import fresh_database
from benchmarks.errors import BenchmarkError
from benchmarks.options import parse

HINT = "python -m referral_engine.stack run --ephemeral -- python -m benchmarks"
INTERRUPTED = 130


def main(arguments: Sequence[str]) -> int:
    """Measure what was asked for; the exit code. What is foreseen to go wrong is one line."""
    options = parse(arguments)
    server = os.environ.get("DATABASE_URL", "")
    if not server or not os.environ.get("REDIS_URL"):
        print(f"benchmarks: no servers here. Run: {HINT}", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with fresh_database(server) as url:
            _settle_environment(url)
            # Django reads its settings once, so the engine is imported only now.
            django.setup()
            from benchmarks import suite

            suite.run(options, url, server)
    except BenchmarkError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def _settle_environment(url: str) -> None:
    """Have this process and all it starts use the database at `url`, and no secret of anybody's."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "referral_engine.settings",
        "DATABASE_URL": url,
        "SECRET_KEY": secrets.token_urlsafe(48),
        "LOG_LEVEL": "WARNING",
        "TRUSTED_PROXIES": "1",  # the load generator tells whom it plays
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
