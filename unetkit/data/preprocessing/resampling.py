"""Images, labels and outputs of networks in another number of samples over the same extent.

The outer edges of the first and the last sample stay where they are, so that n samples of a spacing s become m samples
of n·s / m. Everything is linear along each axis in turn; where samples get fewer, each is the mean of those that it
covers, weighted by a triangle. Labels are resampled class by class, and the class with the largest share wins.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate


def resampled_size(size: tuple[int, ...], spacing: tuple[float, ...], wanted: tuple[float, ...]) -> tuple[int, ...]:
    """Returns how many samples of a wanted spacing cover an image, at least one along each axis.

    >>> resampled_size((512, 512, 80), (0.8, 0.8, 2.5), (1.6, 0.8, 1.0))
    (256, 512, 200)
    """
    return tuple(max(1, round(count * step / other)) for count, step, other in zip(size, spacing, wanted, strict=True))


def resampled(array: NDArray[Any] | Tensor, size: tuple[int, ...]) -> NDArray[np.float32]:
    """Returns an array (channels, *spatial) in another size.

    >>> resampled(np.array([[0.0, 2.0]]), (4,)).tolist()
    [[0.0, 0.5, 1.5, 2.0]]
    """
    tensor = array if isinstance(array, Tensor) else torch.from_numpy(np.ascontiguousarray(array, np.float32))
    shares = [count / tensor.shape[axis] for axis, count in enumerate(size, 1)]
    for place in sorted(range(len(size)), key=shares.__getitem__):  # first what leaves less to do for the others
        tensor = along(tensor.float(), place + 1, size[place])
    result: NDArray[np.float32] = tensor.contiguous().numpy()
    return result


def along(tensor: Tensor, axis: int, count: int) -> Tensor:
    """Returns a tensor with so many samples along an axis."""
    shape = tensor.shape
    if shape[axis] == count:
        return tensor
    before, after = prod(shape[:axis]), prod(shape[axis + 1 :])
    if after == 1:  # torch is wrong for a last axis of one sample
        flat, wanted = tensor.reshape(1, before, 1, shape[axis]), (1, count)
    else:
        flat, wanted = tensor.reshape(1, before, shape[axis], after), (count, after)
    made = interpolate(flat, wanted, mode="bilinear", align_corners=False, antialias=True)
    return made.reshape(*shape[:axis], count, *shape[axis + 1 :])


def resampled_labels(labels: NDArray[np.integer], size: tuple[int, ...]) -> NDArray[np.integer]:
    """Returns labels (*spatial) in another size; where classes have equal shares, the lowest wins."""
    if labels.shape == size:
        return labels
    result = np.zeros(size, labels.dtype)
    most = np.full(size, -1, np.float32)
    for value in np.unique(labels):
        share = resampled((labels == value)[None], size)[0]
        larger = share > most + 1e-6  # less is what rounding leaves
        result[larger], most[larger] = value, share[larger]
    return result


def nearest(array: NDArray[np.int64], size: tuple[int, ...]) -> NDArray[np.int64]:
    """Returns numbers (*spatial), such as those of objects, in another size: of each sample the nearest.

    >>> nearest(np.array([1, 2, 3]), (6,)).tolist()
    [1, 1, 2, 2, 3, 3]
    """
    places = [((np.arange(new) + 0.5) * old / new).astype(np.int64) for old, new in zip(array.shape, size, strict=True)]
    return array[np.ix_(*places)]
