"""Images whose channels lie in files of their own, such as the modalities of a head, as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unetkit.errors import Fault, FileError
from unetkit.imagefiles.images import Images, Layout, Stored
from unetkit.imagefiles.matching import turn_of
from unetkit.imagefiles.turning import AxesTurn, turned


@dataclass(frozen=True)
class Channels:
    """Arrays of one shape along a new first axis, that of channels."""

    layers: Sequence[Stored]

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of the arrays, and their shape."""
        return (len(self.layers), *self.layers[0].shape)

    @property
    def dtype(self) -> Any:
        """A type that holds the numbers of all."""
        return np.result_type(*(layer.dtype for layer in self.layers))

    def __getitem__(self, part: Any) -> NDArray[Any]:
        return np.stack([np.asarray(layer[part[1:]], self.dtype) for layer in self.layers[part[0]]])


@dataclass(frozen=True)
class Without:
    """An array without an axis of one sample."""

    array: Stored
    axis: int

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of what is left."""
        return (*self.array.shape[: self.axis], *self.array.shape[self.axis + 1 :])

    @property
    def dtype(self) -> Any:
        """The type of its numbers."""
        return self.array.dtype

    def __getitem__(self, part: Any) -> NDArray[Any]:
        whole = (*part[: self.axis], slice(0, 1), *part[self.axis :])
        return np.asarray(self.array[whole]).squeeze(self.axis)


def joined(files: Sequence[Images], how: AxesTurn) -> Images:
    """Returns files of one channel each as the channels of one, turned as `how` says the first is.

    The others are turned onto the first. Raises FileError where they have other channels, axes or sizes, or lie on
    other samples.
    """
    first, *others = files
    turns = [how, *(turn_of(other, first, how, "modality") for other in others)]
    layers = [single(turned(one, turn)) for one, turn in zip(files, turns, strict=True)]
    lead = layers[0]
    for one in layers[1:]:
        if (one.letters, one.array.shape) != (lead.letters, lead.array.shape):
            mine, theirs = (f"{'×'.join(map(str, image.array.shape))} ({image.letters})" for image in (one, lead))
            message = f"{one.path} is {mine}, {lead.path} {theirs}: they are no channels of one image"
            raise FileError(Fault("modality-size", message, cure="Make them alike.", file=str(one.path)))
    stack, _, spatial = lead.layout
    layout = Layout(tuple(axis + 1 for axis in stack), (0,), tuple(axis + 1 for axis in spatial))
    array = Channels([one.array for one in layers])
    located = tuple(axis + 1 for axis in lead.located)
    return replace(lead, array=array, layout=layout, letters=f"C{lead.letters}", located=located)


def single(images: Images) -> Images:
    """Returns the images of a file of one channel, without an axis for it; raises FileError for more channels."""
    if images.channels != 1:
        message = f"{images.path} has {images.channels} channels"
        cure = "Where each channel has a file of its own, a file has one; or give one file with all of them."
        raise FileError(Fault("channels", message, cure=cure, file=str(images.path)))
    for axis in sorted(images.layout.channel, reverse=True):
        stack, channel, spatial = (tuple(one - (one > axis) for one in axes if one != axis) for axes in images.layout)
        images = replace(
            images,
            array=Without(images.array, axis),
            layout=Layout(stack, channel, spatial),
            letters=images.letters[:axis] + images.letters[axis + 1 :],
            located=tuple(one - (one > axis) for one in images.located),
        )
    return images
