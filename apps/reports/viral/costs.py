"""What a member costs once they bring others, when that is paid back, and whether it paid."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from apps.reports.viral.figures import Figure, Reason, absent, floats


def cost_per_member(
    k: Figure, *, seed_cost: float, reward: float, share_rewarded: float = 1.0
) -> Figure:
    """CAC_eff = c(1 − K) + ρ·r·K, in minor units, with K's interval mapped.

    A paid seed (c) ends as 1/(1 − K) members, K/(1 − K) of them brought; each of those costs r,
    all rewards and the group price's margin included, in the share ρ of cases that is rewarded.
    From K = 1 on seeds cost nothing per member, so K counts as 1 there. Assumes that K is the same
    for paid seeds' lines and that rewards do not change what people buy. Without K: its reason.
    """
    if k.value is None:
        return absent(k.reason or Reason.NOT_APPLICABLE, k.why)
    value, *ends = (
        seed_cost * (1 - end) + share_rewarded * reward * end
        for end in (
            min(at, 1.0) for at in (k.value, *(end for end in (k.low, k.high) if end is not None))
        )
    )
    if len(ends) < 2:
        return Figure(value)
    return Figure(value, min(ends), max(ends))


def payback(margin_by_day: Any, cost: float) -> Figure:
    """The first day (from 0, that of joining) on which a member's cumulative margin covers `cost`.

    `margin_by_day` is the cohort's margin per member on each day of age that all its members have
    reached. "too early" where it is not covered by the last of them.
    """
    margin = np.cumsum(floats(margin_by_day, "margin_by_day"))
    if cost <= 0:
        return Figure(0.0)
    paid = np.flatnonzero(margin >= cost)
    if len(paid):
        return Figure(float(paid[0]))
    return absent(Reason.TOO_EARLY, f"not paid back after {len(margin)} days")


@dataclass(frozen=True)
class Money:
    """A campaign's money in minor units: what it earned and what it cost."""

    margin: int
    settled: int
    reserved: int
    discounts: int
    costs: int

    @property
    def spent(self) -> int:
        return self.settled + self.reserved + self.discounts + self.costs


@dataclass(frozen=True)
class Balance:
    """`attributed` believes that nobody would have bought without the campaign; `incremental` counts
    only the share of the margin that the holdout shows it caused."""

    attributed: Figure
    incremental: Figure


def balance(money: Money, incremental_share: Figure) -> Balance:
    """margin − settled − reserved − discounts − costs, both ways. What was spent was spent either
    way; without a holdout the incremental one has its reason."""
    attributed = Figure(float(money.margin - money.spent))
    if incremental_share.value is None:
        missing = absent(
            incremental_share.reason or Reason.NOT_APPLICABLE,
            incremental_share.why or "attributed, not incremental: no holdout was kept",
        )
        return Balance(attributed, missing)
    value, low, high = (
        None if end is None else money.margin * end - money.spent
        for end in (incremental_share.value, incremental_share.low, incremental_share.high)
    )
    return Balance(attributed, Figure(value, low, high))
