"""Scores of the outputs of a network: of classes, of regions that may overlap, and of numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import nan, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from unetkit.data import UNLABELLED, Pair, Preprocessing
from unetkit.data.targets import Classes, Regions, Target
from unetkit.model.interface import plan_of, threshold
from unetkit.planning import Plan
from unetkit.scoring.metrics import METRICS, ClassMasks, Counts
from unetkit.scoring.scores import ScoreRow, Scores
from unetkit.scoring.scoring import classify, predict_pair, score
from unetkit.tiling.prediction import by_output

VALUE_METRICS = ("mae", "rmse")
"""The metrics of numbers: mean absolute error and root of the mean squared error, over the labelled pixels."""


def scores_file(output: str) -> str:
    """The name of the file with the scores of an output; that of the first is scores.csv.

    >>> scores_file(""), scores_file("distance")
    ('scores.csv', 'scores-distance.csv')
    """
    return f"scores-{output}.csv" if output else "scores.csv"


def predicted_outputs(
    model: nn.Module, pairs: Iterable[Pair], preprocessing: Preprocessing
) -> Iterator[tuple[Pair, dict[str, NDArray[np.float32]]]]:
    """Yields each pair with the outputs (channels, *spatial) for its image by name, at the samples of the image."""
    plan = plan_of(model).for_inference()
    for pair in pairs:
        outputs = by_output(plan, predict_pair(model, pair, preprocessing))
        yield pair, dict(zip(plan.outputs, outputs if len(plan.outputs) > 1 else (outputs,), strict=True))


class OutputScorer:
    """Collects the scores of one output, image by image."""

    def __init__(
        self, target: Target, classes: tuple[str, ...], limit: float, metrics: tuple[str, ...], tolerance: float = 1.0
    ) -> None:
        self.target = target
        self.names = target.names(classes)
        self.metrics = VALUE_METRICS if target.kind == "values" else metrics
        self.tolerance = tolerance
        self.limit = limit
        self.rows: list[ScoreRow] = []

    def add(self, pair: Pair, output: NDArray[np.float32], spacing: tuple[float, ...] | None) -> None:
        """Adds the rows of an image, from the output (channels, *spatial) for it."""
        if isinstance(self.target, Classes):
            case = (pair.name, classify(output, self.limit), pair.labels, spacing)
            self.rows += score([case], self.names, metrics=self.metrics, tolerance=self.tolerance).rows
        elif isinstance(self.target, Regions):
            self.rows += self._regions(pair, output, self.target, spacing or (1.0,) * pair.labels.ndim)
        else:
            self.rows += self._values(pair, output)

    def _regions(
        self, pair: Pair, output: NDArray[np.float32], target: Regions, spacing: tuple[float, ...]
    ) -> Iterator[ScoreRow]:
        known = pair.labels != UNLABELLED
        for (name, members), channel in zip(target.regions.items(), output, strict=True):
            truth, found = np.isin(pair.labels, members) & known, (channel > self.limit) & known
            both = int((truth & found).sum())
            counts = Counts(both, int(found.sum()) - both, int(truth.sum()) - both)
            case = ClassMasks(counts, found, truth, spacing, self.tolerance)
            values = {metric: METRICS[metric].measure(case) if any(counts) else nan for metric in self.metrics}
            yield ScoreRow(pair.name, name, counts, values)

    def _values(self, pair: Pair, output: NDArray[np.float32]) -> Iterator[ScoreRow]:
        truth, known = self.target.values(pair), pair.labels != UNLABELLED
        assert truth is not None, "a target of numbers"
        for name, own, wanted in zip(self.names, output, truth, strict=True):
            error = (own - wanted)[known].astype(np.float64)
            values = {"mae": float(np.abs(error).mean()), "rmse": sqrt(float((error**2).mean()))}
            yield ScoreRow(pair.name, name, Counts(0, 0, 0), values)

    def scores(self) -> Scores:
        """The scores of all images."""
        return Scores(self.names, self.metrics, tuple(self.rows))


def scorers(
    plan: Plan,
    targets: Mapping[str, Target],
    classes: tuple[str, ...],
    *,
    metrics: tuple[str, ...] = ("dice", "iou"),
    tolerance: float = 1.0,
) -> dict[str, OutputScorer]:
    """A scorer for each output of a network by name; outputs without a target predict the classes of the data."""
    return {
        name: OutputScorer(targets.get(name) or Classes(), classes, threshold(plan, name), metrics, tolerance)
        for name in plan.for_inference().outputs
    }


def score_outputs(
    model: nn.Module,
    pairs: Any,
    preprocessing: Preprocessing,
    targets: Mapping[str, Target],
    *,
    metrics: tuple[str, ...] = ("dice", "iou"),
) -> dict[str, Scores]:
    """The scores of each output of a network on whole images."""
    found = scorers(plan_of(model).for_inference(), targets, pairs.classes, metrics=metrics)
    for pair, outputs in predicted_outputs(model, pairs, preprocessing):
        for name, output in outputs.items():
            found[name].add(pair, output, None)
    return {name: one.scores() for name, one in found.items()}
