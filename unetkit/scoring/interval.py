"""How sure a mean over images is: a bootstrap, by scipy."""

from __future__ import annotations

from math import nan

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 9999


def confidence_interval(values: NDArray[np.float64], confidence: float, seed: int) -> tuple[float, float]:
    """Returns the interval of a mean: bias-corrected and accelerated bootstrap (Efron, 1987), the same for a seed.

    NaN for fewer than two values, of which nothing can be said; values that are all alike are their own interval.
    """
    if len(values) < 2:
        return nan, nan
    if np.ptp(values) == 0:
        return float(values[0]), float(values[0])
    from scipy.stats import bootstrap  # a third of a second, and needed for reports only

    random = np.random.default_rng(seed)
    found = bootstrap((values,), np.mean, n_resamples=RESAMPLES, confidence_level=confidence, method="BCa", rng=random)
    low, high = found.confidence_interval
    return float(low), float(high)
