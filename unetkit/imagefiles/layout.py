"""Which axis of a stored array is what: a stack of images, channels, and the axes of an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from unetkit.errors import Fault, FileError


class Stored(Protocol):
    """An array that may lie on disk: its shape, and parts of it by slices."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __getitem__(self, part: Any, /) -> Any: ...


class Layout(NamedTuple):
    """The axis of a stack of images and that of the channels, where there are such, and the axes of an image."""

    stack: int | None
    channel: int | None
    spatial: tuple[int, ...]


@dataclass(frozen=True)
class Images:
    """The images in one file, read part by part."""

    array: Stored
    layout: Layout

    @property
    def count(self) -> int:
        """How many images there are: pages, slices or entries of a stack."""
        return 1 if self.layout.stack is None else self.array.shape[self.layout.stack]

    @property
    def stacked(self) -> bool:
        """Whether the file has an axis for several images, be it of one."""
        return self.layout.stack is not None

    @property
    def size(self) -> tuple[int, ...]:
        """The spatial size of each image."""
        return tuple(self.array.shape[axis] for axis in self.layout.spatial)

    def read(self, number: int, part: tuple[slice, ...]) -> NDArray[Any]:
        """Returns a part (channels, *spatial) of one image, in its own numbers."""
        stack, channel, spatial = self.layout
        wanted: list[Any] = [slice(None)] * len(self.array.shape)
        for axis, one in zip(spatial, part, strict=True):
            wanted[axis] = one
        if stack is not None:
            wanted[stack] = slice(number, number + 1)
        block = np.asarray(self.array[tuple(wanted)])
        order = [axis for axis in (stack, channel) if axis is not None]
        block = block.transpose(*order, *spatial)
        if stack is not None:
            block = block[0]
        return block if channel is not None else block[None]


def lay_out(name: object, shape: tuple[int, ...], dims: int, channels: int, *, axes: str = "") -> Layout:
    """Returns how an array of a shape holds images of so many dims and channels.

    `axes` has a letter per axis where the file says: S or C for channels. Without it, channels come before the axes of
    the image; a stack comes before all. Raises FileError where it does not go together.

    >>> lay_out("a.npy", (20, 3, 64, 64), 2, 3)
    Layout(stack=0, channel=1, spatial=(2, 3))
    >>> lay_out("a.tif", (64, 64, 3), 2, 3, axes="YXS")
    Layout(stack=None, channel=2, spatial=(0, 1))
    """
    left = list(range(len(shape)))
    channel = next((axis for axis, letter in enumerate(axes) if letter in "SC"), None)
    if channel is None and not axes and (channels > 1 or len(shape) > dims + 1) and len(shape) > dims:
        channel = len(shape) - dims - 1
    if channel is None and axes and channels > 1 and len(shape) == dims + 1:
        channel = 0  # pages as channels
    found = 1 if channel is None else shape[channel]
    if found != channels:
        shown = "×".join(map(str, shape))
        message = f"{name} ({shown}) has {found} channels, the network takes {channels}"
        raise FileError(Fault("channels", message, cure="Give images with as many channels."))
    if channel is not None:
        left.remove(channel)
    stack = left.pop(0) if len(left) == dims + 1 else None
    if len(left) != dims:
        shown = "×".join(map(str, shape))
        raise FileError(Fault("image-dims", f"{name} ({shown}) holds no {dims}D images"))
    return Layout(stack, channel, tuple(left))
