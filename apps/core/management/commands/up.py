"""Start everything: PostgreSQL, Valkey, the web server, the worker and beat."""

import os
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from referral_engine.stack.ports import demand_free, port_beside
from referral_engine.stack.supervisor import run_stack


class Command(BaseCommand):
    """`manage.py up`: until Ctrl-C, or until something dies."""

    help = "Start the servers, migrate, and run the Procfile until Ctrl-C."
    requires_system_checks = ()  # the servers are not there yet

    def add_arguments(self, parser: CommandParser) -> None:
        port = os.environ.get("PORT", "8000")  # as text: argparse converts and complains
        bind = os.environ.get("BIND", "127.0.0.1")
        parser.add_argument("--port", type=int, default=port, help="default: PORT, or 8000")
        parser.add_argument("--bind", default=bind, help="address to listen on, default 127.0.0.1")

    def handle(self, *, port: int, bind: str, **_options: Any) -> None:
        manage = [sys.executable, str(settings.BASE_DIR / "manage.py")]
        # An empty file name: honcho would let a .env override where the servers are.
        honcho = [sys.executable, "-m", "honcho", "--env", "", "--app-root", str(settings.BASE_DIR)]
        environ = _environment(bind)

        def announce() -> None:  # only now: web servers of a killed `up` have been swept
            demand_free(bind, port)
            asked = os.environ.get("STREAMS_PORT", "")
            environ["STREAMS_PORT"] = str(port_beside(bind, port, asked))
            asked = os.environ.get("FRONT_PORT", "")
            environ["FRONT_PORT"] = str(port_beside(bind, port + 1, asked))
            self.stdout.write(f"http://{bind}:{port}/ (Ctrl-C stops everything)")

        sys.exit(
            run_stack(
                [[*manage, "migrate", "--noinput"], [*honcho, "start", "--port", str(port)]],
                var_dir=settings.VAR_DIR,
                environ=environ,
                lasting=True,
                once_running=announce,
            )
        )


def _environment(bind: str) -> dict[str, str]:
    """Ours, in which the programs of this virtual environment are found, activated or not."""
    programs = str(Path(sys.executable).parent)
    path = os.pathsep.join([programs, os.environ.get("PATH", os.defpath)])
    return os.environ | {"PATH": path, "BIND": bind, "PYTHONUNBUFFERED": "1"}
