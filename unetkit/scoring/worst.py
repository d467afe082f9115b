"""The images that a network labels worst, as pictures."""

from __future__ import annotations

import numpy as np
from torch import nn

from unetkit.data import Pairs, Preprocessing
from unetkit.scoring.figure import Example
from unetkit.scoring.metrics import METRICS
from unetkit.scoring.scores import Scores
from unetkit.scoring.scoring import label


def worst_examples(
    model: nn.Module, pairs: Pairs, preprocessing: Preprocessing, scores: Scores, count: int
) -> list[Example]:
    """Returns the images that are worst by the first metric of the scores, labelled anew, the worst first."""
    metric = scores.metrics[0]
    table = scores.table(metric)
    numbers = scores.worst(count, metric)
    labelled = label(model, [pairs[number] for number in numbers], preprocessing)
    return [
        Example.of(pair, labels, f"{METRICS[metric].title} {values(scores.classes, table[number])}")
        for number, (pair, labels) in zip(numbers, labelled, strict=True)
    ]


def values(classes: tuple[str, ...], row: np.ndarray[tuple[int], np.dtype[np.float64]], most: int = 4) -> str:
    """Returns the values of an image by class, of many classes the worst.

    >>> values(("a", "b", "c"), np.array([0.98, 0.5, np.nan]))
    'a .980, b .500'
    """
    known = [index for index in range(len(classes)) if np.isfinite(row[index])]
    shown = known if len(known) <= most else sorted(sorted(known, key=lambda index: float(row[index]))[:most])
    return ", ".join(f"{classes[index]} {f'{row[index]:.3f}'.removeprefix('0')}" for index in shown)
