"""The images in a file: how they are to be read, which stored axis is what, and parts of one image at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from unetkit.imagefiles.guard import guarded
from unetkit.imagefiles.numbers import check_memory
from unetkit.spatial import Geometry


@dataclass(frozen=True)
class ReadRequest:
    """How to read a file: the spatial axes of an image, its channels, and what is known of the stored axes.

    `channels` is None to accept any number. `axes` has a letter per axis of the stored array (see
    `unetkit.imagefiles.axes`), None where the file names its axes. `mask`: the file holds class numbers or colours, so
    a palette is read as indexes, and alpha is dropped. `trained`: the file is read for a trained network, so error
    messages suggest another image or the option --axes, not a change of the data file.
    """

    dims: int
    channels: int | None = None
    axes: str | None = None
    mask: bool = False
    trained: bool = False

    @property
    def where_axes(self) -> str:
        """How to name the axes of a file, as the start of a sentence."""
        return "Name them with --axes" if self.trained else "Name them in the dataset"


class StoredArray(Protocol):
    """An array in memory or on disk: its shape and type, and parts of it by slices."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> Any: ...

    def __getitem__(self, part: Any, /) -> Any: ...


class AxisLayout(NamedTuple):
    """The stored axes that count images, those of the channels, and the spatial axes in the order they are read in."""

    stack: tuple[int, ...]
    channel: tuple[int, ...]
    spatial: tuple[int, ...]

    @property
    def order(self) -> tuple[int, ...]:
        """All stored axes: stack, channels, space."""
        return (*self.stack, *self.channel, *self.spatial)


@dataclass(frozen=True)
class Images:
    """The images in one file, read part by part.

    `letters` has a letter per axis of the stored array. `geometry` describes the stored axes `located`, in this order:
    the spatial axes as they are read, then the slice axis of a volume that is read by slices. It is None where the
    file has none. `metadata` is what the format needs to write a result with the same tags.
    """

    path: Path
    array: StoredArray
    layout: AxisLayout
    letters: str
    geometry: Geometry | None = None
    located: tuple[int, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the numbers as they are read."""
        dtype: np.dtype[Any] = np.dtype(self.array.dtype)
        return dtype

    @property
    def axes(self) -> str:
        """The letters of the spatial axes in the order they are read in: YX, ZYX, or XYZ for NIfTI."""
        return "".join(self.letters[axis] for axis in self.layout.spatial)

    @property
    def spacing(self) -> tuple[float, ...] | None:
        """The distance between samples along each of `axes`; None where the file lacks it for one of them."""
        dims = len(self.layout.spatial)
        if self.geometry is None or self.located[:dims] != self.layout.spatial:
            return None
        return self.geometry.spacing[:dims]

    @property
    def channels(self) -> int:
        """The channels of each image."""
        return prod(self.array.shape[axis] for axis in self.layout.channel)

    @property
    def stack(self) -> tuple[int, ...]:
        """The lengths of the axes that count images; empty where the file has one image."""
        return tuple(self.array.shape[axis] for axis in self.layout.stack)

    @property
    def count(self) -> int:
        """The number of images: pages, slices, time steps or entries of a stack."""
        return prod(self.stack)

    @property
    def size(self) -> tuple[int, ...]:
        """The spatial size of each image."""
        return tuple(self.array.shape[axis] for axis in self.layout.spatial)

    def read(self, number: int, part: tuple[slice, ...] | None = None) -> NDArray[Any]:
        """An image (channels, *spatial) or a part of it, in the numbers of the file; raises FileError on damage."""
        stack, channel, spatial = self.layout
        index: list[slice] = [slice(None)] * len(self.array.shape)
        for axis, extent in zip(spatial, part or (slice(None),) * len(spatial), strict=True):
            index[axis] = extent
        for axis, place in zip(stack, np.unravel_index(number, self.stack) if stack else (), strict=True):
            index[axis] = slice(int(place), int(place) + 1)
        shape = tuple(len(range(n)[extent]) for n, extent in zip(self.array.shape, index, strict=True))
        check_memory(self.path, shape, self.dtype)
        with guarded(self.path):
            block = np.asarray(self.array[tuple(index)]).transpose(self.layout.order)
        return block.reshape(self.channels, *block.shape[len(stack) + len(channel) :])
