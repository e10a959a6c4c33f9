"""The report in a terminal."""

import io

from rich.console import Console

from apps.demo.tables import print_report

REPORT = {
    "campaign": {"name": "Demo: groups.csv 0123abcd"},
    "as_of": "2025-06-01T12:00:00Z",
    "people": {"participants": 3017, "provisional": 4, "seeds": 1712, "referred": 1305},
    "k": {
        "value": 0.51251,
        "low": 0.4,
        "high": 0.6,
        "reason": None,
        "naive": 0.33486,
        "referees_of_non_seeds": 437,
        "non_seeds": 1305,
        "caveat": "Too early.",
    },
    "generations": [
        {"generation": 0, "participants": 1712, "referees": 868, "naive_k": 0.507},
        {"generation": 1, "participants": 868, "referees": 0, "naive_k": None},
    ],
    "rooms": {"opened": 4500, "completed": 3000, "failed": 1500},
    "funnel": [{"step": "visits", "count": 4242, "rate": None}],
    "rewards": {"points_settled": 311_470, "grants": 10},
    "cost": {
        "currency": "CNY",
        "budget_minor": None,
        "reserved_minor": 0,
        "spent_minor": 311_470,
        "per_participant_minor": 103.2,
    },
}


def test_every_figure_is_shown() -> None:
    shown = io.StringIO()
    print_report(Console(file=shown, width=80), REPORT)
    text = shown.getvalue()
    for expected in (
        "3,017",
        "0.3349",
        "0.5125 (0.4000–0.6000)",
        "1,500",
        "4,242",
        "311,470",
        "3,114.70",
        "1.03",
        "–",
    ):
        assert expected in text
    assert "K: Too early." in text


def test_a_k_that_cannot_be_told_says_why() -> None:
    shown = io.StringIO()
    early = REPORT["k"] | {"value": None, "low": None, "high": None, "reason": "too early"}
    print_report(Console(file=shown, width=80), REPORT | {"k": early})
    assert "too early" in shown.getvalue()
