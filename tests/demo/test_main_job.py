"""`manage.py demo` as a person would run it, compared with a recount of its data."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.demo import data, history
from tests.demo.data import CHAINS
from tests.demo.own_var import ROOT, environ, own_var
from tests.demo.recount import recount

HOLD_SECONDS = "3"
DATA = str(CHAINS) if CHAINS.exists() else ""


@pytest.fixture
def var() -> Iterator[Path]:
    with own_var() as folder:
        yield folder


def command(*words: str) -> list[str]:
    return [sys.executable, str(ROOT / "manage.py"), "demo", *words]


def run(var: Path, limit: int, source: str = DATA) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command("--hold-seconds", HOLD_SECONDS),
        env=environ(var, DATA=source, LIMIT=str(limit), EXIT="1"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


def assert_equals_recount(done: subprocess.CompletedProcess[str], var: Path, limit: int) -> None:
    assert done.returncode == 0, done.stdout + done.stderr
    groups = data.load(DATA, limit).first(limit).groups
    wanted = recount(groups)
    shown = "null" if wanted.k is None else f"{wanted.k:.4f}"
    line = done.stdout.splitlines()[-1]
    assert re.fullmatch(
        f"main job: ok groups={limit} completed={wanted.completed} failed={wanted.failed} "
        f"participants={wanted.participants} referred={wanted.referred} "
        f"refunded={wanted.refunded} points_settled={wanted.points} "
        rf"K={shown} in \d+\.\ds",
        line,
    ), f"{line}\n{wanted}"
    kept = json.loads((var / "demo" / "report.json").read_text())
    assert (kept["groups"], kept["points_settled"]) == (limit, wanted.points)
    assert kept["K"] == pytest.approx(wanted.k)


@pytest.mark.slow
def test_the_main_job_again_and_further(var: Path) -> None:
    first = run(var, 12)
    assert_equals_recount(first, var, 12)
    assert re.search(r"Operator olga, password \S{16} \(shown this once\)", first.stdout)
    assert "/g/room_" in first.stdout
    assert "/s/" in first.stdout

    again = run(var, 20)
    assert_equals_recount(again, var, 20)
    assert "printed at the first run" in again.stdout
    assert page(first.stdout) == page(again.stdout)


def page(said: str) -> str:
    """Which room is on show; its port is another one at each run."""
    found = re.search(r"/g/(room_\w+)", said)
    assert found
    return found[1]


@pytest.mark.slow
def test_it_serves_until_ctrl_c(var: Path) -> None:
    process = subprocess.Popen(
        command("--hold-seconds", "1", "--limit", "1"),
        env=environ(var),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    said = []
    try:
        for line in process.stdout:
            said.append(line.strip())
            if line.startswith("main job: ok"):
                break
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=40)
    finally:
        process.kill()
    assert "Ctrl-C stops" in said, errors
    assert said[0].startswith("Synthetic history: 1 groups drawn by the simulator with seed=20")
    assert (process.returncode, rest, errors) == (0, "", "")


def test_bad_data_is_refused_before_anything_happens(var: Path, tmp_path: Path) -> None:
    path = tmp_path / "groups.csv"
    path.write_text(",".join(history.COLUMNS) + "\n1,2,3,success,\n")
    done = run(var, 1, str(path))
    assert done.returncode == 1
    assert f"{path}, line 2: a success needs participants" in done.stderr
    assert not (var / "postgres").exists()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [("LIMIT", "0", "LIMIT must be"), ("LIMIT", "few", "LIMIT must be"), ("PORT", "x", "listen")],
)
def test_bad_options_are_one_line(var: Path, name: str, value: str, said: str) -> None:
    env = environ(var, **{name: value})
    done = subprocess.run(
        command(), env=env, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    [line] = done.stderr.splitlines()
    assert said in line
    assert done.returncode == 1
