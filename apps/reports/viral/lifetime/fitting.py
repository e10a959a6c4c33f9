"""Maximum likelihood of a few positive parameters."""

import math
from collections.abc import Callable

import numpy as np
import scipy

_FAR = 12.0  # e^±12: past it a parameter says nothing any more


def fitted(log_likelihood: Callable[..., float], number: int) -> tuple[tuple[float, ...], float]:
    """(parameters, log-likelihood) at the peak, from all-ones; searched on the log scale.

    Quasi-Newton first, then Nelder-Mead, which needs no slope, for the last digits.
    """

    def depth(logs: np.ndarray) -> float:
        if (np.abs(logs) > _FAR).any():
            return 1e12
        height = log_likelihood(*(math.exp(log) for log in logs))
        return -height if math.isfinite(height) else 1e12

    near = scipy.optimize.minimize(
        depth, np.zeros(number), method="L-BFGS-B", bounds=[(-_FAR, _FAR)] * number
    )
    options = {"xatol": 1e-7, "fatol": 1e-9, "maxiter": 4_000}
    best = scipy.optimize.minimize(depth, near.x, method="Nelder-Mead", options=options)
    return tuple(math.exp(log) for log in best.x), -float(best.fun)
