"""Runs that fail to learn: a second mode in the scores of an arm, and the rate that few runs leave open."""

from __future__ import annotations

from functools import cache

import numpy as np

from unetkit.study.statistics.cube import Values
from unetkit.study.statistics.testing import ROUNDING

_LEVEL = 0.01
"""Share of arms with normally distributed scores in which a second mode is seen."""
_FEWEST = 4
"""Fewest runs in which one can be seen."""


def open_rate(runs: int, level: float) -> float:
    """The largest rate of an event that did not occur in a number of runs (Clopper & Pearson, 1934; one-sided).

    >>> round(open_rate(6, 0.05), 2), round(open_rate(30, 0.05), 2)
    (0.39, 0.1)
    """
    return float(1 - level ** (1 / runs))


def lower_mode(scores: Values, least: float = 0.0) -> int:
    """The number of scores in the lower of two modes; 0 where no second mode is seen.

    The scores are divided where the sum of squares within both parts is least. Two modes are seen where its share in
    the whole sum of squares is smaller than in all but 1 % of normal samples (Engelman & Hartigan, 1969), and where
    the gap is at least `least`.

    >>> lower_mode(np.array([0.80, 0.12, 0.81, 0.79, 0.80, 0.82])), lower_mode(np.array([0.80, 0.78, 0.81, 0.79]))
    (1, 0)
    """
    count = len(scores)
    ordered = np.sort(scores)
    if count < _FEWEST or ordered[-1] - ordered[0] <= ROUNDING * max(1.0, float(np.abs(ordered).max())):
        return 0
    shares = _shares(ordered[None])[0]
    lower = int(shares.argmin()) + 1
    return lower if shares.min() < _critical(count) and ordered[lower] - ordered[lower - 1] >= least else 0


def _shares(ordered: Values) -> Values:
    """The share of the sum of squares within two parts, of sorted samples (sample, value), for each division."""
    centred = ordered - ordered.mean(1, keepdims=True)
    sums = centred.cumsum(1)[:, :-1]
    below = np.arange(1, ordered.shape[1])
    between = sums**2 * (1 / below + 1 / (ordered.shape[1] - below))
    shares: Values = 1 - between / (centred**2).sum(1, keepdims=True)
    return shares


@cache
def _critical(count: int) -> float:
    """The least share that all but 1 % of normal samples exceed."""
    samples = np.random.default_rng(0).normal(size=(20_000, count))
    samples.sort(axis=1)
    return float(np.quantile(_shares(samples).min(1), _LEVEL))
