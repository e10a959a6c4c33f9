"""Requests that wait together are kept together, each with its own outcome."""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from apps.invites.gathering import Gathering


@dataclass(frozen=True)
class Brought:
    click_id: str


class Keeper:
    """Keeps what is brought, and remembers the batches; the first can be held up."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.at_work = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()

    def __call__(self, brought: Sequence[Brought]) -> Mapping[str, str]:
        self.batches.append([one.click_id for one in brought])
        self.at_work.set()
        assert self.go_on.wait(10)
        if any(one.click_id == "poison" for one in brought):
            raise RuntimeError("poisoned")
        return {one.click_id: f"kept {one.click_id}" for one in brought if one.click_id != "no"}


def test_alone_one_is_kept_at_once() -> None:
    keeper = Keeper()
    gathering = Gathering(keeper)
    assert gathering.bring(Brought("a")) == "kept a"
    assert gathering.bring(Brought("no")) is None
    assert keeper.batches == [["a"], ["no"]]


def test_who_comes_meanwhile_is_kept_together() -> None:
    keeper = Keeper()
    gathering = Gathering(keeper)
    keeper.go_on.clear()
    with ThreadPoolExecutor(20) as pool:
        first = pool.submit(gathering.bring, Brought("first"))
        assert keeper.at_work.wait(10)
        others = [pool.submit(gathering.bring, Brought(f"{n}")) for n in range(19)]
        while len(gathering._waiting) < 19:
            pass
        keeper.go_on.set()
        assert first.result(10) == "kept first"
        assert [other.result(10) for other in others] == [f"kept {n}" for n in range(19)]
    assert [len(batch) for batch in keeper.batches] == [1, 19]


def test_an_error_is_everybodys_of_the_batch_and_nobodys_after_it() -> None:
    gathering = Gathering(Keeper())
    with pytest.raises(RuntimeError, match="poisoned"):
        gathering.bring(Brought("poison"))
    assert gathering.bring(Brought("a")) == "kept a"


def test_nobody_is_forgotten_in_a_crowd() -> None:
    keeper = Keeper()
    gathering = Gathering(keeper)
    names = [f"{n}" for n in range(2_000)]
    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(lambda name: gathering.bring(Brought(name)), names))
    assert outcomes == [f"kept {name}" for name in names]
    assert sorted(name for batch in keeper.batches for name in batch) == sorted(names)
