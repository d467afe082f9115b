"""Result files: written part by part, with the axes of the image's file and the network's channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from unetkit.imagefiles.images import Images

_CHANNEL = -1
"""Stands for the channel axis of the network among the axes of an image's file."""


class ResultWriter(Protocol):
    """A result file that is written part by part."""

    def write(self, number: int, part: tuple[slice, ...], block: NDArray[Any]) -> None:
        """Writes a part of the result for one image: (*spatial), or (channels, *spatial) where it has channels."""


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
        """The axes for results with some channels, or with one number per sample where `channels` is None.

        Channels replace the channel axis of the image's file. Where it has none, or without `in_place`, they stand
        before the first of the axes `channel_before`, or last.
        """
        image_channels = images.layout.channel
        axes = [axis for axis in range(len(images.letters)) if axis not in image_channels]
        if channels is not None:
            places = (place for place, axis in enumerate(axes) if images.letters[axis] in channel_before)
            if image_channels and in_place:
                place = sum(axis < image_channels[0] for axis in axes)
            else:
                place = next(places, len(axes))
            axes.insert(place, _CHANNEL)
        return cls(images, tuple(axes), channels)

    @property
    def letters(self) -> str:
        """A letter for each axis."""
        return "".join("C" if axis == _CHANNEL else self.images.letters[axis] for axis in self.axes)

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return tuple(self.channels or 1 if axis == _CHANNEL else self.images.array.shape[axis] for axis in self.axes)


class WritableArray(Protocol):
    """An array in memory or on disk, written by slices."""

    def __setitem__(self, part: Any, block: NDArray[Any], /) -> None: ...


@dataclass(frozen=True)
class ArrayWriter:
    """Writes results into an array with the axes of the result file."""

    array: WritableArray
    result: ResultAxes

    def write(self, number: int, part: tuple[slice, ...], block: NDArray[Any]) -> None:
        stack, _, spatial = self.result.images.layout
        places = np.unravel_index(number, self.result.images.stack) if stack else ()
        place: dict[int, Any] = dict(zip(stack, map(int, places), strict=True)) | dict(zip(spatial, part, strict=True))
        index = tuple(place.get(axis, slice(None)) for axis in self.result.axes)
        block_axes = (_CHANNEL, *spatial) if self.result.channels is not None else spatial
        self.array[index] = block.transpose([block_axes.index(axis) for axis in self.result.axes if axis in block_axes])
