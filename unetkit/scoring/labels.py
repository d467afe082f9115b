"""The class of each pixel, from the output of a network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def classify(output: NDArray[np.float32], threshold: float = 0.0) -> NDArray[np.int64]:
    """Returns the class per pixel (*spatial) of an output (out_channels, *spatial).

    Of several channels the largest is the class; a single one is class 1 above the threshold.

    >>> classify(np.array([[-1.0, 2.0]])), classify(np.array([[0.1, 0.8], [0.9, 0.2]]))
    (array([0, 1]), array([1, 0]))
    """
    labels: NDArray[np.bool_ | np.intp] = output.argmax(0) if len(output) > 1 else output[0] > threshold
    return labels.astype(np.int64)
