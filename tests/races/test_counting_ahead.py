"""Two workers find the same forecast due: one of them counts it."""

import pytest

from apps.reports.models import Ahead
from apps.reports.services import ahead, ahead_count, turns
from tests.makers import make_campaign
from tests.races.threads import Gap


def counted_by_two(monkeypatch: pytest.MonkeyPatch) -> tuple[int, int, int]:
    """(what the first counted, what the other did meanwhile, how often it was simulated)."""
    make_campaign()
    simulated = []
    told = ahead.forecast_told

    def counting(*args: object, **kwargs: object) -> object:
        simulated.append(args)
        return told(*args, **kwargs)  # type: ignore[arg-type]

    gap = Gap(counting, ahead_count)
    monkeypatch.setattr(ahead, "forecast_told", gap)
    return ahead_count(), gap.outcome, len(simulated)


def test_two_workers_count_once(promised: None, monkeypatch: pytest.MonkeyPatch) -> None:
    first, other, simulated = counted_by_two(monkeypatch)
    assert (first, other, simulated) == (2, 0, 1)
    assert Ahead.objects.count() == 2


def test_control_without_the_turn_both_count(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "ahead_take", lambda campaign_id, what: True)
    first, other, simulated = counted_by_two(monkeypatch)
    assert (first, other, simulated) == (2, 1, 2)
