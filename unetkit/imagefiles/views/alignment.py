"""Whether masks, and further channels, lie on the samples of their image, and what brings them there."""

from __future__ import annotations

from typing import Literal

import numpy as np

from unetkit.errors import Fault, FileError
from unetkit.imagefiles.images import Images
from unetkit.imagefiles.views.reorientation import FileReorientation, geometry_along, located, reoriented
from unetkit.spatial import Geometry, aligning

CURES = {
    "mask": "Resample it onto its image; or, where it was drawn sample by sample, set mask_geometry: ignored.",
    "modality": "Resample it onto the first.",
}


def alignment_to(
    mask: Images, image: Images, how: FileReorientation, what: Literal["mask", "modality"] = "mask"
) -> FileReorientation:
    """Returns the turn that brings the masks of a file onto the samples of an image that is turned as `how` says.

    Where both files say how their samples lie, the mask's axes are brought next to the image's, and what is left must
    agree. A mask that does not say is taken to be stored like its image. Raises FileError where it lies elsewhere.
    """
    mine, theirs = located(mask), located(image)
    common = "".join(letter for letter in theirs if letter in mine)
    if not common:
        return how
    given, wanted = geometry_along(mask, common), geometry_along(reoriented(image, how), common)
    if given.unset or wanted.unset:
        return how
    turn = how
    if set(mine) == set(theirs) and given.directions is not None and wanted.directions is not None:
        turn = FileReorientation(common, aligning(given, wanted))
    if not geometry_along(reoriented(mask, turn), common).agrees(wanted):
        shown = geometry_along(image, common)
        message = f"{mask.path} lies on other samples than its image {image.path}: {difference(given, shown)}"
        raise FileError(Fault(f"{what}-geometry", message, cure=CURES[what], file=str(mask.path)))
    return turn


def difference(given: Geometry, wanted: Geometry) -> str:
    """Returns how two geometries differ in words; by the angle between their axes where all else is the same.

    >>> cosine, sine = 0.6, 0.8
    >>> straight = Geometry((1.0, 1.0), directions=((1.0, 0.0), (0.0, 1.0)))
    >>> difference(Geometry((1.0, 1.0), directions=((cosine, sine), (-sine, cosine))), straight)
    '1×1, axes at 53.1° to those of the image'
    """
    if str(given) != str(wanted) or given.directions is None or wanted.directions is None:
        return f"{given} against {wanted}"
    cosines = np.sum(np.array(given.directions) * np.array(wanted.directions), axis=1)
    angle = float(np.degrees(np.arccos(np.clip(cosines, -1, 1))).max())
    return f"{given}, axes at {angle:.3g}° to those of the image"
