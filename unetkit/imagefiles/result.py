"""The axes of a result: those of the image's file, with the network's channels in the place of the image's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from unetkit.imagefiles.images import Images

CHANNEL = -1
"""Stands for the axis of the network's channels among the axes of an image's file."""


@dataclass(frozen=True)
class ResultAxes:
    """The axes of a result file: each is an axis of the image's file, or CHANNEL."""

    images: Images
    axes: tuple[int, ...]
    channels: int | None

    @classmethod
    def of(
        cls, images: Images, channels: int | None, *, channel_before: str = "ZYX", in_place: bool = True
    ) -> ResultAxes:
        """Returns the axes for results of so many channels, None for one number per sample.

        Where the image's file has no axis for channels, or theirs is not to stand `in_place` of it, it stands before
        the first of some axes, or at the end.
        """
        stored, own = range(len(images.letters)), images.layout.channel
        axes = [axis for axis in stored if axis not in own]
        if channels is not None:
            spots = (place for place, axis in enumerate(axes) if images.letters[axis] in channel_before)
            place = sum(axis < own[0] for axis in axes) if own and in_place else next(spots, len(axes))
            axes.insert(place, CHANNEL)
        return cls(images, tuple(axes), channels)

    @property
    def letters(self) -> str:
        """A letter for each axis."""
        return "".join("C" if axis == CHANNEL else self.images.letters[axis] for axis in self.axes)

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return tuple(self.channels or 1 if axis == CHANNEL else self.images.array.shape[axis] for axis in self.axes)


class WritableArray(Protocol):
    """An array that may lie on disk, written by slices."""

    def __setitem__(self, part: Any, block: NDArray[Any], /) -> None: ...


@dataclass(frozen=True)
class ArrayWriter:
    """A target over an array with the axes of the result file."""

    array: WritableArray
    result: ResultAxes

    def write(self, number: int, part: tuple[slice, ...], block: NDArray[Any]) -> None:
        """Writes a part of the result for one image: (*spatial), or (channels, *spatial) where it has channels."""
        stack, _, spatial = self.result.images.layout
        places = np.unravel_index(number, self.result.images.stack) if stack else ()
        at: dict[int, Any] = dict(zip(stack, map(int, places), strict=True)) | dict(zip(spatial, part, strict=True))
        index = tuple(at.get(axis, slice(None)) for axis in self.result.axes)
        given = (CHANNEL, *spatial) if self.result.channels is not None else spatial
        self.array[index] = block.transpose([given.index(axis) for axis in self.result.axes if axis in given])
