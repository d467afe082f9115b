"""The images in a file: which axis of the stored array is what, and parts of one image at a time."""

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


class StoredArray(Protocol):
    """An array that may lie on disk: its shape and type, and parts of it by slices."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> Any: ...

    def __getitem__(self, part: Any, /) -> Any: ...


class AxisLayout(NamedTuple):
    """The stored axes that count images, those with channels, and those of an image in the order that it is read in."""

    stack: tuple[int, ...]
    channel: tuple[int, ...]
    spatial: tuple[int, ...]

    @property
    def order(self) -> tuple[int, ...]:
        """All stored axes: stack, channels, image."""
        return (*self.stack, *self.channel, *self.spatial)


@dataclass(frozen=True)
class Images:
    """The images in one file, read part by part.

    `letters` has a letter per axis of the stored array. `geometry` describes the stored axes `located`, in this order:
    those of an image as it is read, then, of a volume that is read by slices, the one along which they lie. It is None
    where the file has none. `kept` is what the module of the kind needs to write a result with the same tags.
    """

    path: Path
    array: StoredArray
    layout: AxisLayout
    letters: str
    geometry: Geometry | None = None
    located: tuple[int, ...] = ()
    kept: Mapping[str, Any] = field(default_factory=dict)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the numbers as they are read."""
        dtype: np.dtype[Any] = np.dtype(self.array.dtype)
        return dtype

    @property
    def axes(self) -> str:
        """The letters of the axes of an image in the order that it is read in: YX, ZYX, or XYZ for NIfTI."""
        return "".join(self.letters[axis] for axis in self.layout.spatial)

    @property
    def spacing(self) -> tuple[float, ...] | None:
        """The distance between samples, per axis of `axes`; None where the file does not say all of them."""
        dims = len(self.layout.spatial)
        known = self.geometry is not None and self.located[:dims] == self.layout.spatial
        return self.geometry.spacing[:dims] if self.geometry is not None and known else None

    @property
    def channels(self) -> int:
        """The channels of each image."""
        return prod(self.array.shape[axis] for axis in self.layout.channel)

    @property
    def stack(self) -> tuple[int, ...]:
        """The lengths of the axes that count images; none where the file has one image."""
        return tuple(self.array.shape[axis] for axis in self.layout.stack)

    @property
    def count(self) -> int:
        """How many images there are: pages, slices, time steps or entries of a stack."""
        return prod(self.stack)

    @property
    def size(self) -> tuple[int, ...]:
        """The spatial size of each image."""
        return tuple(self.array.shape[axis] for axis in self.layout.spatial)

    def read(self, number: int, part: tuple[slice, ...] | None = None) -> NDArray[Any]:
        """Returns an image (channels, *spatial), or a part of it, in the numbers of the file.

        Raises FileError where the file is damaged.
        """
        stack, channel, spatial = self.layout
        wanted: list[Any] = [slice(None)] * len(self.array.shape)
        for axis, one in zip(spatial, part or (slice(None),) * len(spatial), strict=True):
            wanted[axis] = one
        for axis, at in zip(stack, np.unravel_index(number, self.stack) if stack else (), strict=True):
            wanted[axis] = slice(int(at), int(at) + 1)
        wanted_size = (len(range(n)[one]) for n, one in zip(self.array.shape, wanted, strict=True))
        check_memory(self.path, tuple(wanted_size), self.dtype)
        with guarded(self.path):
            block = np.asarray(self.array[tuple(wanted)]).transpose(self.layout.order)
        return block.reshape(self.channels, *block.shape[len(stack) + len(channel) :])
