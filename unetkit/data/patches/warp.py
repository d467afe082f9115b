"""Sampling of image, labels and maps at moved points, all together and only once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import grid_sample

from unetkit.data.patches.augmentation import Augmentation
from unetkit.data.patches.mirror_padding import mirrored_window

_MARGIN = 1  # samples around the outermost points, for interpolation


class PatchArrays(NamedTuple):
    """An image (channels, *spatial) with its labels (*spatial), and maps (number, *spatial) if there are any."""

    image: NDArray[Any]
    labels: NDArray[np.integer]
    maps: NDArray[np.float32] | None = None

    def cut(self, starts: tuple[int, ...], size: tuple[int, ...]) -> PatchArrays:
        """A window of all three, mirrored beyond the border."""
        maps = None if self.maps is None else mirrored_window(self.maps, starts, size)
        return PatchArrays(mirrored_window(self.image, starts, size), mirrored_window(self.labels, starts, size), maps)


def moved_points(
    size: tuple[int, ...], spacing: tuple[float, ...] | None, moves: Sequence[Augmentation], random: np.random.Generator
) -> Tensor:
    """The points (*size, axes) at which a patch is sampled, relative to its centre.

    Axes may differ in spacing; augmentations see equal spacing.
    """
    scale = torch.tensor(spacing or (1.0,) * len(size))
    scale = scale / scale.min()
    axes = [torch.arange(n, dtype=torch.float32) - (n - 1) / 2 for n in size]
    points = torch.stack(torch.meshgrid(*axes, indexing="ij"), -1) * scale
    for each in reversed(moves):  # the last one is applied to the patch last, so it moves a point first
        points = each.move(points, random)
    return points / scale


def sample_points(sample: PatchArrays, starts: tuple[int, ...], points: Tensor) -> PatchArrays:
    """The patch at some points; `starts` is the start of the patch without any movement.

    Image and maps are interpolated linearly; labels are those of the nearest sample.
    """
    size = points.shape[:-1]
    centre = torch.tensor([start + (n - 1) / 2 for start, n in zip(starts, size, strict=True)])
    places = points + centre
    if torch.equal(places, places.round()):
        return _gather(sample, places.long())
    flat = places.reshape(-1, len(size))
    first = (flat.amin(0).floor().long() - _MARGIN).tolist()
    last = (flat.amax(0).ceil().long() + _MARGIN).tolist()
    extent = tuple(b - a + 1 for a, b in zip(first, last, strict=True))
    cut = sample.cut(tuple(first), extent)
    inside = places - torch.tensor(first)
    labels = torch.from_numpy(cut.labels)[tuple(inside.round().long().unbind(-1))]
    layers = cut.image.astype(np.float32)
    if cut.maps is not None:
        layers = np.concatenate([layers, cut.maps])
    sampled = _interpolate(torch.from_numpy(layers), inside).numpy()
    count = len(cut.image)
    return PatchArrays(sampled[:count], labels.numpy(), None if cut.maps is None else sampled[count:])


def _interpolate(layers: Tensor, places: Tensor) -> Tensor:
    """The values of layers (L, *extent) at places (*size, axes), by linear interpolation."""
    extent = layers.shape[1:]
    grid = places / (torch.tensor(extent) - 1) * 2 - 1
    if len(extent) == 1:  # torch needs at least two axes
        layers, grid = layers[:, None], torch.cat([torch.zeros_like(grid), grid], -1)[None]
    grid = grid.flip(-1)  # torch expects the last axis first
    sampled = grid_sample(layers[None], grid[None], mode="bilinear", padding_mode="border", align_corners=True)[0]
    return sampled[:, 0] if len(extent) == 1 else sampled


def _gather(sample: PatchArrays, places: Tensor) -> PatchArrays:
    """A patch at points that are samples of the image, such as a mirrored one, without interpolation."""
    first = places.reshape(-1, places.shape[-1]).amin(0)
    extent = places.reshape(-1, places.shape[-1]).amax(0) - first + 1
    cut = sample.cut(tuple(first.tolist()), tuple(extent.tolist()))
    index: Any = tuple(axis.numpy() for axis in (places - first).unbind(-1))
    maps = None if cut.maps is None else cut.maps[(slice(None), *index)]
    return PatchArrays(cut.image[(slice(None), *index)], cut.labels[index], maps)
