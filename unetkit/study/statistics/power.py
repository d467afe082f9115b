"""The power of the paired t-test: differences that are detected, and the seeds that this takes."""

from __future__ import annotations

from functools import cache

import numpy as np

from unetkit.study.statistics.cube import Values

_RESERVE = 0.025
"""What heavy-tailed and skewed scores may take of the power."""


@cache
def detectable(pairs: int, level: float, power: float) -> float:
    """The true difference, in true standard errors, at which a two-sided paired t-test has a given power.

    The power is that of the noncentral t distribution, computed as a mean over the distribution of the estimated
    deviation: the series for its tail does not converge with few pairs and many comparisons. Significant differences
    of the wrong sign do not count.
    """
    return _solved(np.ones(1), _thresholds(pairs, level, 10_000), power)


@cache
def detectable_again(pairs: int, level: float, power: float) -> float:
    """The difference, in *estimated* standard errors, that a repetition of the study detects with a given power.

    The standard error that a study estimates is uncertain. The power is the mean over what it may be, and over what the
    repetition will estimate, so that statements made from estimates hold on average. A little is added to the power:
    heavy-tailed and skewed scores take some of it.
    """
    return _solved(_deviations(pairs, 300), _thresholds(pairs, level, 1000), min(power + _RESERVE, (1 + power) / 2))


def _deviations(pairs: int, points: int) -> Values:
    """Quantiles of the estimated deviation, in true deviations."""
    from scipy import stats

    return np.asarray(np.sqrt(stats.chi2.ppf((np.arange(points) + 0.5) / points, pairs - 1) / (pairs - 1)))


def _thresholds(pairs: int, level: float, points: int) -> Values:
    """Quantiles of the mean from which a study is significant, in true standard errors."""
    from scipy import stats

    return np.asarray(stats.t.ppf(1 - level / 2, pairs - 1) * _deviations(pairs, points))


def _solved(factors: Values, thresholds: Values, power: float) -> float:
    """The shift that, multiplied by a factor, exceeds a threshold with a given probability, after noise is added."""
    from scipy import optimize, special

    def lacking(shift: float) -> float:
        return float(special.ndtr(shift * factors[:, None] - thresholds).mean()) - power

    most = 2.0
    while lacking(most) < 0:
        most *= 2
    return float(optimize.brentq(lacking, 0, most))
