"""The benchmarks run, and both sides do the same. The figures themselves are nobody's business here."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.demo.own_var import ROOT, environ, own_var

pytestmark = pytest.mark.slow

# Where the ceiling does the same; of the others it is one transfer between two accounts.
ALIKE = (
    "visits",
    "bind",
    "bind-service-1",
    "bind-100",
    "seats-hot",
    "offer-hot",
    "events",
    "tiers",
)
# The engine's own statement, which no process of the engine sends.
SENT_BY_PGBENCH = ("bind-100",)
TRANSFERS = ("points-spend", "points-pair", "coupon-redeem", "ledger")
CASES = (*ALIKE[:7], *TRANSFERS, *ALIKE[7:])


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a run of the shortest rounds wrote, on servers of its own."""
    path = tmp_path_factory.mktemp("bench") / "new" / "bench.json"
    stack = ["-m", "referral_engine.stack", "run", "--ephemeral", "--no-fsync", "--"]
    bench = ["-m", "benchmarks", "--rounds=1", "--seconds=0.2", "--connections=4"]
    bench += ["--members=2000", f"--json={path}", "--only=tiers-million"]
    bench += ["--visits=3000", "--only=reports", "--no-duckdb"]
    bench += [f"--only={name}" for name in CASES]
    done = run(*stack, sys.executable, *bench)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "fsync off" in done.stdout
    return dict(json.loads(path.read_text()))


def run(*words: str) -> subprocess.CompletedProcess[str]:
    with own_var() as var:
        return subprocess.run(
            [sys.executable, *words],
            cwd=ROOT,
            env=environ(var),
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )


def test_every_case_tells_all_its_rounds(told: dict[str, Any]) -> None:
    assert tuple(told["cases"]) == CASES
    for case in told["cases"].values():
        [ratio] = case["ratio"]["all"]
        rates = []
        for side in ("engine", "ceiling"):
            [sample] = case[side]["samples"]
            assert sample["acts"] > 0
            assert sample["rate"] == pytest.approx(sample["acts"] / sample["seconds"], rel=0.01)
            assert case[side]["rate"]["median"] == sample["rate"]
            rates.append(sample["rate"])
        assert ratio == pytest.approx(rates[0] / rates[1], rel=0.01)


def test_the_ceiling_writes_what_the_engine_writes(told: dict[str, Any]) -> None:
    for name in ALIKE:
        case = told["cases"][name]
        assert case["ceiling"]["rows_per_act"] == case["engine"]["rows_per_act"], name


def test_the_ledgers_ceiling_is_one_transfer(told: dict[str, Any]) -> None:
    one_transfer = {"points_account": {"update": 2.0}, "points_transfer": {"insert": 1.0}}
    for name in TRANSFERS:
        assert told["cases"][name]["ceiling"]["rows_per_act"] == one_transfer, name


def test_what_instruments_promise_is_written(told: dict[str, Any]) -> None:
    rows = {name: told["cases"][name]["engine"]["rows_per_act"] for name in TRANSFERS}
    reply = {"insert": 1.0}
    assert rows["points-spend"]["core_idempotentreply"] == reply
    assert rows["points-spend"]["points_reservation"] == reply
    assert rows["points-pair"]["points_transfer"] == {"insert": 2.0}
    assert rows["points-pair"]["points_reservation"] == {"insert": 1.0, "update": 1.0}
    assert rows["coupon-redeem"]["coupons_coupon"] == {"update": 1.0}
    assert rows["coupon-redeem"]["core_idempotentreply"] == reply
    assert rows["ledger"]["points_transfer"] == {"insert": 1.0}


def test_all_members_are_swept_to_the_last(told: dict[str, Any]) -> None:
    swept = told["stories"]["tiers-million"]
    assert swept["members"] == 2000
    assert swept["seconds"] > 0
    assert swept["peak_mebibytes"] > 30


def test_a_report_reads_what_is_counted_from_its_rows(told: dict[str, Any]) -> None:
    # It ends with an error where it does not.
    read = told["stories"]["reports"]
    assert (read["visits"], read["participants"]) == (3000, 300)
    assert read["orders"] > 50
    assert read["duckdb"] is None
    for name in ("page", "first", "counts", "rebuild", "postgresql"):
        assert read[name]["seconds"] > 0, name
        assert read[name]["mebibytes"] > 30, name


def test_the_engines_memory_is_told(told: dict[str, Any]) -> None:
    for name, case in told["cases"].items():
        memory = case["memory"]
        if name in SENT_BY_PGBENCH:
            assert memory["processes"] == 0
            continue
        assert memory["processes"] >= 1, name
        # A process that has loaded the engine holds more than this, and no case is that greedy.
        assert 30 < memory["peak_mebibytes"] / memory["processes"] < 1000, name


def test_the_machine_is_told(told: dict[str, Any]) -> None:
    machine = told["machine"]
    assert machine["cores"] >= 1
    assert machine["postgresql"]["server_version"]
    assert (machine["rounds"], machine["seconds"], machine["connections"]) == (1, 0.2, 4)
    assert machine["members"] == 2000
    assert machine["generators"]["POST"] == "benchmarks.load"


def test_without_servers_it_says_how_to_get_them() -> None:
    done = run("-m", "benchmarks")
    assert done.returncode == 2
    assert "python -m referral_engine.stack run" in done.stderr
    assert "Traceback" not in done.stderr
