"""The demo's own process: no Django, only the engine's public HTTP API.

    python -m apps.demo.main_job --port 8000 …

Started by `manage.py demo` once the servers run. It starts the engine's programs, has the stage
set, replays the history, waits until all is settled, and prints what came of it.
"""

import argparse
import json
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from apps.demo import data, programs, showcase, tables, waiting
from apps.demo.client import Engine, EngineAway, EngineRefused
from apps.demo.history import History
from apps.demo.journal import Journal
from apps.demo.programs import Programs, ProgramsEnded
from apps.demo.replay import Replay, ReplayFailed
from apps.demo.shop import Shop, ShopServer
from apps.demo.stage import Operator, Stage
from apps.demo.totals import Totals
from referral_engine.stack.errors import StackError

BASE_DIR = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
# A webhook is delivered again, so the shop need not wait for the engine as long as the replay.
SHOP_PATIENCE_SECONDS = 3.0
INTERRUPTED = 130

FORESEEN = (
    EngineAway,
    EngineRefused,
    ProgramsEnded,
    ReplayFailed,
    StackError,
    waiting.NotSettled,
)


class StageRefused(Exception):
    """`demo_stage` did not succeed; the message is what it said."""


class TotalsDiffer(Exception):
    """The report does not tell what was replayed."""


@dataclass(frozen=True)
class Options:
    """What `manage.py demo` found out. `limit` None: all groups."""

    data: str
    limit: int | None
    port: int
    var_dir: Path
    hold_seconds: int
    exit: bool
    began_at: float


def main(arguments: Sequence[str]) -> int:
    """Run the demo; the exit code. What is foreseen to go wrong is one line on stderr."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    options = _parse(arguments)
    log = options.var_dir / "logs" / "demo.log"
    try:
        with programs.running(BASE_DIR, HOST, options.port, log) as engine:
            _demo(options, engine)
    except KeyboardInterrupt:
        return INTERRUPTED
    except (*FORESEEN, StageRefused, TotalsDiffer) as error:
        Console(stderr=True).print(f"main job: FAILED: {error}", soft_wrap=True, markup=False)
        return 1
    return 0


def _parse(arguments: Sequence[str]) -> Options:
    parser = argparse.ArgumentParser(prog="python -m apps.demo.main_job", description=__doc__)
    parser.add_argument("--data", default="")
    parser.add_argument("--limit", type=data.limit_of, default=data.DEFAULT_LIMIT)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--var-dir", type=Path, required=True)
    parser.add_argument("--hold-seconds", type=int, default=20)
    parser.add_argument("--exit", action="store_true")
    parser.add_argument("--began-at", type=float, default=time.time())
    return Options(**vars(parser.parse_args(arguments)))


def _demo(options: Options, running: Programs) -> None:
    console = Console(highlight=False)
    whole = data.load(options.data, options.limit)
    used = whole.first(options.limit)
    console.print(data.described(options.data, whole, used))
    running.wait_ready()
    with closing(ShopServer()) as server:
        stage = _set_stage(options, whole, used, server.url)
        console.print(_welcome(stage.operator), soft_wrap=True)
        with (
            closing(Engine(running.url, stage.server_key, on_away=running.demand_up)) as engine,
            closing(Engine(running.url, stage.server_key, patience=SHOP_PATIENCE_SECONDS)) as own,
        ):
            shop = Shop(own, stage.webhook_secret, stage.sku)
            server.open(shop)
            _main_job(console, options, used, engine, stage, shop)
            if not options.exit:
                running.wait()


def _main_job(
    console: Console, options: Options, used: History, engine: Engine, stage: Stage, shop: Shop
) -> None:
    """Replay, wait, and tell. Raises what is foreseen to go wrong."""
    folder = options.var_dir / "demo"
    journal = Journal(folder / f"{stage.campaign}.jsonl")
    _replay(console, used, Replay(engine, stage, journal, used.digest8))
    shown = showcase.show(engine, stage, folder / "showcase.json")
    report = _settled(console, engine, stage, shop)
    totals = Totals.of_report(report)
    _compare(totals, journal.outcomes())
    seconds = time.time() - options.began_at
    kept: dict[str, Any] = {**totals.as_json(seconds), "report": report}
    path = folder / "report.json"
    path.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n")
    tables.print_report(console, report)
    if totals.groups > len(used.groups):
        console.print(f"An earlier run replayed {totals.groups} groups; the report shows them all.")
    port = urlsplit(engine.base_url).port
    lines = [
        f"Admin       {engine.base_url}/admin/",
        f"Share page  {shown.share_url}",
        f"Group page  {engine.base_url}/g/{shown.room}",
        f"Report      {path}",
        f"Stopping now; make up PORT={port} serves these pages again"
        if options.exit
        else "Ctrl-C stops",
        totals.line(seconds),
    ]
    # Addresses and the last line stay whole, however narrow the terminal is.
    console.print("\n".join(lines), soft_wrap=True, markup=False)


def _set_stage(options: Options, whole: History, used: History, shop_url: str) -> Stage:
    """Have the management command set the stage. Raises StageRefused."""
    sizes = {group.size for group in used.groups if group.completed} or {2}
    words = ["--data-name", whole.name, "--digest", whole.digest, "--shop-url", shop_url]
    words += ["--sizes", ",".join(map(str, sorted(sizes)))]
    words += ["--hold-seconds", str(options.hold_seconds)]
    done = subprocess.run(
        [sys.executable, str(BASE_DIR / "manage.py"), "demo_stage", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise StageRefused(f"the stage could not be set: {done.stderr.strip()}")
    return Stage.from_json(done.stdout)


def _welcome(operator: Operator) -> str:
    name = f"[bold]{operator.username}[/bold]"
    if operator.password is None:
        again = f"manage.py changepassword {operator.username} makes another one"
        return f"Operator {name}; her password was printed at the first run ({again})"
    return f"Operator {name}, password [bold]{operator.password}[/bold] (shown this once)"


def _replay(console: Console, used: History, replay: Replay) -> None:
    columns = (TextColumn("Replaying"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        for group in progress.track(used.groups):
            replay.group(group)


def _settled(console: Console, engine: Engine, stage: Stage, shop: Shop) -> waiting.Report:
    with console.status("Waiting until all is settled") as status:

        def look(left: dict[str, int]) -> None:
            words = [f"{count} {name.replace('_', ' ')}" for name, count in left.items()]
            status.update("Waiting until all is settled: " + ", ".join(words))

        return waiting.wait_until_settled(
            lambda: engine.server("GET", f"/campaigns/{stage.campaign}/report"),
            catch_up=shop.catch_up,
            on_look=look,
        )


def _compare(totals: Totals, replayed: tuple[int, int]) -> None:
    if (totals.completed, totals.failed) != replayed:
        raise TotalsDiffer(
            f"{replayed[0]} completed and {replayed[1]} failed groups were replayed, "
            f"and the report has {totals.completed} and {totals.failed}"
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
