"""Boundaries of group-sequential tests, which look at the data several times while they come in.

The error is spent over the looks like that of O'Brien and Fleming (1979), by the function of Lan and DeMets (1983):
hardly any of it early, nearly all of it at the last look. Boundaries are two-sided p-values of single looks, found on
the normal scale by the recursion of Armitage, McPherson and Rowe (1969). t-tests of few seeds cross them more often,
because their estimates of the deviation vary from look to look; p-values are multiplied by a simulated factor for that.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from unetkit.study.statistics.cube import Values

_NODES = 160
"""Number of points of the numerical integration over one look."""
_FARTHEST = 38.0
"""Largest boundary in standard deviations, beyond which the normal density is 0."""


def spent(times: Values, level: float | Values) -> Values:
    """The error, in both directions together, that may be spent until a fraction of the largest number of seeds.

    >>> spent(np.array([0.25, 0.5, 1.0]), 0.05).round(5).tolist()
    [1e-05, 0.00305, 0.05]
    """
    from scipy import special

    return np.asarray(4 * special.ndtr(special.ndtri(level / 4) / np.sqrt(times)))


@cache
def boundaries(looks: tuple[int, ...], level: float) -> tuple[float, ...]:
    """The p-value at or below which each look is significant; `looks` are numbers of seeds, the last the largest.

    >>> [round(p, 4) for p in boundaries((4, 8, 12, 16), 0.05)]
    [0.0, 0.003, 0.0183, 0.044]
    """
    from scipy import special

    times = np.array(looks) / looks[-1]
    errors = np.diff(spent(times, level), prepend=0.0)
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    places, density, before, found = np.zeros(1), np.ones(1), 0.0, []
    for time, error in zip(times, errors, strict=True):
        step = np.sqrt(time - before)

        def crossing(end: float, places: Values = places, density: Values = density, step: float = step) -> float:
            """The probability of crossing at this look, and not before."""
            return float((density * (special.ndtr((places - end) / step) + special.ndtr((-end - places) / step))).sum())

        end = _falls_to(error, crossing, np.sqrt(time))
        found.append(float(2 * special.ndtr(-end / np.sqrt(time))))
        new = end * nodes
        moved = np.exp(-(((new[:, None] - places) / step) ** 2) / 2) @ density / (step * np.sqrt(2 * np.pi))
        places, density, before = new, end * weights * moved, time
    return tuple(found)


def _falls_to(value: float, function: Callable[[float], float], unit: float) -> float:
    """Where a falling function has a value."""
    from scipy import optimize

    if function(_FARTHEST * unit) >= value:
        return _FARTHEST * unit
    return float(optimize.brentq(lambda place: function(place) - value, 0.0, _FARTHEST * unit, xtol=1e-10))


def t_boundary(looks: tuple[int, ...], level: float, look: int) -> float:
    """The two-sided p-value at or below which a t-test at a look is significant at a level."""
    return boundaries(looks, level / _factor(looks))[look]


def sequential_p(p: Values, looks: tuple[int, ...], look: int) -> Values:
    """The smallest level at which a look with these p-values of t-tests is significant.

    It is the p-value of a test with many looks, valid whatever the reason to stop at one, and at least 1e-5.

    >>> sequential_p(np.array([0.016, 0.9]), (4, 8, 12, 16), 2).round(2).tolist()
    [0.05, 1.0]
    """
    return np.minimum(1.0, _factor(looks) * _normal_p(p, looks, look))


@cache
def _tabulated(looks: tuple[int, ...]) -> tuple[Values, Values]:
    """Levels, ascending, and for each look (look, level) the boundary at this level."""
    levels = np.concatenate([np.geomspace(1e-5, 0.2, 36), np.linspace(0.22, 0.95, 12)])
    table = np.array([boundaries(looks, float(level)) for level in levels]).T
    return levels, np.maximum.accumulate(np.maximum(table, 1e-300), 1)


def _normal_p(p: Values, looks: tuple[int, ...], look: int) -> Values:
    """The smallest level at which a look with these p-values is significant, on the normal scale."""
    levels, table = _tabulated(looks)
    known = np.interp(np.log(np.maximum(p, 1e-300)), np.log(table[look]), np.log(levels), right=0.0)
    return np.where(np.isnan(p), np.nan, np.exp(known))


_PATHS = 100_000
"""Number of simulated studies."""
_CHECKED = (0.05, 0.02, 0.01, 0.005)
"""Levels at which they are counted."""


@cache
def _factor(looks: tuple[int, ...]) -> float:
    """How much more often t-tests cross boundaries of the normal scale where there is no difference; at least 1."""
    from scipy import stats

    paths = np.random.default_rng(0).normal(size=(_PATHS, looks[-1]))
    counts = np.arange(1, looks[-1] + 1)
    means, squares = paths.cumsum(1) / counts, (paths**2).cumsum(1) / counts
    least = np.ones(_PATHS)
    for look, count in enumerate(looks):
        mean, square = means[:, count - 1], squares[:, count - 1]
        t = np.abs(mean) / np.sqrt((square - mean**2) / (count - 1))
        least = np.minimum(least, _normal_p(2 * stats.t.sf(t, count - 1), looks, look))
    return max(1.0, *(float(np.mean(least <= level)) / level for level in _CHECKED))
