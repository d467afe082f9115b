"""Studies that look at their comparisons several times, and leave alone what is decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unetkit.study.statistics.boundaries import sequential_p, spent, t_boundary
from unetkit.study.statistics.cube import Values
from unetkit.study.statistics.settings import AnalysisSettings
from unetkit.study.statistics.testing import Moments, equivalence_test, holm, hommel, moments, t_test

_EXACT = 16
"""Largest number of seeds for which all sign flips are enumerated; beyond, 2^16 are drawn."""


@dataclass(frozen=True)
class Decisions:
    """What the looks of a study have decided about each comparison of a family.

    `look` is the number of looks that a comparison had: until it was decided, or all so far. `p` and `p_equivalent`
    hold for any look. `verdict` is "different", "equivalent", or "" where it is undecided.
    """

    look: NDArray[np.int64]
    p: Values
    p_equivalent: Values
    verdict: NDArray[np.str_]


def decide(
    differences: Values, seeds: Sequence[int], equal: NDArray[np.bool_], settings: AnalysisSettings
) -> Decisions:
    """The decisions about a family of comparisons (comparison, seed), look by look.

    At each look, p-values are adjusted by Hommel over the family, so that the comparisons that remain are tested at the
    levels that those decided leave (Ye et al., 2013), and all at once at the whole level. A comparison without a new
    pair is not looked at. `equal` (look, comparison) is whether an arm may be equivalent.
    """
    count = len(differences)
    p, same = np.full(count, np.nan), np.full(count, np.nan)
    look, verdict = np.zeros(count, np.int64), np.full(count, "", dtype="U10")
    for index in range(settings.looked):
        before = settings.looks[index - 1] if index else 0
        new = (np.array(seeds) >= before) & (np.array(seeds) < settings.looks[index])
        going = (verdict == "") & np.isfinite(differences[:, new]).any(1)
        found = moments(until(differences, seeds, settings.looks[index]))
        look = np.where(going, index + 1, look)
        p = np.where(going, np.fmin(p, sequential_p(t_test(found), settings.looks, index)), p)
        if settings.margin is not None:
            same = np.where(going, np.fmin(same, equivalence_p(found, settings, index)), same)
        verdict = np.where((verdict == "") & (all_adjusted(p) <= settings.level), "different", verdict)
        may = (verdict == "") & going & equal[index] & (all_adjusted(same) <= settings.level)
        verdict = np.where(may, "equivalent", verdict)
    return Decisions(look, p, same, verdict)


def held(differences: Values, seeds: Sequence[int], looks: NDArray[np.int64], settings: AnalysisSettings) -> Decisions:
    """The tests of comparisons (comparison, seed) that others have ended after a number of looks, such as classes."""
    p, same = np.full(len(differences), np.nan), np.full(len(differences), np.nan)
    for look in sorted(set(looks.tolist()) - {0}):
        rows = looks == look
        found = moments(until(differences[rows], seeds, settings.looks[look - 1]))
        p[rows] = sequential_p(t_test(found), settings.looks, look - 1)
        if settings.margin is not None:
            same[rows] = equivalence_p(found, settings, look - 1)
    verdict = np.where(holm(p) <= settings.level, "different", np.where(holm(same) <= settings.level, "equivalent", ""))
    return Decisions(looks, p, same, verdict)


def all_adjusted(p: Values) -> Values:
    """p-values adjusted by Hommel for all comparisons, also those that cannot be tested yet, whose p is NaN."""
    return np.where(np.isnan(p), np.nan, hommel(np.where(np.isnan(p), 1.0, p)))


def until(values: Values, seeds: Sequence[int], count: int) -> Values:
    """The values (…, seed) of the first seeds, NaN at the others."""
    return np.where(np.array(seeds) < count, values, np.nan)


def equivalence_p(found: Moments, settings: AnalysisSettings, look: int) -> Values:
    """The p of the two one-sided tests at a look, valid for any look."""
    assert settings.margin is not None
    p = np.minimum(1.0, 2 * equivalence_test(found, settings.margin))
    return sequential_p(p, settings.looks, look) / 2


def confidence_at(settings: AnalysisSettings, looks: NDArray[np.int64]) -> Values:
    """The confidence that an interval after a number of looks needs, so that the intervals of all looks hold."""
    levels = {
        look: t_boundary(settings.looks, settings.level, look - 1) if look else 0.0 for look in set(looks.tolist())
    }
    return np.array([1 - levels[look] for look in looks.tolist()])


def sign_flip_p(differences: Values, counts: Sequence[int], looks: tuple[int, ...], random_seed: int) -> float:
    """The sequential p of the sign-flip test of differences (pair), with a number of pairs at each look that was held.

    All flips are enumerated: at each look those that are farthest from 0 are rejected, as many as the spending allows,
    and the test is significant at a level where the observed signs are among them. No distribution is assumed but
    symmetry. The p is the smallest of a list of levels.
    """
    flips = _flips(len(differences), random_seed)
    levels = np.sort(np.concatenate([np.geomspace(1e-3, 1.0, 40), 0.05 / np.arange(1, 11)]))
    allowed = spent(np.array(looks) / looks[-1], levels[:, None])
    alive = np.ones((len(levels), len(flips)), bool)
    rejected, significant = np.zeros(len(levels), np.int64), np.zeros(len(levels), bool)
    for look, count in enumerate(counts):
        reach = np.abs(flips[:, :count] @ differences[:count])
        order = np.argsort(-reach, kind="stable")
        gaps = np.diff(reach[order], append=-1.0) < -1e-12 * max(1.0, float(reach.max()))
        totals = rejected[:, None] + alive[:, order].cumsum(1, dtype=np.int32)
        fits = gaps & (totals <= allowed[:, [look]] * len(flips) + 1e-9)
        number = np.where(fits.any(1), len(flips) - fits[:, ::-1].argmax(1), 0)
        place = np.empty(len(flips), np.int64)
        place[order] = np.arange(len(flips))
        falling = alive & (place < number[:, None])
        rejected += falling.sum(1)
        alive &= ~falling
        significant |= falling[:, 0]
    return float(levels[significant.argmax()]) if significant.any() else 1.0


def _flips(pairs: int, random_seed: int) -> Values:
    """Signs (flip, pair), those observed first; by symmetry the first sign may stay."""
    if pairs <= _EXACT:
        codes = np.arange(2 ** max(0, pairs - 1))[:, None] >> np.arange(pairs)[::-1] & 1
        return np.asarray(1.0 - 2.0 * codes)
    drawn = np.random.default_rng(random_seed).choice((-1.0, 1.0), (2 ** (_EXACT - 1), pairs))
    drawn[0] = 1.0
    return drawn
