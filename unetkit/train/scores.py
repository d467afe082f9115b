"""How well a network labels images: Dice per class, beside what grey levels alone would give."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torchmetrics.classification import MulticlassConfusionMatrix

from unetkit.data import UNLABELLED, Pair, Pairs, Scale
from unetkit.train.prediction import classify, predict


@dataclass(frozen=True)
class Scores:
    """Dice per class over all pixels of all images together; NaN for a class that neither occurs nor is predicted."""

    classes: tuple[str, ...]
    dice: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean over the classes that have a Dice."""
        return float(np.nanmean(self.dice))


def evaluate(model: nn.Module, pairs: Pairs, scale: Scale) -> Scores:
    """Returns the scores of a network on whole images."""
    return score(((pair, classify(predict(model, scale.apply(pair.image)))) for pair in pairs), pairs.classes)


def score(predicted: Iterable[tuple[Pair, NDArray[np.int64]]], classes: tuple[str, ...]) -> Scores:
    """Returns the scores of predicted labels: 2·TP / (2·TP + FP + FN) for each class."""
    matrix = MulticlassConfusionMatrix(num_classes=len(classes), ignore_index=UNLABELLED)
    for pair, labels in predicted:
        matrix.update(torch.from_numpy(labels), torch.from_numpy(pair.labels))
    counts = matrix.compute().double()  # rows: truth, columns: prediction
    dice = 2 * counts.diagonal() / (counts.sum(0) + counts.sum(1))
    return Scores(classes, tuple(dice.tolist()))


def grey_level_baseline(train: Pairs, test: Pairs) -> Scores:
    """Returns the scores of the best class per grey level (the mean of the channels, rounded), fit on `train`."""
    lowest = min(int(levels(pair).min()) for pair in train)
    highest = max(int(levels(pair).max()) for pair in train)
    counts = np.zeros((len(train.classes), highest - lowest + 1), np.int64)
    for pair in train:
        known = pair.labels != UNLABELLED
        np.add.at(counts, (pair.labels[known], levels(pair)[known] - lowest), 1)
    best = counts.argmax(0)
    return score(((pair, best[np.clip(levels(pair), lowest, highest) - lowest]) for pair in test), test.classes)


def levels(pair: Pair) -> NDArray[np.int64]:
    """Returns the grey levels of an image as whole numbers."""
    grey: NDArray[np.float32] = pair.image.mean(0)
    return np.rint(grey).astype(np.int64)
