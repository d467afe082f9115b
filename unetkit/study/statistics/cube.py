"""The score table as an array: one value for each condition, seed, image and class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unetkit.errors import Fault
from unetkit.study.results.results import ScoreTable, StudyError

Values = NDArray[np.float64]


class ArmFraction(NamedTuple):
    """An experimental condition: an arm, trained on a fraction of the images."""

    arm: str
    fraction: float


@dataclass(frozen=True)
class Cube:
    """The values of one metric (condition, seed, image, class), NaN where missing, and the labels of the axes."""

    conditions: tuple[ArmFraction, ...]
    seeds: tuple[int, ...]
    images: tuple[str, ...]
    classes: tuple[str, ...]
    values: Values
    scored: NDArray[np.bool_]
    """(condition, seed): whether the run exists."""


def cube(scores: ScoreTable, metric: str, arms: Sequence[str] = ()) -> Cube:
    """The values of a metric; arms in the given order (by default that of the table), fractions descending.

    Raises StudyError where the table has duplicate rows.
    """
    order = {name: index for index, name in enumerate(dict.fromkeys((*arms, *scores.arm)))}
    pairs = dict.fromkeys(zip(scores.arm, scores.fraction, strict=True))
    conditions = [ArmFraction(*pair) for pair in sorted(pairs, key=lambda pair: (-pair[1], order[pair[0]]))]
    seeds = sorted(set(scores.seed))
    images, classes = tuple(dict.fromkeys(scores.image)), tuple(dict.fromkeys(scores.label))
    index = (
        positions(list(zip(scores.arm, scores.fraction, strict=True)), conditions),
        positions(scores.seed, seeds),
        positions(scores.image, images),
        positions(scores.label, classes),
    )
    shape = len(conditions), len(seeds), len(images), len(classes)
    values = np.full(shape, np.nan)
    scored = np.zeros(shape[:2], bool)
    if len(scores):
        _check_unique(scores, np.ravel_multi_index(index, shape))
        values[index] = np.asarray(scores.metrics[metric])
        scored[index[:2]] = True
    return Cube(tuple(conditions), tuple(seeds), images, classes, values, scored)


def positions(column: Sequence[object], known: Sequence[object]) -> NDArray[np.int64]:
    """The index of each value of a column among the known ones."""
    places = {value: place for place, value in enumerate(known)}
    return np.fromiter(map(places.__getitem__, column), np.int64, len(column))


def _check_unique(scores: ScoreTable, cells: NDArray[np.int64]) -> None:
    """Raises StudyError for duplicate rows."""
    _, first, counts = np.unique(cells, return_index=True, return_counts=True)
    if counts.max() > 1:
        row = first[counts.argmax()]
        what = f"{scores.arm[row]}, seed {scores.seed[row]}, {scores.image[row]}, {scores.label[row]}"
        message = f"{what}: {counts.max()} rows for one value"
        raise StudyError(Fault("scores-twice", message, cure="Write the report anew from the run folders."))


def mean(values: Values, axis: int | tuple[int, ...]) -> Values:
    """The mean of the finite values; NaN where there are none."""
    known = np.isfinite(values)
    count = known.sum(axis)
    total = np.where(known, values, 0.0).sum(axis)
    means: Values = np.divide(total, count, out=np.full(np.shape(total), np.nan), where=count > 0)
    return means
