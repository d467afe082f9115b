"""The analysis of a score table: all numbers of a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unetkit.study.results.results import ScoreTable
from unetkit.study.statistics.comparison import Comparison, Family, Interval, compare, ends, number
from unetkit.study.statistics.cube import ArmFraction, Cube, Values, cube, mean
from unetkit.study.statistics.groups import grouped
from unetkit.study.statistics.modes import lower_mode
from unetkit.study.statistics.paired import PairedDifferences, pairs
from unetkit.study.statistics.pareto import front
from unetkit.study.statistics.settings import AnalysisSettings
from unetkit.study.statistics.spread import Spread, spread
from unetkit.study.statistics.testing import moments, t_interval

_Costs = Mapping[str, Mapping[str, float | None]]
"""By kind of cost and arm."""

_NO_COSTS: _Costs = MappingProxyType({})


@dataclass(frozen=True)
class ArmScores:
    """The scores of one arm, trained on a fraction of the images.

    Scores are averaged over images, then classes, then seeds (`mean`); `deviation` and `interval` are over the seeds.
    `front` names the kinds of cost for which the arm is on the Pareto front of its fraction.
    """

    arm: str
    fraction: float
    seeds: tuple[int, ...]
    scores: tuple[float, ...]
    """One for each of the seeds."""
    mean: float | None
    deviation: float | None
    interval: Interval | None
    failing: tuple[int, ...]
    """The seeds in the worse of two modes, where two are seen: runs that failed to learn."""
    by_class: Mapping[str, float | None]
    costs: Mapping[str, float | None]
    front: tuple[str, ...]

    def json(self) -> dict[str, Any]:
        """The arm as plain values."""
        return dict(vars(self))


@dataclass(frozen=True)
class Analysis:
    """All numbers of a report."""

    base: str
    settings: AnalysisSettings
    seeds: tuple[int, ...]
    images: tuple[str, ...]
    groups: int
    """Number of groups of images that belong together; as many as images where each stands alone."""
    classes: tuple[str, ...]
    counted: tuple[str, ...]
    """The classes in the mean over classes."""
    fractions: tuple[float, ...]
    arms: tuple[ArmScores, ...]
    comparisons: tuple[Comparison, ...]
    by_class: tuple[Comparison, ...]
    spread: Spread | None
    """At the largest fraction; None with too few arms or seeds, or no variation over seeds."""

    def json(self) -> dict[str, Any]:
        """The analysis as plain values."""
        return {
            "base": self.base,
            "settings": self.settings.json(),
            "seeds": list(self.seeds),
            "images": list(self.images),
            "groups": self.groups,
            "classes": list(self.classes),
            "counted": list(self.counted),
            "fractions": list(self.fractions),
            "arms": [arm.json() for arm in self.arms],
            "comparisons": [each.json() for each in self.comparisons],
            "by_class": [each.json() for each in self.by_class],
            "spread": self.spread and self.spread.json(),
        }


def analyse(
    scores: ScoreTable, base: str, settings: AnalysisSettings, *, costs: _Costs = _NO_COSTS, order: Sequence[str] = ()
) -> Analysis:
    """Analyses a score table; `base` is the arm with which the others are compared.

    `costs` are listed beside the scores; `order` is the order of the arms, by default that of the table.
    """
    found = cube(scores, settings.metric, order)
    counting = counted(found.classes, settings)
    pairings = _pairings(found, base, counting)
    groups = grouped(found.images, settings.group)
    comparisons = compare(pairings, Family(found.classes, groups, settings))
    classes = Family(found.classes, groups, settings, _stops(pairings, comparisons, settings))
    means = mean(mean(found.values, 2)[:, :, counting], 2)
    fractions = tuple(dict.fromkeys(condition.fraction for condition in found.conditions))
    largest = [index for index, each in enumerate(found.conditions) if each.fraction == fractions[0]]
    return Analysis(
        base=base,
        settings=settings,
        seeds=found.seeds,
        images=found.images,
        classes=found.classes,
        counted=tuple(np.array(found.classes)[counting].tolist()) if found.classes else (),
        fractions=fractions,
        arms=tuple(described(found, means, costs, settings)),
        comparisons=tuple(comparisons),
        by_class=tuple(compare(pairings, classes, each_class=True)),
        spread=spread(tuple(found.conditions[k].arm for k in largest), means[largest]),
        groups=len(set(groups.tolist())),
    )


def compare_arms(scores: ScoreTable, base: str, settings: AnalysisSettings) -> tuple[Comparison, ...]:
    """The comparisons of `analyse` over the classes, without all else."""
    found = cube(scores, settings.metric)
    family = Family(found.classes, grouped(found.images, settings.group), settings)
    return tuple(compare(_pairings(found, base, counted(found.classes, settings)), family))


def _pairings(found: Cube, base: str, counting: NDArray[np.bool_]) -> list[PairedDifferences]:
    """The differences of each arm and fraction to the base at the same fraction."""
    return [
        pairs(found, index, found.conditions.index(against), counting)
        for index, condition in enumerate(found.conditions)
        if condition.arm != base and (against := ArmFraction(base, condition.fraction)) in found.conditions
    ]


def _stops(
    pairings: Sequence[PairedDifferences], comparisons: Sequence[Comparison], settings: AnalysisSettings
) -> dict[ArmFraction, int]:
    """The number of looks that each arm and fraction had."""
    numbers = {count: index for index, count in enumerate((0, *settings.looks))}
    return {pairs.condition: numbers[each.look or 0] for pairs, each in zip(pairings, comparisons, strict=True)}


def counted(classes: tuple[str, ...], settings: AnalysisSettings) -> NDArray[np.bool_]:
    """A mask of the classes in the mean: all but those left out, or all if none would remain."""
    counting = np.array([name.casefold() not in settings.left_out for name in classes], bool)
    return counting if counting.any() else np.ones(len(classes), bool)


def described(found: Cube, means: Values, costs: _Costs, settings: AnalysisSettings) -> list[ArmScores]:
    """The scores of each arm and fraction."""
    each = moments(means)
    low, high = t_interval(each, settings.confidence)
    by_class = mean(mean(found.values, 2), 1)
    fronts = [_on_fronts(found.conditions, each.mean, costs, kind, settings) for kind in costs]
    arms = []
    for index, condition in enumerate(found.conditions):
        there = np.flatnonzero(np.isfinite(means[index]))
        arms.append(
            ArmScores(
                arm=condition.arm,
                fraction=condition.fraction,
                seeds=tuple(found.seeds[k] for k in there),
                scores=tuple(means[index, there].tolist()),
                mean=number(each.mean[index]),
                deviation=number(each.error[index] * np.sqrt(each.pairs[index])),
                interval=ends(number(low[index]), number(high[index])),
                failing=tuple(found.seeds[k] for k in there[_failing(means[index, there], settings)]),
                by_class=dict(zip(found.classes, map(number, by_class[index]), strict=True)),
                costs={kind: values.get(condition.arm) for kind, values in costs.items()},
                front=tuple(kind for kind, on in zip(costs, fronts, strict=True) if on[index]),
            )
        )
    return arms


def _failing(scores: Values, settings: AnalysisSettings) -> NDArray[np.int64]:
    """The places of the scores in the worse of two modes."""
    signed = -scores if settings.less_is_better else scores
    return np.sort(np.argsort(signed)[: lower_mode(signed, settings.margin or 0.0)])


def _on_fronts(
    conditions: Sequence[ArmFraction], means: Values, costs: _Costs, kind: str, settings: AnalysisSettings
) -> dict[int, bool]:
    """Whether each condition is on the Pareto front of one cost, among those of its fraction."""
    result: dict[int, bool] = {}
    for fraction in {condition.fraction for condition in conditions}:
        members = [index for index, condition in enumerate(conditions) if condition.fraction == fraction]
        values = [costs[kind].get(conditions[index].arm) for index in members]
        scores = [float(-means[index] if settings.less_is_better else means[index]) for index in members]
        result |= dict(zip(members, front(values, scores), strict=True))
    return result
