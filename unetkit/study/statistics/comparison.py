"""Comparison of an arm with the base: the difference, its intervals, its tests and the verdict."""

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

_Verdict = Literal["better", "worse", "equivalent", "undecided", "untested"]
Interval = tuple[float, float]


@dataclass(frozen=True)
class Comparison:
    """The difference between an arm and the base (arm minus base) in one class, or with an empty `label` over classes.

    `interval` is Student's over the seeds, for these test images; `crossed` generalises to new images. The p-values are
    those of the t-test, the sign-flip test and the equivalence test, each also adjusted by Holm over its family (all
    arms and fractions; separately, all arms, fractions and classes). None where there are too few pairs.
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
    verdict: _Verdict
    classes: tuple[str, ...]
    """The classes in the mean."""
    values: int
    """Number of pairs of values, over images, classes and seeds."""
    lacking: tuple[tuple[int, str], ...]
    dropped: tuple[tuple[str, str, int], ...]

    within_margin: bool
    """Whether the difference is significantly smaller than the margin, whatever its sign."""

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
    """The comparisons of one family: in the mean over the classes, or in each class."""
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
    numbers = _tested(differences, settings) | crossed(differences, [column[3] for column in columns], settings)
    return [comparison(index, column, numbers, classes, settings) for index, column in enumerate(columns)]


def _tested(differences: Values, settings: AnalysisSettings) -> dict[str, Values]:
    """Estimates and p-values of a family of comparisons by name; `differences` is (comparison, seed)."""
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
    """The ends of the crossed intervals; comparisons with the same seeds and images share their resamples."""
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
    """One comparison of a family."""
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
        within_margin=_is_small(value, settings),
    )


def verdict(value: dict[str, float | None], settings: AnalysisSettings) -> _Verdict:
    """The verdict of the tests; a difference that is not significant is not evidence of equality."""
    p, difference = value["p_holm"], value["difference"]
    if p is None or difference is None:
        return "untested"
    if p <= settings.level:
        return "better" if (difference > 0) != settings.less_is_better else "worse"
    return "equivalent" if _is_small(value, settings) else "undecided"


def _is_small(value: dict[str, float | None], settings: AnalysisSettings) -> bool:
    """Whether the equivalence test is significant."""
    p = value["p_equivalent_holm"]
    return p is not None and p <= settings.level


def number(value: float) -> float | None:
    """A number, None for NaN."""
    return None if np.isnan(value) else float(value)


def ends(low: float | None, high: float | None) -> Interval | None:
    """An interval where both of its ends are known."""
    return None if low is None or high is None else (low, high)
