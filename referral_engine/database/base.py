"""The backend that `DATABASES` names."""

import time

from django.db.backends.postgresql import base

_BELIEVED_SECONDS = 1.0


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's, which looks whether a connection is alive at most once a second.

    Django looks at the beginning of each request, and a busy connection has just answered. One that
    broke meanwhile fails one request with 503, and is looked at after every error.
    """

    _alive_at = 0.0

    def is_usable(self) -> bool:
        if not self.errors_occurred and time.monotonic() - self._alive_at < _BELIEVED_SECONDS:
            return self.connection is not None
        usable: bool = super().is_usable()
        self._alive_at = time.monotonic() if usable else 0.0
        return usable
