"""What figures are made of: a value with its interval, or the reason why there is none."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LEVEL = 0.95
LOW, HIGH = (1 - LEVEL) / 2, (1 + LEVEL) / 2
Z = float(ndtri(HIGH))  # 1.96: half of a normal interval, in standard errors


class Reason(StrEnum):
    """Why a number is missing, in the words a report prints."""

    TOO_EARLY = "too early"
    NOT_APPLICABLE = "n/a"
    UNBOUNDED = "unbounded"
    UPPER_BOUND = "upper bound only"


@dataclass(frozen=True)
class Absent:
    """Something that cannot be computed: `reason` for code, `why` for a person."""

    reason: Reason
    why: str


@dataclass(frozen=True)
class Figure:
    """A number with its 95 % interval.

    `value`, `low` and `high` are finite or None; where one is None that an operator would look
    for, `reason` says why in a word and `why` in a sentence. A figure without an interval of its
    own (a count, a share of something known) leaves both ends None and needs no reason.
    Raises ValueError on NaN or infinity: those are somebody's mistake, not a result.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    reason: Reason | None = None
    why: str = ""

    def __post_init__(self) -> None:
        for number in (self.value, self.low, self.high):
            if number is not None and not math.isfinite(number):
                raise ValueError(f"a figure is finite or None with a reason, not {number}")
        if self.value is None and self.reason is None:
            raise ValueError("a figure without a value needs a reason")

    def told(self) -> list[Any]:
        """As JSON."""
        reason = None if self.reason is None else str(self.reason)
        return [self.value, self.low, self.high, reason, self.why]

    @classmethod
    def of(cls, told: list[Any]) -> Self:
        """What `told` has told."""
        value, low, high, reason, why = told
        return cls(value, low, high, reason and Reason(reason), why)


def absent(reason: Reason, why: str) -> Figure:
    """A figure that has no value, with the reason."""
    return Figure(None, reason=reason, why=why)


def ratio(part: float, whole: float, why: str = "nothing to divide by") -> Figure:
    """`part` ÷ `whole`, or n/a where that is zero."""
    return Figure(part / whole) if whole else absent(Reason.NOT_APPLICABLE, why)


def floats(values: Any, name: str) -> Floats:
    """`values` as floats in one dimension. Raises ValueError naming them where one is not finite."""
    array = np.atleast_1d(np.asarray(values, dtype=np.float64))
    if array.ndim != 1 or not np.isfinite(array).all():
        raise ValueError(f"{name}: a list of finite numbers is needed")
    return array


def counts(values: Any, name: str) -> Ints:
    """`values` as whole numbers from zero up. Raises ValueError naming them otherwise."""
    array = floats(values, name)
    if (array < 0).any() or (array != np.floor(array)).any():
        raise ValueError(f"{name}: whole numbers from zero up are needed")
    return array.astype(np.int64)


def same_length(**arrays: npt.NDArray[Any]) -> None:
    """Raises ValueError naming the arrays that should belong together and do not."""
    if len({len(array) for array in arrays.values()}) > 1:
        sizes = ", ".join(f"{name} {len(array)}" for name, array in arrays.items())
        raise ValueError(f"one entry each is needed: {sizes}")
