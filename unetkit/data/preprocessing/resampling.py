"""Resampling of images, labels and outputs of networks to another number of samples over the same extent.

The outer edges of the first and the last sample stay fixed, so n samples with a spacing s become m samples with a
spacing n·s / m. Interpolation is linear, one axis after the other, with a triangle filter when there are fewer samples.
Labels are resampled class by class, and the class with the largest fraction wins.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

_PART = 1 << 20
"""Samples of an image that are resampled at a time where not all are needed at once."""


def resampled_size(size: tuple[int, ...], spacing: tuple[float, ...], target: tuple[float, ...]) -> tuple[int, ...]:
    """The number of samples with a target spacing that cover an image, at least one along each axis.

    >>> resampled_size((512, 512, 80), (0.8, 0.8, 2.5), (1.6, 0.8, 1.0))
    (256, 512, 200)
    """
    return tuple(max(1, round(count * step / new)) for count, step, new in zip(size, spacing, target, strict=True))


def resampled(array: NDArray[Any] | Tensor, size: tuple[int, ...]) -> NDArray[np.float32]:
    """An array (channels, *spatial) resampled to a size.

    >>> resampled(np.array([[0.0, 2.0]]), (4,)).tolist()
    [[0.0, 0.5, 1.5, 2.0]]
    """
    tensor, order = _as_tensor(array), _axis_order(array.shape[1:], size)
    for axis in order:
        tensor = _resample_axis(tensor.float(), axis + 1, size[axis])
    result: NDArray[np.float32] = tensor.contiguous().numpy()
    return result


def resampled_parts(
    array: NDArray[np.float32], size: tuple[int, ...]
) -> Iterator[tuple[tuple[slice, ...], NDArray[np.float32]]]:
    """Yields parts of what `resampled` returns, the same numbers, without holding all of it.

    Only the axis that leaves the fewest samples is resampled at once. The parts are slices along it.
    """
    first, *others = _axis_order(array.shape[1:], size)
    tensor = _resample_axis(_as_tensor(array).float(), first + 1, size[first])
    step = max(1, _PART * size[first] // prod(size))
    for start in range(0, size[first], step):
        stop = min(start + step, size[first])
        piece = tensor.narrow(first + 1, start, stop - start)
        for axis in others:
            piece = _resample_axis(piece, axis + 1, size[axis])
        part = tuple(slice(start, stop) if axis == first else slice(0, count) for axis, count in enumerate(size))
        yield part, piece.contiguous().numpy()


def _as_tensor(array: NDArray[Any] | Tensor) -> Tensor:
    return array if isinstance(array, Tensor) else torch.from_numpy(np.ascontiguousarray(array, np.float32))


def _axis_order(old: tuple[int, ...], new: tuple[int, ...]) -> list[int]:
    """The axes in the order of resampling: first those that leave the fewest samples."""
    return sorted(range(len(new)), key=lambda axis: new[axis] / old[axis])


def _resample_axis(tensor: Tensor, axis: int, count: int) -> Tensor:
    shape = tensor.shape
    if shape[axis] == count:
        return tensor
    before, after = prod(shape[:axis]), prod(shape[axis + 1 :])
    if after == 1:  # torch is wrong for a last axis with one sample
        flat, target = tensor.reshape(1, before, 1, shape[axis]), (1, count)
    else:
        flat, target = tensor.reshape(1, before, shape[axis], after), (count, after)
    result = interpolate(flat, target, mode="bilinear", align_corners=False, antialias=True)
    return result.reshape(*shape[:axis], count, *shape[axis + 1 :])


def resampled_labels(labels: NDArray[np.integer], size: tuple[int, ...]) -> NDArray[np.integer]:
    """Labels (*spatial) resampled to a size; the lowest class wins among equal fractions."""
    if labels.shape == size:
        return labels
    result = np.zeros(size, labels.dtype)
    largest = np.full(size, -1, np.float32)
    for value in np.unique(labels):
        fraction = resampled((labels == value)[None], size)[0]
        larger = fraction > largest + 1e-6  # smaller differences are rounding errors
        result[larger], largest[larger] = value, fraction[larger]
    return result


def nearest(array: NDArray[np.int64], size: tuple[int, ...]) -> NDArray[np.int64]:
    """Numbers (*spatial), such as those of objects, resampled to a size by nearest neighbour.

    >>> nearest(np.array([1, 2, 3]), (6,)).tolist()
    [1, 1, 2, 2, 3, 3]
    """
    places = [((np.arange(new) + 0.5) * old / new).astype(np.int64) for old, new in zip(array.shape, size, strict=True)]
    return array[np.ix_(*places)]
