"""Comparison of an arm with the base: the difference, its intervals, its tests and the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unetkit.study.statistics.crossed import crossed_interval, draw
from unetkit.study.statistics.cube import ArmFraction, Values, mean
from unetkit.study.statistics.modes import lower_mode
from unetkit.study.statistics.paired import PairedDifferences
from unetkit.study.statistics.power import detectable_again
from unetkit.study.statistics.sequential import all_adjusted, confidence_at, decide, held, sign_flip_p
from unetkit.study.statistics.settings import AnalysisSettings
from unetkit.study.statistics.testing import (
    equivalence_test,
    holm,
    moments,
    sign_flip_test,
    spread_test,
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
    arms and fractions; separately, all arms, fractions and classes). None where there are too few pairs. In a study
    that decides while it runs, intervals and p-values hold for any look, and those of arms are adjusted by Hommel.
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
    p_adjusted: float | None
    p_flip: float | None
    p_flip_adjusted: float | None
    p_equivalent: float | None
    p_equivalent_adjusted: float | None
    p_spread: float | None
    """Of the test that arm and base spread equally over the seeds, unadjusted."""
    two_modes: bool
    """Whether runs of the arm or of the base are seen to fall into two modes, as where some fail to learn."""
    detectable: float | None
    """The true difference that a repetition of the study would call with the power of the settings; None with looks."""
    look: int | None
    """The number of seeds at its last look, in a study that decides while it runs."""
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


@dataclass(frozen=True)
class Family:
    """What the comparisons of a family share: the classes, the groups of the images, and how they are analysed.

    `stops` has, for the classes of a study that decides while it runs, the number of looks of each arm and fraction.
    """

    classes: tuple[str, ...]
    groups: NDArray[np.int64]
    settings: AnalysisSettings
    stops: Mapping[ArmFraction, int] | None = None


class _Column(NamedTuple):
    """One comparison of a family: differences and scores of the base (seed), and values (seed, image, class)."""

    pairs: PairedDifferences
    label: str
    differences: Values
    base: Values
    each: Values


def compare(found: Sequence[PairedDifferences], family: Family, *, each_class: bool = False) -> list[Comparison]:
    """The comparisons of one family: in the mean over the classes, or in each class."""
    columns: list[_Column] = []
    for pairs in found:
        if not each_class:
            base = mean(pairs.base[:, pairs.counted], 1)
            columns.append(_Column(pairs, "", pairs.overall, base, np.where(pairs.counted, pairs.each, np.nan)))
            continue
        for index, name in enumerate(family.classes):
            parts = pairs.by_class[:, index], pairs.base[:, index], pairs.each[:, :, [index]]
            columns.append(_Column(pairs, name, *parts))
    if not columns:
        return []
    settings = family.settings
    if settings.looks:
        columns, numbers = _looked_at(columns, family)
    else:
        numbers = _tested(columns, settings)
    numbers |= crossed(columns, family, numbers["confidence"])
    return [comparison(index, column, numbers, family) for index, column in enumerate(columns)]


def _tested(columns: Sequence[_Column], settings: AnalysisSettings) -> dict[str, Values]:
    """Estimates and p-values of a family of comparisons by name."""
    differences = np.stack([column.differences for column in columns])
    found = moments(differences)
    low, high = t_interval(found, settings.confidence)
    p, flip = t_test(found), sign_flip_test(differences, settings.exact_seeds, settings.random_seed)
    flip = np.where(found.pairs > 1, flip, np.nan)
    numbers = {"difference": found.mean, "low": low, "high": high}
    numbers |= {"p": p, "p_adjusted": holm(p), "p_flip": flip, "p_flip_adjusted": holm(flip)}
    margin = settings.margin
    equivalent = np.full(len(p), np.nan) if margin is None else equivalence_test(found, margin)
    numbers |= {"p_equivalent": equivalent, "p_equivalent_adjusted": holm(equivalent)}
    level = settings.level / max(1, int(np.isfinite(p).sum()))
    again = [detectable_again(n, level, settings.power) if n > 1 else np.nan for n in found.pairs.tolist()]
    numbers["detectable"] = np.where(np.isfinite(p), found.error * again, np.nan)
    return numbers | _spreads(columns, settings) | {"confidence": np.full(len(p), settings.confidence)}


def _spreads(columns: Sequence[_Column], settings: AnalysisSettings) -> dict[str, Values]:
    """Whether arm and base are shown to spread differently over the seeds, or one of them to have two modes."""
    differences, base = (np.stack(each) for each in ([c.differences for c in columns], [c.base for c in columns]))
    p = spread_test(base + differences, base)
    modes = [
        any(lower_mode(each[np.isfinite(gaps)], settings.margin or 0.0) for each in (scores + gaps, scores))
        for gaps, scores in zip(differences, base, strict=True)
    ]
    return {"p_spread": p, "two_modes": np.array(modes, float)}


def _may_be_equal(numbers: Mapping[str, Values], settings: AnalysisSettings) -> NDArray[np.bool_]:
    """Whether arms may be called equivalent: neither are the spreads shown to differ, nor are two modes seen."""
    return np.asarray(~(numbers["p_spread"] <= settings.level) & (numbers["two_modes"] == 0))


def _looked_at(columns: Sequence[_Column], family: Family) -> tuple[list[_Column], dict[str, Values]]:
    """The columns as far as they were looked at, and their estimates and p-values, which hold for any look."""
    settings, seeds = family.settings, columns[0].pairs.seeds
    differences = np.stack([column.differences for column in columns])
    parts = [_until(columns, seeds, np.full(len(columns), count)) for count in settings.looks[: settings.looked]]
    if family.stops is None:
        equal = [_may_be_equal(_spreads(part, settings), settings) for part in parts]
        made = decide(differences, seeds, np.array(equal).reshape(-1, len(columns)), settings)
    else:
        made = held(differences, seeds, np.array([family.stops[c.pairs.condition] for c in columns]), settings)
    counts = np.array([settings.looks[look - 1] if look else 0 for look in made.look.tolist()])
    columns = _until(columns, seeds, np.where(made.look > 0, counts, 2**32))
    found = moments(np.stack([column.differences for column in columns]))
    confidence = confidence_at(settings, made.look)
    low, high = t_interval(found, confidence)
    adjusted = all_adjusted if family.stops is None else holm
    numbers = {"difference": found.mean, "p": made.p, "p_adjusted": adjusted(made.p), "confidence": confidence}
    numbers |= {name: np.where(made.look > 0, ends, np.nan) for name, ends in (("low", low), ("high", high))}
    flip = _flip_p(columns, made.look, settings) if family.stops is None else np.full(len(columns), np.nan)
    numbers |= {"p_flip": flip, "p_flip_adjusted": adjusted(flip)}
    numbers |= {"p_equivalent": made.p_equivalent, "p_equivalent_adjusted": adjusted(made.p_equivalent)}
    numbers |= {"look": counts.astype(float), "different": (made.verdict == "different").astype(float)}
    numbers |= {"same": (made.verdict == "equivalent").astype(float)}
    return columns, numbers | _spreads(columns, settings)


def _flip_p(columns: Sequence[_Column], looks: NDArray[np.int64], settings: AnalysisSettings) -> Values:
    """The sequential p of the sign-flip test of each comparison."""
    found = np.full(len(columns), np.nan)
    for index, (column, look) in enumerate(zip(columns, looks.tolist(), strict=True)):
        there = np.flatnonzero(np.isfinite(column.differences))
        if len(there) > 1:
            counts = [int((np.array(column.pairs.seeds)[there] < n).sum()) for n in settings.looks[:look]]
            found[index] = sign_flip_p(column.differences[there], counts, settings.looks, settings.random_seed)
    return found


def _until(columns: Sequence[_Column], seeds: Sequence[int], counts: NDArray[np.int64]) -> list[_Column]:
    """The columns with the first seeds alone."""
    kept = []
    for column, count in zip(columns, counts.tolist(), strict=True):
        later = np.array(seeds) >= count
        parts = (np.where(later.reshape(-1, *[1] * (v.ndim - 1)), np.nan, v) for v in column[2:])
        kept.append(_Column(column.pairs, column.label, *parts))
    return kept


def crossed(columns: Sequence[_Column], family: Family, confidence: Values) -> dict[str, Values]:
    """The ends of the crossed intervals; comparisons with the same seeds and images share their resamples."""
    settings = family.settings
    low, high = np.full(len(columns), np.nan), np.full(len(columns), np.nan)
    alike: dict[tuple[bytes, bytes], list[int]] = {}
    for index, column in enumerate(columns):
        there = np.isfinite(column.differences), np.isfinite(column.each).any((0, 2))
        alike.setdefault((there[0].tobytes(), there[1].tobytes()), []).append(index)
    for (seed_mask, image_mask), members in alike.items():
        seeds, images = np.frombuffer(seed_mask, bool), np.frombuffer(image_mask, bool)
        groups = np.unique(family.groups[images], return_inverse=True)[1]
        if min(seeds.sum(), len(set(groups.tolist()))) < 2:
            continue
        weights = draw(int(seeds.sum()), int(groups.max()) + 1, settings.resamples, settings.random_seed)
        parts = [columns[index].each[seeds][:, images] for index in members]
        low[members], high[members] = crossed_interval(parts, weights, confidence[members], groups)
    return {"crossed_low": low, "crossed_high": high}


def comparison(index: int, column: _Column, numbers: Mapping[str, Values], family: Family) -> Comparison:
    """One comparison of a family."""
    pairs, label, differences, _, each = column
    settings, classes = family.settings, family.classes
    value = {name: number(values[index]) for name, values in numbers.items()}
    there = np.flatnonzero(np.isfinite(differences))
    counted = (label,) if label else tuple(name for name, is_in in zip(classes, pairs.counted, strict=True) if is_in)
    looked = value.get("look")
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
        p_adjusted=value["p_adjusted"],
        p_flip=value["p_flip"],
        p_flip_adjusted=value["p_flip_adjusted"],
        p_equivalent=value["p_equivalent"],
        p_equivalent_adjusted=value["p_equivalent_adjusted"],
        p_spread=value["p_spread"],
        two_modes=bool(value["two_modes"]),
        detectable=value.get("detectable"),
        look=None if looked is None else int(looked),
        verdict=verdict(value, settings),
        classes=counted,
        values=int(np.isfinite(each[there]).sum()),
        lacking=tuple(each for each in pairs.lacking if not looked or each[0] < looked),
        dropped=tuple(each for each in pairs.dropped if each[1] in counted),
        within_margin=_is_small(value, settings),
    )


def verdict(value: Mapping[str, float | None], settings: AnalysisSettings) -> _Verdict:
    """The verdict of the tests; a difference that is not significant is not evidence of equality."""
    p, difference = value["p_adjusted"], value["difference"]
    if p is None or difference is None:
        return "untested"
    if value.get("different", p <= settings.level):
        return "better" if (difference > 0) != settings.less_is_better else "worse"
    if "same" in value:
        return "equivalent" if value["same"] else "undecided"
    differs = value["two_modes"] or (value["p_spread"] is not None and value["p_spread"] <= settings.level)
    return "equivalent" if _is_small(value, settings) and not differs else "undecided"


def _is_small(value: Mapping[str, float | None], settings: AnalysisSettings) -> bool:
    """Whether the equivalence test is significant."""
    p = value["p_equivalent_adjusted"]
    return p is not None and p <= settings.level


def number(value: float) -> float | None:
    """A number, None for NaN and infinity."""
    return float(value) if np.isfinite(value) else None


def ends(low: float | None, high: float | None) -> Interval | None:
    """An interval where both of its ends are known."""
    return None if low is None or high is None else (low, high)
