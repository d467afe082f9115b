"""Images whose channels lie in files of their own, such as the modalities of a head, as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from unetkit.errors import Fault, FileError
from unetkit.imagefiles.images import AxisLayout, Images
from unetkit.imagefiles.views.alignment import alignment_to
from unetkit.imagefiles.views.arrays import FirstEntryArray, StackedArray
from unetkit.imagefiles.views.reorientation import FileReorientation, reoriented


def joined(files: Sequence[Images], how: FileReorientation) -> Images:
    """Returns files of one channel each as the channels of one, turned as `how` says the first is.

    The others are turned onto the first. Raises FileError where they have other channels, axes or sizes, or lie on
    other samples.
    """
    first, *others = files
    turns = [how, *(alignment_to(other, first, how, "modality") for other in others)]
    layers = [single(reoriented(one, turn)) for one, turn in zip(files, turns, strict=True)]
    lead = layers[0]
    for one in layers[1:]:
        if (one.letters, one.array.shape) != (lead.letters, lead.array.shape):
            mine, theirs = (f"{'×'.join(map(str, image.array.shape))} ({image.letters})" for image in (one, lead))
            message = f"{one.path} is {mine}, {lead.path} {theirs}: they are no channels of one image"
            raise FileError(Fault("modality-size", message, cure="Make them alike.", file=str(one.path)))
    stack, _, spatial = lead.layout
    layout = AxisLayout(tuple(axis + 1 for axis in stack), (0,), tuple(axis + 1 for axis in spatial))
    array = StackedArray([one.array for one in layers])
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
            array=FirstEntryArray(images.array, axis),
            layout=AxisLayout(stack, channel, spatial),
            letters=images.letters[:axis] + images.letters[axis + 1 :],
            located=tuple(one - (one > axis) for one in images.located),
        )
    return images
