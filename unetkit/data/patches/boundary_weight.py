"""Weights that emphasise the narrow borders between touching objects (Ronneberger et al., 2015, eq. 2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unetkit.data.labels.instances import instances_of
from unetkit.data.pairs import Pair


@dataclass(frozen=True)
class BoundaryWeight:
    """The weight 1 + w0 · exp(−(d1 + d2)² / 2σ²) of pixels between objects, and 1 inside them.

    d1 and d2 are the distances to the nearest and the second nearest object, in samples of the finest axis. Objects
    are the pair's instances, or else the connected components of each class above 0. The class weight, w_c in the
    paper, belongs to the loss.
    """

    w0: float = 10.0
    sigma: float = 5.0

    def __call__(self, pair: Pair) -> NDArray[np.float32]:
        from scipy.ndimage import distance_transform_edt

        objects = instances_of(pair)
        spacing = np.array(pair.spacing or (1.0,) * objects.ndim)
        nearest = np.full(objects.shape, np.inf)
        second = nearest.copy()
        for number in np.unique(objects[objects > 0]):
            distance = distance_transform_edt(objects != number, sampling=spacing / spacing.min())
            second = np.minimum(second, np.maximum(nearest, distance))
            nearest = np.minimum(nearest, distance)
        between = np.exp(-((nearest + second) ** 2) / (2 * self.sigma**2))  # 0 with fewer than two objects
        weight: NDArray[np.float32] = (1 + self.w0 * np.where(objects > 0, 0, between)).astype(np.float32)
        return weight
