"""What a second run knows of the first."""

from pathlib import Path

from apps.demo.journal import Journal


def test_a_second_run_skips_and_resumes(tmp_path: Path) -> None:
    path = tmp_path / "demo" / "cmp_1.jsonl"
    first = Journal(path)
    assert first.begin(1, "09:00") == "09:00"
    first.finish(1, completed=True)
    assert first.begin(2, "09:01") == "09:01"

    second = Journal(path)
    assert second.has_finished(1)
    assert not second.has_finished(2)
    assert second.begin(2, "10:00") == "09:01"
    assert second.begin(3, "10:01") == "10:01"


def test_a_line_cut_off_by_a_kill_never_happened(tmp_path: Path) -> None:
    path = tmp_path / "cmp_1.jsonl"
    Journal(path).finish(1, completed=True)
    with path.open("a") as file:
        file.write('{"began": 2, "at": "09')

    second = Journal(path)
    assert second.begin(2, "10:00") == "10:00"
    second.finish(2, completed=False)
    assert Journal(path).outcomes() == (1, 1)
