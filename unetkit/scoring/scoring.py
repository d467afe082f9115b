"""Scores of predicted labels against a reference, image by image."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import nan
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from torch import nn

from unetkit.data import UNLABELLED, Pair, Pairs, Preprocessing
from unetkit.errors import Fault
from unetkit.model.interface import plan_of, threshold
from unetkit.planning import Plan
from unetkit.scoring.metrics import METRICS, ClassMasks, Counts, ScoreError, check_metrics
from unetkit.scoring.scores import ScoreRow, Scores
from unetkit.scoring.spacing import Spacings
from unetkit.tiling.prediction import predict_channels

_Labels: TypeAlias = NDArray[np.integer]
_LabelledImage: TypeAlias = tuple[str, _Labels, _Labels, tuple[float, ...] | None]
"""Name, predicted and true labels (*spatial), and the distance between samples along each axis."""


def score(
    predicted: Iterable[_LabelledImage],
    classes: tuple[str, ...],
    *,
    ignore: int = UNLABELLED,
    metrics: tuple[str, ...] = ("dice", "iou"),
    tolerance: float = 1.0,
) -> Scores:
    """Scores predicted labels. Without a spacing, distances are in pixels.

    Pixels whose true label is `ignore` belong to no class, neither in the reference nor in the prediction.
    `tolerance`: the distance that NSD tolerates, in the unit of the spacing. Raises ScoreError for unknown metrics.
    """
    rows: list[ScoreRow] = []
    for name, labels, truth, spacing in predicted:
        check_metrics(metrics, truth.ndim)
        known = truth != ignore
        matrix = _confusion(truth[known], labels[known], len(classes))
        for index, class_name in enumerate(classes):
            both = int(matrix[index, index])
            counts = Counts(both, int(matrix[:, index].sum()) - both, int(matrix[index].sum()) - both)
            masks = (labels == index) & known, truth == index
            case = ClassMasks(counts, *masks, spacing or (1.0,) * truth.ndim, tolerance)
            values = {metric: METRICS[metric].measure(case) if any(counts) else nan for metric in metrics}
            rows.append(ScoreRow(name, class_name, counts, values))
    return Scores(classes, metrics, tuple(rows))


def _confusion(truth: _Labels, labels: _Labels, num_classes: int) -> _Labels:
    """Pixels by true class (rows) and predicted class (columns)."""
    pairs = truth.astype(np.int64) * num_classes + labels
    return np.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)


def score_model(
    model: nn.Module,
    pairs: Pairs,
    preprocessing: Preprocessing,
    *,
    metrics: tuple[str, ...] = ("dice", "iou"),
    tolerance: float = 1.0,
    spacing: tuple[float, ...] | None = None,
) -> Scores:
    """Scores a network on whole images, predicted tile by tile where they are large.

    `spacing` replaces that of the images. Raises ScoreError where the network predicts more classes than the data
    define, or where distances of different images are not comparable.
    """
    check_classes(plan_of(model), pairs.classes)
    spacings = Spacings(spacing)
    distances = any(name in METRICS and METRICS[name].distance for name in metrics)
    predicted = (
        (pair.name, labels, pair.labels, spacings.of(pair) if distances else None)
        for pair, labels in label(model, pairs, preprocessing)
    )
    return score(predicted, pairs.classes, metrics=metrics, tolerance=tolerance)


def label(model: nn.Module, pairs: Iterable[Pair], preprocessing: Preprocessing) -> Iterator[tuple[Pair, _Labels]]:
    """Yields each pair with the labels of its image by the first output, at the samples of the image."""
    plan = plan_of(model).for_inference()
    limit, count = threshold(plan), plan.spec.out_channels
    for pair in pairs:
        yield pair, classify(predict_pair(model, pair, preprocessing)[:count], limit)


def predict_pair(model: nn.Module, pair: Pair, preprocessing: Preprocessing) -> NDArray[np.float32]:
    """The channels of all outputs (channels, *spatial) for the image and the vectors of a pair, at its samples."""
    wanted = plan_of(model).for_inference().vectors
    vectors = {name: pair.vectors[name] for name in wanted if name in pair.vectors}
    return preprocessing.label(pair, lambda image: predict_channels(model, image, vectors=vectors))


def classify(output: NDArray[np.float32], threshold: float = 0.0) -> NDArray[np.int64]:
    """The class of each pixel (*spatial) of an output (out_channels, *spatial).

    With several channels it is the largest; a single channel is class 1 above the threshold.

    >>> classify(np.array([[-1.0, 2.0]])), classify(np.array([[0.1, 0.8], [0.9, 0.2]]))
    (array([0, 1]), array([1, 0]))
    """
    labels: NDArray[np.bool_ | np.intp] = output.argmax(0) if len(output) > 1 else output[0] > threshold
    return labels.astype(np.int64)


def check_classes(plan: Plan, classes: tuple[str, ...], trained: tuple[str, ...] = ()) -> None:
    """Raises ScoreError where a network predicts more classes than the data define, or the same in another order."""
    count = max(2, plan.spec.out_channels)
    if count > len(classes):
        message = f"{plan.spec.name} predicts {count} classes, the data define {len(classes)}: {', '.join(classes)}"
        raise ScoreError(Fault("classes", message, "out_channels", "Evaluate with the classes of the training data."))
    if trained != classes and sorted(trained) == sorted(classes):
        message = f"{plan.spec.name} was trained on {', '.join(trained)}; the data define {', '.join(classes)}"
        raise ScoreError(Fault("classes-order", message, "classes", "Number the classes as in the training data."))
