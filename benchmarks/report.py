"""What was measured, for people and for programs."""

import datetime as dt
import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from benchmarks import visits
from benchmarks.database import Database
from benchmarks.load import NAME as LOAD
from benchmarks.options import Options
from benchmarks.rounds import Measured, Result
from benchmarks.stories import Story
from benchmarks.writes import Rows


def machine(database: Database, options: Options) -> dict[str, Any]:
    """What the figures hang on: the machine, the versions, the settings, how it was measured."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": cores,
        "load_average": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "postgresql": database.facts(),
        "rounds": options.rounds,
        "seconds": options.seconds,
        "rest": options.rest,
        "connections": options.connections,
        "members": options.members,
        "links": options.links,
        "visits": options.visits,
        "groups": options.groups,
        "runs": options.runs,
        "generators": {"GET": visits.generator(), "POST": LOAD, "SQL": "pgbench"},
    }


def show(
    console: Console, results: Sequence[Result], stories: Sequence[Story], facts: dict[str, Any]
) -> None:
    """Print the table of ratios, the stories, and what it was measured on."""
    if results:
        _show_table(console, results)
    for story in stories:
        console.print(f"{story.name}: {story.title}", highlight=False)
        for line in story.lines:
            console.print(f"  {line}", highlight=False)
    console.print(_measured_on(facts), style="dim", highlight=False)


def _show_table(console: Console, results: Sequence[Result]) -> None:
    table = Table(
        title="The engine beside PostgreSQL's own ceiling, per second",
        title_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("median, min–max", no_wrap=True)
    for column in ("engine", "ceiling", "ratio", "rows", "MiB"):
        table.add_column(column, justify="right", no_wrap=True)
    for result in results:
        ratio = _spread(result.ratios, "{:.3f}")
        rates = [_spread(side.rates, "{:,.0f}") for side in (result.engine, result.ceiling)]
        table.add_row(
            result.case.name, *rates, ratio, _rows(result), f"{result.memory.mebibytes:,.0f}"
        )
    console.print(table)
    for result in results:
        console.print(f"{result.case.name}: {result.case.title}", highlight=False)


def _measured_on(facts: dict[str, Any]) -> str:
    server, generators = facts["postgresql"], facts["generators"]
    return (
        f"{facts['cores']} cores shared with the load, load average {facts['load_average']}, "
        f"Python {facts['python']}, PostgreSQL {server['server_version']}, "
        f"fsync {server['fsync']}, synchronous_commit {server['synchronous_commit']}; "
        f"{facts['rounds']} rounds of {facts['seconds']:g} s in turns, {facts['rest']:g} s of rest "
        "before each, "
        f"{facts['connections']} connections; GET by {generators['GET']}, "
        f"POST by {generators['POST']}. "
        "Rows: those one act adds + changes (those of the ceiling, where they are others). "
        "MiB: the most the engine's processes held at a moment, what they share counted in each. "
        "Ratios travel, figures do not."
    )


def _spread(values: Sequence[float], form: str) -> str:
    middle, least, most = (form.format(v) for v in (median(values), min(values), max(values)))
    return f"{middle}\n[dim]{least}–{most}[/dim]"


def _rows(result: Result) -> str:
    engine, ceiling = _total(result.engine.rows), _total(result.ceiling.rows)
    return engine if engine == ceiling else f"{engine}\n({ceiling})"


def _total(rows: Rows) -> str:
    """Such as "7 + 1": rows added and changed by one act."""
    added = sum(of_table.get("insert", 0) for of_table in rows.values())
    changed = sum(of_table.get("update", 0) for of_table in rows.values())
    return f"{added:g} + {changed:g}"


def write(
    path: Path, results: Sequence[Result], stories: Sequence[Story], facts: dict[str, Any]
) -> None:
    """Keep everything, every sample included, as JSON."""
    told = {
        "machine": facts,
        "cases": {result.case.name: _told(result) for result in results},
        "stories": {story.name: {"title": story.title, **story.told} for story in stories},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(told, indent=2) + "\n")


def _told(result: Result) -> dict[str, Any]:
    return {
        "title": result.case.title,
        "ratio": _numbers(result.ratios, 4),
        "memory": {
            "processes": result.memory.processes,
            "peak_mebibytes": round(result.memory.mebibytes, 1),
        },
        "engine": _side(result.engine),
        "ceiling": _side(result.ceiling),
    }


def _side(measured: Measured) -> dict[str, Any]:
    return {
        "rate": _numbers(measured.rates, 1),
        "rows_per_act": measured.rows,
        "samples": [
            {
                "acts": sample.acts,
                "seconds": round(sample.seconds, 4),
                "rate": round(sample.rate, 1),
            }
            for sample in measured.samples
        ],
    }


def _numbers(values: Sequence[float], digits: int) -> dict[str, Any]:
    return {
        "median": round(median(values), digits),
        "min": round(min(values), digits),
        "max": round(max(values), digits),
        "all": [round(value, digits) for value in values],
    }
