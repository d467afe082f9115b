"""What grey levels alone would give: the score that a network has to beat."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unetkit.data import UNLABELLED, Pair, Pairs
from unetkit.scoring.scores import Scores
from unetkit.scoring.scoring import score


def grey_level_baseline(train: Pairs, test: Pairs) -> Scores:
    """Returns the scores of the best class per grey level (the mean of the channels, rounded), fit on `train`."""
    lowest = min(int(levels(pair).min()) for pair in train)
    highest = max(int(levels(pair).max()) for pair in train)
    counts = np.zeros((len(train.classes), highest - lowest + 1), np.int64)
    for pair in train:
        known = pair.labels != UNLABELLED
        np.add.at(counts, (pair.labels[known], levels(pair)[known] - lowest), 1)
    best = counts.argmax(0)
    found = ((pair, best[np.clip(levels(pair), lowest, highest) - lowest]) for pair in test)
    return score(((pair.name, labels, pair.labels, None) for pair, labels in found), test.classes)


def levels(pair: Pair) -> NDArray[np.int64]:
    """Returns the grey levels of an image as whole numbers."""
    grey: NDArray[np.float32] = pair.image.mean(0)
    return np.rint(grey).astype(np.int64)
