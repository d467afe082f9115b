"""Boundaries of group-sequential t-tests, which look at the data several times while they come in.

The error is spent over the looks by the power family of Kim and DeMets (1987): little of it early, most of it late,
much like O'Brien and Fleming (1979). Boundaries are two-sided p-values of single looks. They are found by the recursion
of Armitage, McPherson and Rowe (1969), for t-tests as they are, not for normal distributions: without a difference, the
t-statistic of the first n values does not depend on their sum of squares (Basu, 1955), so that the t-statistics of the
looks are a Markov chain.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from unetkit.study.statistics.cube import Values

_EDGES = np.concatenate([[0.0], np.geomspace(1e-9, 0.05, 110), np.linspace(0.05, 1, 60)[1:]])
"""Edges of the intervals of p-values that are the states of the chain."""
_EXPONENT = 2.75
"""Of the time: the smallest, in quarters, that keeps 95 % of the power of a fixed plan in simulated studies."""
_NODES = 12
"""Number of points of the numerical integration over a share of sums of squares."""


def spent(times: Values | float, level: float | Values) -> Values:
    """The error, in both directions together, that may be spent until a fraction of the largest number of seeds.

    >>> spent(np.array([0.25, 0.5, 1.0]), 0.05).round(5).tolist()
    [0.0011, 0.00743, 0.05]
    """
    return np.asarray(level * np.asarray(times) ** _EXPONENT)


def boundaries(looks: tuple[int, ...], levels: Values) -> Values:
    """The p-values (look, level) at or below which each look is significant at a level.

    `looks` are numbers of seeds, the last the largest.

    >>> boundaries((4, 8, 12, 16), np.array([0.05])).round(4).ravel().tolist()
    [0.0011, 0.0064, 0.0178, 0.0385]
    """
    widths = np.diff(_EDGES)
    going = np.tile(widths, (len(levels), 1))
    found, before = [], 0
    for look in looks:
        if before:
            going = going @ _transition(before, look)
        error = spent(look / looks[-1], levels) - spent(before / looks[-1], levels)
        below = np.insert(going.cumsum(1), 0, 0.0, axis=1)
        ends = np.array([np.interp(*each, _EDGES) for each in zip(error, below, strict=True)])
        going = going * np.clip((_EDGES[1:] - ends[:, None]) / widths, 0, 1)
        found.append(ends)
        before = look
    return np.array(found)


@cache
def _transition(before: int, after: int) -> Values:
    """The probabilities (state, state) of p-values at one look after p-values at another, where there is no difference.

    Let T be the sum of the values by the root of their sum of squares Q. With m more values, T becomes
    T √C cos φ + √m sin φ, where the tangent of φ is their mean, standardised by Q and their spread about it, and C is
    the share of Q in Q and that spread. C has a beta distribution, tan φ times a constant a t-distribution.
    """
    from scipy import special

    added, freedom = after - before, after - 1
    shares, weights = np.ones(1), np.ones(1)
    if added > 1:
        nodes, weights = special.roots_jacobi(_NODES, (added - 3) / 2, before / 2 - 1)
        shares, weights = (nodes + 1) / 2, weights / weights.sum()
    middles = np.append(_EDGES[1] / 2, np.sqrt(_EDGES[1:-1] * _EDGES[2:]))
    starts = _statistic(middles, before)[:, None, None] * np.sqrt(shares)
    ends = np.append(np.sqrt(after), _statistic(_EDGES[1:], after))[:, None]
    angle = np.arcsin(np.minimum(1.0, ends / np.sqrt(starts**2 + added)))
    shift = np.arctan2(starts, np.sqrt(added))

    def beyond(angles: Values) -> Values:
        """The probability that φ is larger."""
        inside = np.clip(angles, -np.pi / 2, np.pi / 2)
        return np.asarray(special.stdtr(freedom, -np.sqrt(freedom) * np.tan(inside)))

    farther = sum(beyond(angle - each) - beyond(np.pi - angle - each) for each in (shift, -shift)) @ weights
    return np.diff(farther, axis=1)


def _statistic(p: Values, seeds: int) -> Values:
    """The size of the sum by the root of the sum of squares, where a two-sided t-test has a p-value."""
    from scipy import special

    t = np.maximum(0.0, -special.stdtrit(seeds - 1, p / 2))
    return np.asarray(t * np.sqrt(seeds / (seeds - 1 + t**2)))


def t_boundary(looks: tuple[int, ...], level: float, look: int) -> float:
    """The two-sided p-value at or below which a t-test at a look is significant at a level."""
    return float(boundaries(looks, np.array([level]))[look, 0])


def sequential_p(p: Values, looks: tuple[int, ...], look: int) -> Values:
    """The smallest level at which a look with these p-values of t-tests is significant.

    It is the p-value of a test with many looks, valid whatever the reason to stop at one, and at least 1e-5.

    >>> sequential_p(np.array([0.016, 0.9]), (4, 8, 12, 16), 2).round(2).tolist()
    [0.05, 1.0]
    """
    levels, table = _tabulated(looks)
    known = np.interp(np.log(np.maximum(p, 1e-300)), np.log(table[look]), np.log(levels), right=0.0)
    return np.where(np.isnan(p), np.nan, np.exp(known))


@cache
def _tabulated(looks: tuple[int, ...]) -> tuple[Values, Values]:
    """Levels, ascending, and for each look (look, level) the boundary at this level."""
    levels = np.concatenate([np.geomspace(1e-5, 0.2, 36), np.linspace(0.22, 0.95, 12)])
    return levels, np.maximum.accumulate(np.maximum(boundaries(looks, levels), 1e-300), 1)
