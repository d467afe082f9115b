"""An arm against the base: the difference with its intervals, its tests, and what they allow to say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from unetkit.study.statistics.crossed import crossed_interval, draw
from unetkit.study.statistics.cube import Values
from unetkit.study.statistics.paired import PairedDifferences
from unetkit.study.statistics.settings import AnalysisSettings
from unetkit.study.statistics.testing import (
    equivalence_test,
    holm,
    moments,
    sign_flip_test,
    t_interval,
    t_test,
)

Verdict = Literal["better", "worse", "equivalent", "undecided", "untested"]
Interval = tuple[float, float]


@dataclass(frozen=True)
class Comparison:
    """The difference of an arm to the base, arm minus base, in one class or (empty `label`) in the mean of the classes.

    `interval` is Student's over the seeds: for these test images. `crossed` is for new images too. The p of the t-test,
    of the sign-flip test and of the test for equivalence stand beside those that Holm adjusted for all comparisons of
    their kind (all arms and fractions; and, apart from it, all arms, fractions and classes). None: too few pairs.
    """

    arm: str
    fraction: float
    label: str
    seeds: tuple[int, ...]
    differences: tuple[float, ...]
    """One for each of the seeds."""
    difference: float | None
    interval: Interval | None
    crossed: Interval | None
    p: float | None
    p_holm: float | None
    p_flip: float | None
    p_flip_holm: float | None
    p_equivalent: float | None
    p_equivalent_holm: float | None
    verdict: Verdict
    classes: tuple[str, ...]
    """What the mean is over."""
    values: int
    """How many pairs of an image and a class, over all seeds, are in it."""
    lacking: tuple[tuple[int, str], ...]
    dropped: tuple[tuple[str, str, int], ...]

    within_margin: bool
    """Whether the difference is surely smaller than the margin, whatever its sign."""

    def json(self) -> dict[str, Any]:
        """The comparison as plain values."""
        return dict(vars(self))


def compare(
    found: Sequence[PairedDifferences],
    classes: tuple[str, ...],
    settings: AnalysisSettings,
    *,
    each_class: bool = False,
) -> list[Comparison]:
    """Returns the comparisons of one family: in the mean over the classes, or in each class."""
    columns: list[tuple[PairedDifferences, str, Values, Values]] = []
    for pairs in found:
        if not each_class:
            columns.append((pairs, "", pairs.overall, np.where(pairs.counted, pairs.each, np.nan)))
            continue
        for index, name in enumerate(classes):
            columns.append((pairs, name, pairs.by_class[:, index], pairs.each[:, :, [index]]))
    if not columns:
        return []
    differences = np.stack([column[2] for column in columns])
    numbers = tested(differences, settings) | crossed(differences, [column[3] for column in columns], settings)
    return [comparison(index, column, numbers, classes, settings) for index, column in enumerate(columns)]


def tested(differences: Values, settings: AnalysisSettings) -> dict[str, Values]:
    """Returns the tests of all comparisons (comparison, seed) of a family by name."""
    found = moments(differences)
    low, high = t_interval(found, settings.confidence)
    p, flip = t_test(found), sign_flip_test(differences, settings.exact_seeds, settings.random_seed)
    flip = np.where(found.pairs > 1, flip, np.nan)
    numbers = {"difference": found.mean, "low": low, "high": high}
    numbers |= {"p": p, "p_holm": holm(p), "p_flip": flip, "p_flip_holm": holm(flip)}
    margin = settings.margin
    equivalent = np.full(len(p), np.nan) if margin is None else equivalence_test(found, margin)
    return numbers | {"p_equivalent": equivalent, "p_equivalent_holm": holm(equivalent)}


def crossed(differences: Values, each: Sequence[Values], settings: AnalysisSettings) -> dict[str, Values]:
    """Returns the ends of the crossed intervals; comparisons with the same seeds and images are drawn alike."""
    low, high = np.full(len(each), np.nan), np.full(len(each), np.nan)
    groups: dict[tuple[bytes, bytes], list[int]] = {}
    for index, values in enumerate(each):
        there = np.isfinite(differences[index]), np.isfinite(values).any((0, 2))
        groups.setdefault((there[0].tobytes(), there[1].tobytes()), []).append(index)
    for (seed_mask, image_mask), members in groups.items():
        seeds, images = np.frombuffer(seed_mask, bool), np.frombuffer(image_mask, bool)
        if min(seeds.sum(), images.sum()) < 2:
            continue
        weights = draw(int(seeds.sum()), int(images.sum()), settings.resamples, settings.random_seed)
        parts = [each[index][seeds][:, images] for index in members]
        low[members], high[members] = crossed_interval(parts, weights, settings.confidence)
    return {"crossed_low": low, "crossed_high": high}


def comparison(
    index: int,
    column: tuple[PairedDifferences, str, Values, Values],
    numbers: dict[str, Values],
    classes: tuple[str, ...],
    settings: AnalysisSettings,
) -> Comparison:
    """Returns one comparison of a family."""
    pairs, label, differences, each = column
    value = {name: number(values[index]) for name, values in numbers.items()}
    there = np.flatnonzero(np.isfinite(differences))
    counted = (label,) if label else tuple(name for name, is_in in zip(classes, pairs.counted, strict=True) if is_in)
    return Comparison(
        arm=pairs.condition.arm,
        fraction=pairs.condition.fraction,
        label=label,
        seeds=tuple(pairs.seeds[k] for k in there),
        differences=tuple(differences[there].tolist()),
        difference=value["difference"],
        interval=ends(value["low"], value["high"]),
        crossed=ends(value["crossed_low"], value["crossed_high"]),
        p=value["p"],
        p_holm=value["p_holm"],
        p_flip=value["p_flip"],
        p_flip_holm=value["p_flip_holm"],
        p_equivalent=value["p_equivalent"],
        p_equivalent_holm=value["p_equivalent_holm"],
        verdict=verdict(value, settings),
        classes=counted,
        values=int(np.isfinite(each[there]).sum()),
        lacking=pairs.lacking,
        dropped=tuple(each for each in pairs.dropped if each[1] in counted),
        within_margin=is_small(value, settings),
    )


def verdict(value: dict[str, float | None], settings: AnalysisSettings) -> Verdict:
    """Returns what the tests allow to say; a failure to find a difference is no proof that there is none."""
    p, difference = value["p_holm"], value["difference"]
    if p is None or difference is None:
        return "untested"
    if p <= settings.level:
        return "better" if (difference > 0) != settings.less_is_better else "worse"
    return "equivalent" if is_small(value, settings) else "undecided"


def is_small(value: dict[str, float | None], settings: AnalysisSettings) -> bool:
    """Returns whether a difference is surely within the margin."""
    p = value["p_equivalent_holm"]
    return p is not None and p <= settings.level


def number(value: float) -> float | None:
    """Returns a number, None for NaN."""
    return None if np.isnan(value) else float(value)


def ends(low: float | None, high: float | None) -> Interval | None:
    """Returns an interval where both of its ends are known."""
    return None if low is None or high is None else (low, high)
