"""Whether the masks of a file lie on the samples of their image, and what brings them there."""

from __future__ import annotations

from unetkit.errors import Fault, FileError
from unetkit.imagefiles.images import Images
from unetkit.imagefiles.turning import AxesTurn, geometry_along, located, turned
from unetkit.spatial import aligning


def turn_of_mask(mask: Images, image: Images, how: AxesTurn) -> AxesTurn:
    """Returns the turn that brings the masks of a file onto the samples of an image that is turned as `how` says.

    Where both files say how their samples lie, the mask's axes are brought next to the image's, and what is left must
    agree. A mask that does not say is taken to be stored like its image. Raises FileError where it lies elsewhere.
    """
    mine, theirs = located(mask), located(image)
    common = "".join(letter for letter in theirs if letter in mine)
    if not common:
        return how
    given, wanted = geometry_along(mask, common), geometry_along(turned(image, how), common)
    turn = how
    if set(mine) == set(theirs) and given.directions is not None and wanted.directions is not None:
        turn = AxesTurn(common, aligning(given, wanted))
    if not geometry_along(turned(mask, turn), common).agrees(wanted):
        shown = geometry_along(image, common)
        message = f"{mask.path} lies on other samples than its image {image.path}: {given} against {shown}"
        cure = "Resample it onto its image; or, where it was drawn sample by sample, set mask_geometry: ignored."
        raise FileError(Fault("mask-geometry", message, cure=cure, file=str(mask.path)))
    return turn
