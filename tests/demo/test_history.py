"""Reading a history: what is taken, and what is refused by line."""

import gzip
from pathlib import Path

import pytest

from apps.demo import history
from apps.demo.history import Group, HistoryRefused

HEADER = "group_id,initiator,item,status,participants\n"
GOOD = HEADER + "7,1,50,success,2 3\n8,2,51,failed,\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "groups.csv"
    path.write_text(text)
    return path


def test_groups_are_read_in_order(tmp_path: Path) -> None:
    found = history.read(written(tmp_path, GOOD))
    assert found.groups == (
        Group(2, 7, 1, 50, True, (2, 3)),
        Group(3, 8, 2, 51, False, ()),
    )
    assert [group.size for group in found.groups] == [3, 2]
    assert [group.refunded for group in found.groups] == [True, False]
    assert found.name == "groups.csv"


def test_packed_or_not_it_is_the_same_data(tmp_path: Path) -> None:
    plain = history.read(written(tmp_path, GOOD))
    packed = tmp_path / "other.csv.gz"
    packed.write_bytes(gzip.compress(GOOD.encode()))
    assert history.read(packed).digest == plain.digest
    assert history.read(packed).groups == plain.groups


def test_the_first_groups_keep_the_digest_of_all(tmp_path: Path) -> None:
    found = history.read(written(tmp_path, GOOD))
    assert found.first(1).groups == found.groups[:1]
    assert found.first(1).digest == found.digest
    assert found.first(None) == found


@pytest.mark.parametrize(
    ("rows", "line", "reason"),
    [
        ("1,1,5,success,2\n1,3,5,success,4\n", 3, "group 1 was already in line 2"),
        ("1,1,5,success,2 1\n", 2, "the initiator 1 is among the participants"),
        ("1,1,5,success,2 3 2\n", 2, "a participant is named twice"),
        ("1,1,5,success,\n", 2, "a success needs participants"),
        ("1,1,5,failed,2\n", 2, "a failed group has no participants"),
        ("1,1,5,failed,\n2,1,5,open,\n", 3, "unknown status “open”"),
        ("1,1,5,success,2,3\n", 2, "5 columns are needed, not 6"),
        ("1,1,5\n", 2, "5 columns are needed, not 3"),
        ("\n", 2, "5 columns are needed, not 0"),
        ("1,ann,5,failed,\n", 2, "“ann” is not an integer"),
        ("1,-1,5,failed,\n", 2, "“-1” is not an integer"),
        ("1,1,5,success,2_0\n", 2, "“2_0” is not an integer"),
        ('1,1,5,success,"2\n', 2, "unexpected end of data"),
    ],
)
def test_a_bad_row_is_refused_by_line(tmp_path: Path, rows: str, line: int, reason: str) -> None:
    path = written(tmp_path, HEADER + rows)
    with pytest.raises(HistoryRefused) as refused:
        history.read(path)
    assert str(refused.value) == f"{path}, line {line}: {reason}"


@pytest.mark.parametrize("text", ["", "group,initiator\n", HEADER.replace("item", "thing")])
def test_wrong_columns_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(HistoryRefused, match="line 1: the columns must be group_id,initiator"):
        history.read(written(tmp_path, text))


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HistoryRefused, match=r"none\.csv: cannot be read: No such file"):
        history.read(tmp_path / "none.csv")
    packed = tmp_path / "broken.csv.gz"
    packed.write_bytes(gzip.compress(GOOD.encode())[:-4])
    with pytest.raises(HistoryRefused, match=r"broken\.csv\.gz: cannot be read"):
        history.read(packed)
    (tmp_path / "latin.csv").write_bytes(b"\xe9")
    with pytest.raises(HistoryRefused, match=r"latin\.csv: cannot be read"):
        history.read(tmp_path / "latin.csv")
