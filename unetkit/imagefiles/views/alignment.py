"""Alignment of masks and further channels with the samples of their image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from unetkit.errors import Fault, FileError
from unetkit.imagefiles.images import AxisLayout, Images
from unetkit.imagefiles.views.arrays import EntryArray, StackedArray
from unetkit.imagefiles.views.reorientation import FileReorientation, geometry_along, located_letters, reoriented
from unetkit.spatial import Geometry, aligning
from unetkit.wording import size_text

_CURES = {
    "mask": "Resample it onto its image; or, if it was drawn sample by sample, set mask_geometry: ignored.",
    "modality": "Resample it onto the first.",
}


def alignment_to(
    mask: Images, image: Images, image_turn: FileReorientation, what: Literal["mask", "modality"] = "mask"
) -> FileReorientation:
    """The reorientation of a mask onto the samples of an image that is itself reoriented by `image_turn`.

    Where both files have directions, the axes of the mask are permuted to match those of the image, and the rest of
    the geometry must agree. A mask without geometry is assumed to be stored like its image. Raises FileError where the
    mask lies on other samples.
    """
    mask_letters, image_letters = located_letters(mask), located_letters(image)
    common = "".join(letter for letter in image_letters if letter in mask_letters)
    if not common:
        return image_turn
    source, target = geometry_along(mask, common), geometry_along(reoriented(image, image_turn), common)
    if source.unset or target.unset:
        return image_turn
    turn = image_turn
    if set(mask_letters) == set(image_letters) and source.directions is not None and target.directions is not None:
        turn = FileReorientation(common, aligning(source, target))
    if not geometry_along(reoriented(mask, turn), common).agrees(target):
        difference = _difference(source, geometry_along(image, common))
        message = f"{mask.path} lies on other samples than its image {image.path}: {difference}"
        raise FileError(Fault(f"{what}-geometry", message, cure=_CURES[what], file=str(mask.path)))
    return turn


def _difference(geometry: Geometry, image: Geometry) -> str:
    """The difference between two geometries in words; the angle between their axes where all else is equal.

    >>> cosine, sine = 0.6, 0.8
    >>> straight = Geometry((1.0, 1.0), directions=((1.0, 0.0), (0.0, 1.0)))
    >>> _difference(Geometry((1.0, 1.0), directions=((cosine, sine), (-sine, cosine))), straight)
    '1×1, axes at 53.1° to those of the image'
    """
    if str(geometry) != str(image) or geometry.directions is None or image.directions is None:
        return f"{geometry} against {image}"
    cosines = np.sum(np.array(geometry.directions) * np.array(image.directions), axis=1)
    angle = float(np.degrees(np.arccos(np.clip(cosines, -1, 1))).max())
    return f"{geometry}, axes at {angle:.3g}° to those of the image"


def join_channels(files: Sequence[Images], turn: FileReorientation, *, one_each: bool = True) -> Images:
    """Files such as the modalities of a head as the channels of one image; `one_each`: a file has one channel.

    The first file is reoriented by `turn`, the others onto the first. Raises FileError where they have other axes or
    sizes, or lie on other samples.
    """
    first, *others = files
    turns = [turn, *(alignment_to(other, first, turn, "modality") for other in others)]
    turned = [reoriented(file, own) for file, own in zip(files, turns, strict=True)]
    for file in turned if one_each else ():
        if file.channels != 1:
            message = f"{file.path} has {file.channels} channels"
            cure = "If each channel has its own file, a file has one channel; or give one file with all of them."
            raise FileError(Fault("channels", message, cure=cure, file=str(file.path)))
    layers = [_single_channel(file, channel) for file in turned for channel in range(file.channels)]
    lead = layers[0]
    for layer in layers[1:]:
        if (layer.letters, layer.array.shape) != (lead.letters, lead.array.shape):
            own, other = (f"{size_text(images.array.shape)} ({images.letters})" for images in (layer, lead))
            message = f"{layer.path} is {own}, {lead.path} {other}: they cannot be channels of one image"
            raise FileError(Fault("modality-size", message, cure="Give them the same size.", file=str(layer.path)))
    stack, _, spatial = lead.layout
    return replace(
        lead,
        array=StackedArray([layer.array for layer in layers]),
        layout=AxisLayout(tuple(axis + 1 for axis in stack), (0,), tuple(axis + 1 for axis in spatial)),
        letters=f"C{lead.letters}",
        located=tuple(axis + 1 for axis in lead.located),
    )


def _single_channel(images: Images, channel: int) -> Images:
    """One channel of the images of a file, without a channel axis."""
    axes = images.layout.channel
    places = np.unravel_index(channel, [images.array.shape[axis] for axis in axes]) if axes else ()
    for removed, place in sorted(zip(axes, places, strict=True), reverse=True):
        layout = (
            tuple(axis - (axis > removed) for axis in axes if axis != removed)
            for axes in (*images.layout, images.located)
        )
        stack, channels, spatial, located = layout
        images = replace(
            images,
            array=EntryArray(images.array, removed, int(place)),
            layout=AxisLayout(stack, channels, spatial),
            letters=images.letters[:removed] + images.letters[removed + 1 :],
            located=located,
        )
    return images
