"""Tests of differences over seeds. All take arrays (…, seeds), NaN where a seed has no pair, and return (…)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from unetkit.study.statistics.cube import Values, mean

ROUNDING = 1e-13
"""Relative rounding error: a smaller standard error counts as zero."""


class Moments(NamedTuple):
    """The number of pairs, their mean, its standard error, and its degrees of freedom (at least 1)."""

    pairs: Values
    mean: Values
    error: Values
    freedom: Values


def moments(differences: Values) -> Moments:
    """The moments over the seeds; the standard error is NaN with fewer than two pairs."""
    count = np.isfinite(differences).sum(-1)
    centre = mean(differences, -1)
    squares = np.nansum((differences - centre[..., None]) ** 2, -1)
    freedom = np.maximum(count - 1, 1)
    error = np.where(count > 1, np.sqrt(squares / freedom / np.maximum(count, 1)), np.nan)
    return Moments(count, centre, error, freedom)


def _varying(found: Moments) -> Values:
    """The standard errors; NaN where the values are equal up to rounding, so that t is undefined."""
    with np.errstate(invalid="ignore"):
        return np.where(found.error > ROUNDING * np.maximum(1.0, np.abs(found.mean)), found.error, np.nan)


def t_interval(found: Moments, confidence: float | Values) -> tuple[Values, Values]:
    """The ends of the paired t-interval of the mean (Student, 1908)."""
    from scipy import stats

    half = stats.t.ppf((1 + confidence) / 2, found.freedom) * _varying(found)
    return found.mean - half, found.mean + half


def t_test(found: Moments) -> Values:
    """The two-sided p of the paired t-test that the mean is 0."""
    return np.minimum(1.0, 2 * _tail(-np.abs(found.mean), found))


def equivalence_test(found: Moments, margin: float) -> Values:
    """The p of two one-sided t-tests (Schuirmann, 1987) of the null hypothesis that the mean is not within ±margin."""
    return _tail(np.abs(found.mean) - margin, found)


def spread_test(arm: Values, base: Values) -> Values:
    """The two-sided p of the test that both spread equally over the seeds (Pitman, 1939; Morgan, 1939).

    It is the test that the sum and the difference of the pairs do not correlate; NaN with fewer than three pairs, or
    where one of these does not vary.
    """
    from scipy import stats

    sums, differences = arm + base, arm - base
    count = np.isfinite(differences).sum(-1)
    parts = [np.where(np.isfinite(differences), each, np.nan) for each in (sums, differences)]
    first, second = (each - mean(each, -1)[..., None] for each in parts)
    scale = np.nansum(first**2, -1) * np.nansum(second**2, -1)
    smallest = ROUNDING * np.maximum(1.0, np.nansum(parts[0] ** 2, -1))
    varying = (np.nansum(first**2, -1) > smallest) & (np.nansum(second**2, -1) > smallest) & (count > 2)
    r = np.nansum(first * second, -1) / np.sqrt(np.where(varying, scale, np.nan))
    freedom = np.maximum(count - 2, 1)
    with np.errstate(divide="ignore"):
        t = np.abs(r) * np.sqrt(freedom / np.maximum(1 - r**2, 0.0))
    return np.asarray(2 * stats.t.sf(t, freedom))


def _tail(distance: Values, found: Moments) -> Values:
    """The probability of a mean of at most `distance` where the true mean is 0; NaN where undefined."""
    from scipy import stats

    return np.asarray(stats.t.cdf(distance / _varying(found), found.freedom))


def sign_flip_test(differences: Values, exact_seeds: int, random_seed: int) -> Values:
    """The two-sided p of the sign-flip test (Fisher, 1935), whose null hypothesis is symmetry around 0.

    All 2^n flips are tried up to `exact_seeds` pairs, beyond that as many at random; NaN without a pair.
    """
    from scipy import stats

    flat = differences.reshape(-1, differences.shape[-1])
    known = np.isfinite(flat)
    result = np.full(len(flat), np.nan)
    for count in set(known.sum(1).tolist()) - {0}:
        rows = known.sum(1) == count
        sample = flat[rows][known[rows]].reshape(-1, count)
        flips = 2 ** min(count, exact_seeds)
        if count == 1:  # scipy wants two; both flips are as far from 0
            result[rows] = 1.0
            continue
        tested = stats.permutation_test(
            (sample,),
            lambda sample, axis: sample.mean(axis),
            permutation_type="samples",
            n_resamples=flips if count <= exact_seeds else flips - 1,  # what is observed counts as a random one too
            axis=-1,
            batch=max(1, 4_000_000 // sample.size),
            rng=np.random.default_rng(random_seed),
        )
        result[rows] = tested.pvalue
    return result.reshape(differences.shape[:-1])


def holm(p: Values) -> Values:
    """p-values adjusted for multiple tests (Holm, 1979); NaN is not counted as a test and stays NaN.

    >>> holm(np.array([0.01, 0.04, np.nan, 0.03])).tolist()
    [0.03, 0.06, nan, 0.06]
    """
    order = np.argsort(p)  # NaN last
    count = int(np.isfinite(p).sum())
    factors = np.concatenate([np.arange(count, 0, -1), np.ones(len(p) - count)])
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * factors))
    return adjusted


def hommel(p: Values) -> Values:
    """p-values adjusted for multiple tests (Hommel, 1988), each at most that of Holm.

    Valid where tests are independent or, as those of arms with one base, positively dependent (Sarkar, 1998).

    >>> hommel(np.array([0.01, 0.04, 0.03])).tolist()
    [0.03, 0.04, 0.04]
    """
    order = np.argsort(p)
    ascending, count = p[order], len(p)
    found = np.full(count, np.min(count * ascending / np.arange(1, count + 1), initial=1.0))
    for size in range(count - 1, 1, -1):  # closed testing: all intersections of a size by Simes' test
        last = ascending[count - size + 1 :]
        least = np.min(size * last / np.arange(2, size + 1))
        bound = np.minimum(size * ascending, least)
        bound[count - size + 1 :] = bound[count - size]
        found = np.maximum(found, bound)
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum(found, ascending)
    return adjusted
