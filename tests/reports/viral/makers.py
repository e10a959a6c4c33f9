"""Participants and delays small enough to reckon by hand."""

import numpy as np

from apps.reports.viral.delays import Delays
from apps.reports.viral.offspring import Offspring

HALVES = Delays(np.array([1.0, 3.0]), np.array([0.5, 1.0]), 7.0, 10)


def cohort(x: list[int], f: float = 1.0) -> Offspring:
    return Offspring.of(x, [f] * len(x))
