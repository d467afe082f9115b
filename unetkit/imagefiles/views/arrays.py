"""Views of stored arrays: decoded at first use, piled up, turned, inverted, or looked up in a palette.

Nothing is computed but for the part that is read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unetkit.imagefiles.images import StoredArray
from unetkit.imagefiles.views.exif_orientation import displayed, stored_part


@dataclass(frozen=True)
class LazyArray:
    """An array that is decoded whole when a part of it is first read, once for all parts."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    decode: Callable[[], StoredArray]
    lock: Lock = field(default_factory=Lock, compare=False, repr=False)
    kept: list[StoredArray] = field(default_factory=list, compare=False, repr=False)

    def __getitem__(self, part: Any) -> NDArray[Any]:
        with self.lock:
            if not self.kept:
                self.kept.append(self.decode())
        return np.asarray(self.kept[0][part])


@dataclass(frozen=True)
class StackedArray:
    """Arrays of one shape, one after the other along a new first axis."""

    layers: Sequence[StoredArray]

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of the arrays, and their shape."""
        return (len(self.layers), *self.layers[0].shape)

    @property
    def dtype(self) -> Any:
        """The smallest type that holds the numbers of all."""
        return np.result_type(*(layer.dtype for layer in self.layers))

    def __getitem__(self, part: Any) -> NDArray[Any]:
        return np.stack([np.asarray(layer[part[1:]], self.dtype) for layer in self.layers[part[0]]])


@dataclass(frozen=True)
class DisplayedArray:
    """An array whose rows and columns, the axes `first` and the next, lie as they are displayed."""

    array: StoredArray
    orientation: int
    first: int

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape as displayed."""
        shape = list(self.array.shape)
        if self.orientation >= 5:  # columns become rows
            shape[self.first], shape[self.first + 1] = shape[self.first + 1], shape[self.first]
        return tuple(shape)

    @property
    def dtype(self) -> Any:
        """The type of its numbers."""
        return self.array.dtype

    def __getitem__(self, part: Any) -> NDArray[Any]:
        rows, columns = self.first, self.first + 2
        wanted = stored_part(part[rows:columns], self.shape[rows:columns], self.orientation)
        block = np.asarray(self.array[(*part[:rows], *wanted, *part[columns:])])
        turned = displayed(np.moveaxis(block, (rows, rows + 1), (0, 1)), self.orientation)
        return np.moveaxis(turned, (0, 1), (rows, rows + 1))


@dataclass(frozen=True)
class InvertedArray:
    """An array whose levels count down from white: of `white` − level."""

    array: StoredArray
    white: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        return self.array.shape

    @property
    def dtype(self) -> Any:
        """The type of its numbers."""
        return self.array.dtype

    def __getitem__(self, part: Any) -> NDArray[Any]:
        block = np.asarray(self.array[part])
        return ~block if block.dtype == bool else np.subtract(self.white, block, dtype=block.dtype)


@dataclass(frozen=True)
class PaletteArray:
    """An array of indexes as the colours of a palette (entries, 3), along a new last axis; grey levels are without."""

    array: StoredArray
    palette: NDArray[Any] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape, with the colours last."""
        return (*self.array.shape, 3)

    @property
    def dtype(self) -> Any:
        """The type of the colours."""
        return self.array.dtype if self.palette is None else self.palette.dtype

    def __getitem__(self, part: Any) -> NDArray[Any]:
        block = np.asarray(self.array[part[:-1]])
        colours = np.broadcast_to(block[..., None], (*block.shape, 3)) if self.palette is None else self.palette[block]
        return np.asarray(colours[..., part[-1]])


@dataclass(frozen=True)
class OpaqueArray:
    """An array without the last entry of its last axis, or without that axis where one entry is left."""

    array: StoredArray

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape that is left."""
        *others, last = self.array.shape
        return (*others, last - 1) if last > 2 else tuple(others)

    @property
    def dtype(self) -> Any:
        """The type of its numbers."""
        return self.array.dtype

    def __getitem__(self, part: Any) -> NDArray[Any]:
        if len(self.shape) < len(self.array.shape):
            return np.asarray(self.array[(*part, slice(0, 1))])[..., 0]
        return np.asarray(np.asarray(self.array[(*part[:-1], slice(0, self.shape[-1]))])[..., part[-1]])


@dataclass(frozen=True)
class FirstEntryArray:
    """The first entries of an axis of an array, without that axis."""

    array: StoredArray
    axis: int

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape without the axis."""
        return (*self.array.shape[: self.axis], *self.array.shape[self.axis + 1 :])

    @property
    def dtype(self) -> Any:
        """The type of its numbers."""
        return self.array.dtype

    def __getitem__(self, part: Any) -> NDArray[Any]:
        return np.asarray(self.array[(*part[: self.axis], slice(0, 1), *part[self.axis :])]).squeeze(self.axis)
