"""A campaign's report as tables for a terminal."""

from collections.abc import Iterable
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

Report = dict[str, Any]


def print_report(console: Console, report: Report) -> None:
    """Print the whole report, one table per topic."""
    console.print(f"\n[bold]{report['campaign']['name']}[/bold]  as of {report['as_of']}")
    for table in (_people(report), _generations(report), _rooms(report), _funnel(report)):
        console.print(table)
    for table in (_rewards(report), _cost(report)):
        console.print(table)
    if caveat := report["k"].get("caveat"):
        console.print(f"[dim]K: {caveat}[/dim]")


def _table(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> Table:
    """A compact table; the first column's name is the topic."""
    table = Table(box=SIMPLE_HEAD)
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place else "left")
    for row in rows:
        table.add_row(*(_shown(value) for value in row))
    return table


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _figure(figure: dict[str, Any]) -> str:
    """Its value and interval, or the reason why there is none."""
    if figure["value"] is None:
        return str(figure["reason"])
    low, high = figure["low"], figure["high"]
    between = "" if low is None or high is None else f" ({low:.4f}–{high:.4f})"
    return f"{figure['value']:.4f}{between}"


def _people(report: Report) -> Table:
    people, k = report["people"], report["k"]
    rows = [
        ("participants, confirmed", people["participants"]),
        ("provisional", people["provisional"]),
        ("seeds", people["seeds"]),
        ("referred", people["referred"]),
        ("referees of non-seeds", k["referees_of_non_seeds"]),
        ("non-seeds", k["non_seeds"]),
        ("K, naive", k["naive"]),
        ("K", _figure(k)),
    ]
    return _table(("People", ""), rows)


def _generations(report: Report) -> Table:
    rows = [
        (str(row["generation"]), row["participants"], row["referees"], row["naive_k"])
        for row in report["generations"]
    ]
    return _table(("Generation", "participants", "referees", "naive K"), rows)


def _rooms(report: Report) -> Table:
    return _table(("Rooms", ""), report["rooms"].items())


def _funnel(report: Report) -> Table:
    rows = [(row["step"], row["count"], row["rate"]) for row in report["funnel"]]
    return _table(("Funnel", "count", "per step before"), rows)


def _rewards(report: Report) -> Table:
    rows = [(name.replace("_", " "), value) for name, value in report["rewards"].items()]
    return _table(("Rewards", ""), rows)


def _cost(report: Report) -> Table:
    cost = report["cost"]
    names = ("budget", "reserved", "spent", "per_participant")
    rows = [(name.replace("_", " "), _money(cost.get(f"{name}_minor"))) for name in names]
    return _table((f"Cost in {cost['currency']}", ""), rows)


def _money(minor: float | None) -> str | None:
    return None if minor is None else f"{minor / 100:,.2f}"
