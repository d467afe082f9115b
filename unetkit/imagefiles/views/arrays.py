"""Stored arrays: mapped, decoded at first use, stacked, inverted, or looked up in a palette."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from unetkit.imagefiles.images import StoredArray


@dataclass(frozen=True)
class MappedArray:
    """An array in a file from a byte offset on, mapped into memory only while a part is read or written.

    A mapping counts as memory of the process while it lives. `order` is C, or F where the first axis is the fastest.
    """

    path: Path
    offset: int
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    order: Literal["C", "F"] = "C"

    @classmethod
    def of(cls, path: Path, array: np.memmap[Any, Any]) -> MappedArray:
        """The array of a mapping, which is not kept."""
        return cls(path, array.offset, array.dtype, array.shape, "C" if array.flags.c_contiguous else "F")

    def __getitem__(self, part: Any) -> NDArray[Any]:
        return np.array(self._mapping("r")[part])

    def __setitem__(self, part: Any, block: NDArray[Any]) -> None:
        self._mapping("r+")[part] = block

    def _mapping(self, mode: Literal["r", "r+"]) -> np.memmap[Any, Any]:
        return np.memmap(self.path, self.dtype, mode, self.offset, self.shape, self.order)


@dataclass(frozen=True)
class LazyArray:
    """An array that is decoded whole when a part of it is first read, once for all parts."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    decode: Callable[[], StoredArray]
    lock: Lock = field(default_factory=Lock, compare=False, repr=False)
    decoded: list[StoredArray] = field(default_factory=list, compare=False, repr=False)

    def __getitem__(self, part: Any) -> NDArray[Any]:
        with self.lock:
            if not self.decoded:
                self.decoded.append(self.decode())
        return np.asarray(self.decoded[0][part])


@dataclass(frozen=True)
class StackedArray:
    """Arrays of one shape, stacked along a new first axis."""

    layers: Sequence[StoredArray]

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.layers), *self.layers[0].shape)

    @property
    def dtype(self) -> Any:
        """The smallest type that holds the numbers of all."""
        return np.result_type(*(layer.dtype for layer in self.layers))

    def __getitem__(self, part: Any) -> NDArray[Any]:
        return np.stack([np.asarray(layer[part[1:]], self.dtype) for layer in self.layers[part[0]]])


@dataclass(frozen=True)
class ArrayView:
    """A view of a stored array; by default of the same shape and type."""

    array: StoredArray

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    @property
    def dtype(self) -> Any:
        return self.array.dtype


@dataclass(frozen=True)
class InvertedArray(ArrayView):
    """Grey levels where 0 is white, as `white` − level."""

    white: int

    def __getitem__(self, part: Any) -> NDArray[Any]:
        block = np.asarray(self.array[part])
        return ~block if block.dtype == bool else np.subtract(self.white, block, dtype=block.dtype)


@dataclass(frozen=True)
class PaletteArray(ArrayView):
    """The colours of indexes into a palette (entries, 3), along a new last axis; grey levels without a palette."""

    palette: NDArray[Any] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        return (*self.array.shape, 3)

    @property
    def dtype(self) -> Any:
        return self.array.dtype if self.palette is None else self.palette.dtype

    def __getitem__(self, part: Any) -> NDArray[Any]:
        block = np.asarray(self.array[part[:-1]])
        colours = np.broadcast_to(block[..., None], (*block.shape, 3)) if self.palette is None else self.palette[block]
        return np.asarray(colours[..., part[-1]])


@dataclass(frozen=True)
class OpaqueArray(ArrayView):
    """Colours or grey levels without alpha, the last entry of the last axis; grey levels lose that axis."""

    @property
    def shape(self) -> tuple[int, ...]:
        *others, last = self.array.shape
        return (*others, last - 1) if last > 2 else tuple(others)

    def __getitem__(self, part: Any) -> NDArray[Any]:
        if len(self.shape) < len(self.array.shape):
            return np.asarray(self.array[(*part, slice(0, 1))])[..., 0]
        return np.asarray(np.asarray(self.array[(*part[:-1], slice(0, self.shape[-1]))])[..., part[-1]])


@dataclass(frozen=True)
class EntryArray(ArrayView):
    """One entry along an axis, without that axis."""

    axis: int
    entry: int = 0

    @property
    def shape(self) -> tuple[int, ...]:
        return (*self.array.shape[: self.axis], *self.array.shape[self.axis + 1 :])

    def __getitem__(self, part: Any) -> NDArray[Any]:
        chosen = slice(self.entry, self.entry + 1)
        return np.asarray(self.array[(*part[: self.axis], chosen, *part[self.axis :])]).squeeze(self.axis)
