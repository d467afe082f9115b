"""The objects of an image, and how far their pixels lie inside."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unetkit.data.pairs import UNLABELLED, Pair


def instances_of(pair: Pair) -> NDArray[np.int64]:
    """The objects (*spatial) of a pair, numbered from 1, with 0 between them."""
    from scipy.ndimage import label

    if pair.instances is not None:
        return pair.instances
    objects = np.zeros(pair.size, np.int64)
    for index in np.unique(pair.labels):
        if index not in (0, UNLABELLED):
            parts, _ = label(pair.labels == index)
            objects = np.where(parts > 0, parts + objects.max(), objects)
    return objects


def object_distances(pair: Pair, *, relative: bool) -> NDArray[np.float32]:
    """The distance (*spatial) of each pixel of an object to the nearest pixel outside of it; 0 outside of all objects.

    Distances are in samples of the finest axis, or `relative` to the largest in the object. The border of the image is
    no end of an object.
    """
    from scipy.ndimage import distance_transform_edt, find_objects

    objects = instances_of(pair)
    spacing = np.array(pair.spacing or (1.0,) * objects.ndim)
    found = np.zeros(objects.shape, np.float32)
    for number, box in enumerate(find_objects(objects), start=1):
        if not box:  # None for a number that no pixel has
            continue
        wider = tuple(slice(max(0, part.start - 1), part.stop + 1) for part in box)
        inside = objects[wider] == number
        whole = bool(inside.all())  # it fills the image, which then has to be its end
        distances = distance_transform_edt(np.pad(inside, 1) if whole else inside, sampling=spacing / spacing.min())
        if whole:
            distances = distances[(slice(1, -1),) * objects.ndim]
        found[wider][inside] = (distances / distances.max() if relative else distances)[inside]
    return found
