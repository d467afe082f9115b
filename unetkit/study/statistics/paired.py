"""Paired differences between an arm and the base, from complete pairs: same seed, image and class."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unetkit.study.statistics.cube import ArmFraction, Cube, Values, mean


class PairedDifferences(NamedTuple):
    """The differences between one arm and the base.

    `each` is per seed, image and class (NaN: no pair), `by_class` the mean over images, `overall` the mean over the
    classes in `counted`: those in the mean over classes that have a pair for every seed. `base` is the score of the
    base from the same values (seed, class).
    """

    condition: ArmFraction
    seeds: tuple[int, ...]
    each: Values
    by_class: Values
    overall: Values
    base: Values
    counted: NDArray[np.bool_]
    lacking: tuple[tuple[int, str], ...]
    """(seed, arm): the missing runs, because of which a seed has no pair."""
    dropped: tuple[tuple[str, str, int], ...]
    """(image, class, number of seeds): where only one of the two arms has a value."""


def pairs(found: Cube, condition: int, base: int, counting: NDArray[np.bool_]) -> PairedDifferences:
    """The differences between a condition and its base; `counting` is a mask of the classes in the mean."""
    each = found.values[condition] - found.values[base]
    both = found.scored[condition] & found.scored[base]
    by_class = mean(each, 1)
    of_base = mean(np.where(np.isfinite(each), found.values[base], np.nan), 1)
    counted = counting & np.isfinite(by_class[both]).all(0) if both.any() else counting & False
    overall = mean(by_class[:, counted], 1) if counted.any() else np.full(len(found.seeds), np.nan)
    one_sided = np.isfinite(found.values[condition]) != np.isfinite(found.values[base])
    one_sided[~both] = False
    names = (found.conditions[condition].arm, found.conditions[base].arm)
    places = ((found.scored[condition], names[0]), (found.scored[base], names[1]))
    lacking = [(seed, name) for k, seed in enumerate(found.seeds) for there, name in places if not there[k]]
    counts = one_sided.sum(0)
    dropped = [
        (found.images[image], found.classes[label], int(counts[image, label]))
        for image, label in np.argwhere(counts).tolist()
    ]
    return PairedDifferences(
        found.conditions[condition],
        found.seeds,
        each,
        by_class,
        overall,
        of_base,
        counted,
        tuple(lacking),
        tuple(dropped),
    )
