"""Do the main job, end to end, on group-buy history."""

import os
import socket
import sys
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.demo import data
from apps.demo.history import HistoryRefused
from referral_engine.stack.supervisor import run_stack

HOST = "127.0.0.1"


class Command(BaseCommand):
    """`manage.py demo`: until Ctrl-C, or with EXIT=1 until the report is printed.

    Options may be given as environment variables, because `make demo DATA=…` passes them so.
    """

    help = "Start everything, replay group-buy history over HTTP, and print what came of it."
    requires_system_checks = ()  # the servers are not there yet

    def add_arguments(self, parser: CommandParser) -> None:
        said = os.environ.get
        parser.add_argument("--data", default=said("DATA", ""), help="file.csv[.gz]; else invented")
        parser.add_argument(
            "--limit", default=said("LIMIT") or str(data.DEFAULT_LIMIT), help="groups, or “all”"
        )
        parser.add_argument("--port", default=said("PORT", ""), help="default: a free one")
        parser.add_argument("--hold-seconds", type=int, default=20, help="of every policy")
        parser.add_argument(
            "--exit", action="store_true", default=said("EXIT", "") not in ("", "0")
        )

    def handle(self, **options: Any) -> None:
        began_at = time.time()
        self._check(options["data"], options["limit"])
        port = _free_port(options["port"])
        words = ["--data", options["data"], "--limit", options["limit"], "--port", str(port)]
        words += ["--var-dir", str(settings.VAR_DIR), "--began-at", str(began_at)]
        words += ["--hold-seconds", str(options["hold_seconds"])]
        words += ["--exit"] if options["exit"] else []
        manage = [sys.executable, str(settings.BASE_DIR / "manage.py")]
        sys.exit(
            run_stack(
                [
                    [*manage, "migrate", "--noinput", "--verbosity", "0"],
                    [sys.executable, "-m", "apps.demo.main_job", *words],
                ],
                var_dir=settings.VAR_DIR,
                # The data may be named relative to where we are, so we stay there.
                environ=os.environ | {"PYTHONPATH": _python_path()},
                lasting=not options["exit"],
            )
        )

    def _check(self, path: str, limit: str) -> None:
        """Refuse what cannot be replayed, before anything happens."""
        try:
            groups = data.limit_of(limit)
        except ValueError:
            raise CommandError(f"LIMIT must be a positive number or “all”, not “{limit}”") from None
        try:
            data.load(path, groups)
        except HistoryRefused as refused:
            raise CommandError(str(refused)) from None


def _python_path() -> str:
    return os.pathsep.join(filter(None, [str(settings.BASE_DIR), os.environ.get("PYTHONPATH")]))


def _free_port(wanted: str) -> int:
    """The wanted port, or any free one. Raises CommandError when it is taken or no port."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, int(wanted or 0)))
        except (OSError, OverflowError, ValueError) as error:
            raise CommandError(f"cannot listen on {HOST}:{wanted}: {error}") from None
        return int(listener.getsockname()[1])
