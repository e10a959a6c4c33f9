"""What the environment says, and where this checkout and its data are."""

import contextlib
import os
import secrets
import tempfile
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from referral_engine.stack import addresses

BASE_DIR = Path(__file__).resolve().parent.parent.parent
VAR_DIR = addresses.var_dir(os.environ, BASE_DIR)
PRODUCTION = os.environ.get("ENGINE_ENV", "development") == "production"
DEBUG = os.environ.get("DEBUG", "") == "1" and not PRODUCTION


def secret(name: str) -> str:
    """The secret `name` from the environment; in development a random one kept in `var/`.

    Raises ImproperlyConfigured in production when it is not set.
    """
    if value := os.environ.get(name):
        return value
    if PRODUCTION:
        raise ImproperlyConfigured(f"{name} must be set when ENGINE_ENV=production.")
    path = VAR_DIR / f"{name.lower()}.txt"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent) as draft:  # readable by us alone
            draft.write(secrets.token_urlsafe(48))
            draft.flush()
            # A link is made whole or not at all: of two processes that start at once, one wins.
            with contextlib.suppress(FileExistsError):
                os.link(draft.name, path)
    return path.read_text()


def listed(name: str, default: str = "") -> list[str]:
    """The words of the variable `name`, which stand with commas between."""
    return [item.strip() for item in os.environ.get(name, default).split(",") if item.strip()]


SECRET_KEY = secret("SECRET_KEY")
SECRET_KEY_FALLBACKS = listed("SECRET_KEY_FALLBACKS")
