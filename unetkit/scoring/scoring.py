"""Labels against a reference, image by image."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import nan
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torchmetrics.functional.classification import multiclass_confusion_matrix

from unetkit.data import UNLABELLED, Pair, Pairs, Preprocessing
from unetkit.errors import Fault
from unetkit.model.interface import plan_of, threshold
from unetkit.planning import Plan
from unetkit.scoring.labels import classify
from unetkit.scoring.metrics import METRICS, Case, Counts, ScoreError, check_metrics
from unetkit.scoring.scores import ScoreRow, Scores
from unetkit.scoring.spacing import Spacings
from unetkit.tiling import predict

Labels: TypeAlias = NDArray[np.integer]
Predicted: TypeAlias = tuple[str, Labels, Labels, tuple[float, ...] | None]
"""The name of an image, its predicted labels and true ones (*spatial), and the distance between samples per axis."""


def score(
    predicted: Iterable[Predicted],
    classes: tuple[str, ...],
    *,
    ignore: int = UNLABELLED,
    metrics: tuple[str, ...] = ("dice", "iou"),
    tolerance: float = 1.0,
) -> Scores:
    """Returns the scores of predicted labels. Where no spacing is given, distances count in pixels.

    Pixels whose true label is `ignore` belong to no class, neither in the reference nor in the prediction.
    `tolerance`: the distance that NSD forgives, in the unit of the spacing. Raises ScoreError for unknown metrics.
    """
    rows: list[ScoreRow] = []
    for name, labels, truth, spacing in predicted:
        check_metrics(metrics, truth.ndim)
        rows += image_rows((name, labels, truth, spacing or (1.0,) * truth.ndim), classes, ignore, metrics, tolerance)
    return Scores(classes, metrics, tuple(rows))


def image_rows(
    one: tuple[str, Labels, Labels, tuple[float, ...]],
    classes: tuple[str, ...],
    ignore: int,
    metrics: tuple[str, ...],
    tolerance: float,
) -> Iterator[ScoreRow]:
    """Yields the rows of one image."""
    name, labels, truth, spacing = one
    matrix = multiclass_confusion_matrix(  # rows: truth, columns: prediction
        torch.from_numpy(labels),
        torch.from_numpy(truth.astype(np.int64)),
        num_classes=len(classes),
        ignore_index=ignore,
    ).numpy()
    known = truth != ignore
    for index, class_name in enumerate(classes):
        both = int(matrix[index, index])
        counts = Counts(both, int(matrix[:, index].sum()) - both, int(matrix[index].sum()) - both)
        case = Case(counts, (labels == index) & known, truth == index, spacing, tolerance)
        values = {metric: METRICS[metric].measure(case) if any(counts) else nan for metric in metrics}
        yield ScoreRow(name, class_name, counts, values)


def evaluate(
    model: nn.Module,
    pairs: Pairs,
    preprocessing: Preprocessing,
    *,
    metrics: tuple[str, ...] = ("dice", "iou"),
    tolerance: float = 1.0,
    spacing: tuple[float, ...] | None = None,
) -> Scores:
    """Returns the scores of a network on whole images, which it labels tile by tile where they are large.

    `spacing` stands in place of that of the images. Raises ScoreError where the network predicts more classes than they
    have, or where their distances cannot be compared.
    """
    check_classes(plan_of(model), pairs.classes)
    labelled = label(model, pairs, preprocessing)
    spacings = Spacings(spacing)
    distances = any(name in METRICS and METRICS[name].distance for name in metrics)
    predicted = (
        (pair.name, labels, pair.labels, spacings.of(pair) if distances else None) for pair, labels in labelled
    )
    return score(predicted, pairs.classes, metrics=metrics, tolerance=tolerance)


def label(model: nn.Module, pairs: Iterable[Pair], preprocessing: Preprocessing) -> Iterator[tuple[Pair, Labels]]:
    """Yields each pair with the labels that a network gives its image, on the samples of the image."""
    limit = threshold(plan_of(model))
    for pair in pairs:
        yield pair, classify(preprocessing.label(pair, lambda image: predict(model, image)), limit)


def check_classes(plan: Plan, classes: tuple[str, ...], learned: tuple[str, ...] = ()) -> None:
    """Raises ScoreError where a network predicts more classes than the data define, or `learned` another order."""
    told = max(2, plan.spec.out_channels)
    if told > len(classes):
        message = f"{plan.spec.name} predicts {told} classes, the data define {len(classes)}: {', '.join(classes)}"
        raise ScoreError(Fault("classes", message, "out_channels", "Evaluate with the classes it was trained with."))
    if learned != classes and sorted(learned) == sorted(classes):
        message = f"{plan.spec.name} learned {', '.join(learned)}; the images have {', '.join(classes)}"
        raise ScoreError(Fault("classes-order", message, "classes", "Give the classes the numbers they had."))
