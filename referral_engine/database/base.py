"""The backend that `DATABASES` names."""

import time
from functools import partial
from typing import Any

import psycopg
from django.conf import settings
from django.db.backends.postgresql import base
from psycopg.pq import TransactionStatus

_BELIEVED_SECONDS = 1.0


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's, which looks whether a connection is alive at most once a second.

    Django looks at the beginning of each request, and a busy connection has just answered. One that
    broke meanwhile fails one request with 503, and is looked at after every error. A server that holds
    the connection and says nothing is given up after `DB_PATIENCE_SECONDS`, if there are any:
    PostgreSQL's own timeouts are no help against a PostgreSQL that stands still.

    Statements that are prepared are planned as `DB_PLAN_CACHE_MODE` says. Left to itself PostgreSQL
    compares one plan for all values with the first plans it made: where tables grew since, those look
    cheap for ever, and each request is planned anew.
    """

    _alive_at = 0.0

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        if patience := settings.DB_PATIENCE_SECONDS:
            connection.wait = partial(_wait, connection, connection.wait, patience)
        return connection

    def init_connection_state(self) -> None:
        super().init_connection_state()
        prepares = self.settings_dict["OPTIONS"].get("prepare_threshold") is not None
        if prepares and settings.DB_PLAN_CACHE_MODE:
            with self.cursor() as cursor:
                set_it = "SELECT set_config('plan_cache_mode', %s, false)"
                cursor.execute(set_it, [settings.DB_PLAN_CACHE_MODE])

    def is_usable(self) -> bool:
        if not self.errors_occurred and time.monotonic() - self._alive_at < _BELIEVED_SECONDS:
            return self.connection is not None
        usable: bool = super().is_usable()
        self._alive_at = time.monotonic() if usable else 0.0
        return usable


def _wait(
    connection: "psycopg.Connection[Any]", wait: Any, patience: float, work: Any, **given: Any
) -> Any:
    """What psycopg waits for, but so many seconds at most; raises psycopg.OperationalError.

    The connection is closed then, for the answer may still come and would be taken for another's.
    """
    try:
        return wait(work, **{"timeout": patience, **given})
    except psycopg.OperationalError:
        if connection.pgconn.transaction_status == TransactionStatus.ACTIVE:
            connection.pgconn.finish()
        raise
