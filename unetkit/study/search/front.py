"""The front of a search, and a diverse set of candidates on it.

On the front, no other candidate has at least as many parameters and as wide a receptive field for fewer multiply-adds
and, where it is limited, less memory.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from unetkit.study.search.candidates import Candidates
from unetkit.study.search.space import SearchSpace

_MORE_IS_BETTER = ("parameters", "receptive_field")


def front_of(found: Candidates) -> NDArray[np.int64]:
    """The candidates on the front, as positions in `found`."""
    columns = [
        (-1 if name in _MORE_IS_BETTER else 1) * np.frombuffer(values, np.int64)
        for name, values in found.quantities.items()
    ]
    points, where = np.unique(np.stack(columns, 1), axis=0, return_inverse=True)
    return np.flatnonzero(nondominated(points)[where.reshape(-1)])


def nondominated(points: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each point is not dominated: no other is at most as large in all columns. The rows are unique and sorted.

    >>> nondominated(np.array([[1, 3], [2, 2], [2, 4], [3, 1]])).tolist()
    [True, True, False, True]
    """
    kept = np.zeros(len(points), bool)
    left = np.arange(len(points))
    while len(left):
        kept[left[0]] = True  # the first of what is left: nothing after it is smaller in the first column
        left = left[(points[left] < points[left[0]]).any(1)]
    return kept


def diverse_front(space: SearchSpace, found: Candidates, front: NDArray[np.int64]) -> Iterator[int]:
    """Yields the candidates of the front, as positions in `found`, each as far as possible from those before it.

    The distance of two candidates is that of their quantities, in orders of magnitude and scaled to the range of each,
    plus the share of the axes on which they differ. The first has the most parameters.
    """
    costs = np.log10(
        np.stack([np.frombuffer(values, np.int64)[front] for values in found.quantities.values()], 1) + 1.0
    )
    scaled = (costs - costs.min(0)) / np.maximum(np.ptp(costs, 0), 1e-9)
    labels = _labels(space, np.frombuffer(found.indices, np.int64)[front])
    nearest = np.full(len(front), np.inf)
    chosen = int(np.argmax(costs[:, list(found.quantities).index("parameters")]))
    for _ in front:
        yield int(front[chosen])
        apart = np.abs(scaled - scaled[chosen]).mean(1) + (labels != labels[chosen]).mean(1)
        nearest = np.minimum(nearest, apart)
        nearest[chosen] = -1.0
        chosen = int(np.argmax(nearest))


def _labels(space: SearchSpace, indices: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each combination and axis, which value it has."""
    places = np.empty((len(indices), len(space.axes)), np.int64)
    left = indices.copy()
    for axis in reversed(space.decoded):
        left, places[:, axis] = np.divmod(left, len(space.axes[axis].values))
    return places
