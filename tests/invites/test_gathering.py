"""Requests that wait together are kept together, each with its own outcome."""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from apps.invites.gathering import Gathering


@dataclass(frozen=True)
class Brought:
    click_id: str


class Keeper:
    """Keeps what is brought, and remembers the batches; it can be held up."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.go_on = threading.Event()
        self.go_on.set()

    def __call__(self, brought: Sequence[Brought]) -> Mapping[str, str]:
        self.batches.append([one.click_id for one in brought])
        assert self.go_on.wait(10)
        if any(one.click_id == "poison" for one in brought):
            raise RuntimeError("poisoned")
        return {one.click_id: f"kept {one.click_id}" for one in brought if one.click_id != "no"}


def bring(gathering: Gathering[Brought, str], *names: str) -> list[Any]:
    """Bring all at once; what each got, or what was raised."""

    async def all_at_once() -> list[Any]:
        asked = (gathering.bring(Brought(name)) for name in names)
        return await asyncio.gather(*asked, return_exceptions=True)

    return asyncio.run(all_at_once())


@pytest.mark.parametrize("hands", [1, 2])
def test_alone_one_is_kept_at_once(hands: int) -> None:
    keeper = Keeper()
    gathering = Gathering(keeper, hands=hands)
    assert bring(gathering, "a") == ["kept a"]
    assert bring(gathering, "no") == [None]
    assert keeper.batches == [["a"], ["no"]]


@pytest.mark.parametrize("hands", [1, 2])
def test_who_comes_meanwhile_is_kept_together(hands: int) -> None:
    keeper = Keeper()
    keeper.go_on.clear()
    gathering = Gathering(keeper, hands=hands)
    threading.Timer(0.2, keeper.go_on.set).start()
    names = [f"{n}" for n in range(20)]
    assert bring(gathering, *names) == [f"kept {name}" for name in names]
    assert [len(batch) for batch in keeper.batches] == [1] * hands + [20 - hands]


def test_an_error_is_everybodys_of_the_batch_and_nobodys_after_it() -> None:
    gathering = Gathering(Keeper(), hands=1)
    first, *others = bring(gathering, "a", "poison", "b")
    assert first == "kept a"
    assert [type(other) for other in others] == [RuntimeError, RuntimeError]
    assert bring(gathering, "a") == ["kept a"]


def test_who_hung_up_is_kept_all_the_same_and_holds_nobody_up() -> None:
    keeper = Keeper()
    gathering = Gathering(keeper, hands=1)

    async def hang_up() -> Any:
        gone = asyncio.ensure_future(gathering.bring(Brought("gone")))
        stays = asyncio.ensure_future(gathering.bring(Brought("stays")))
        await asyncio.sleep(0)
        gone.cancel()
        return await stays

    assert asyncio.run(hang_up()) == "kept stays"
    assert sorted(name for batch in keeper.batches for name in batch) == ["gone", "stays"]


def test_nobody_is_forgotten_in_a_crowd() -> None:
    keeper = Keeper()
    gathering = Gathering(keeper, hands=2)
    names = [f"{n}" for n in range(2_000)]
    assert bring(gathering, *names) == [f"kept {name}" for name in names]
    assert sorted(name for batch in keeper.batches for name in batch) == sorted(names)
