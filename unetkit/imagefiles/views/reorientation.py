"""Images of a file in another order and direction of axes: views, so that parts are read and written as before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unetkit.imagefiles.images import Images, StoredArray
from unetkit.imagefiles.target import ResultWriter
from unetkit.spatial import Geometry, Reorientation, orienting

SPATIAL = "XYZ"


def stored_axes(images: Images, letters: str = SPATIAL) -> dict[str, int]:
    """Returns the stored axis of each of some letters, an image's or that of slices, as far as there is one."""
    axes = {images.letters[axis]: axis for axis in (*images.layout.stack, *images.layout.spatial)}
    return {letter: axes[letter] for letter in letters if letter in axes}


def located(images: Images) -> str:
    """Returns the letters of the axes that the geometry of a file describes, in the order of the file."""
    return "".join(images.letters[axis] for axis in sorted(images.located)) if images.geometry else ""


def geometry_along(images: Images, letters: str) -> Geometry:
    """Returns the geometry of axes that are `located`."""
    assert images.geometry is not None, "what is located has a geometry"
    order = [images.letters[axis] for axis in images.located]
    return images.geometry.of_axes(tuple(order.index(letter) for letter in letters))


def axis_codes(images: Images) -> str:
    """Returns the axis codes of a file in the order of its axes; "" where it does not say."""
    return geometry_along(images, located(images)).axis_codes if images.geometry else ""


@dataclass(frozen=True)
class FileReorientation:
    """A turn of the axes of a file that have some letters."""

    letters: str = ""
    turn: Reorientation = Reorientation((), ())

    @property
    def nothing(self) -> bool:
        """Whether it leaves everything as it is."""
        return self.turn.nothing


def reorientation_to(images: Images, codes: str) -> FileReorientation:
    """Returns the turn that brings a file to axis codes such as RAS; none for "", or where it does not say its own."""
    letters = located(images)
    if not letters or not codes:
        return FileReorientation()
    return FileReorientation(letters, orienting(geometry_along(images, letters), codes))


def reoriented(images: Images, how: FileReorientation) -> Images:
    """Returns the images of a file turned; where slices are cut along a stored axis, they are other slices then.

    A file that has not all axes of the turn is left as it is.
    """
    axes = stored_axes(images, how.letters)
    if how.nothing or len(axes) != len(how.letters):
        return images
    array = ReorientedArray(images.array, tuple(axes.values()), how.turn)
    if set(located(images)) != set(how.letters):
        return replace(images, array=array, geometry=None, located=())
    geometry = how.turn.geometry(geometry_along(images, how.letters), array.own_size)
    order = tuple(how.letters.index(images.letters[axis]) for axis in images.located)
    return replace(images, array=array, geometry=geometry.of_axes(order))


@dataclass(frozen=True)
class ReorientedArray:
    """A stored array turned in some of its axes; parts are read by slices without a step."""

    array: StoredArray
    axes: tuple[int, ...]
    turn: Reorientation

    @property
    def dtype(self) -> Any:
        """The type of its numbers."""
        return self.array.dtype

    @property
    def own_size(self) -> tuple[int, ...]:
        """The lengths of the axes before the turn."""
        return tuple(self.array.shape[axis] for axis in self.axes)

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape after the turn."""
        shape = list(self.array.shape)
        for axis, count in zip(self.axes, self.turn.size(self.own_size), strict=True):
            shape[axis] = count
        return tuple(shape)

    def __getitem__(self, part: Any) -> NDArray[Any]:
        own = list(part)
        found = self.turn.source(tuple(part[axis] for axis in self.axes), self.own_size)
        for axis, one in zip(self.axes, found, strict=True):
            own[axis] = one
        return self.turn.array(np.asarray(self.array[tuple(own)]), self.axes)


@dataclass(frozen=True)
class ReorientedWriter:
    """Takes the results for turned images, and writes them as the file itself has its axes."""

    target: ResultWriter
    images: Images
    """Those of the file, not turned."""
    how: FileReorientation

    def write(self, number: int, part: tuple[slice, ...], block: NDArray[Any]) -> None:
        """Writes a part of the result for one of the turned images."""
        layout, axes = self.images.layout, tuple(stored_axes(self.images, self.how.letters).values())
        at = self.places(number, part)
        size = tuple(self.images.array.shape[axis] for axis in axes)
        own = at | dict(zip(axes, self.how.turn.source(tuple(at[axis] for axis in axes), size), strict=True))
        slices = [axis for axis in layout.stack if axis in axes]
        order = [*slices, *layout.spatial]
        lead = block.ndim - len(part)  # the axis of channels, where there is one
        spread = block.reshape(*block.shape[:lead], *(1 for _ in slices), *block.shape[lead:])
        back = self.how.turn.inverse.array(spread, tuple(lead + order.index(axis) for axis in axes))
        own_part = tuple(own[axis] for axis in layout.spatial)
        if not slices:
            self.target.write(number, own_part, back)
            return
        for offset, place in enumerate(range(own[slices[0]].start, own[slices[0]].stop)):
            counted = [place if axis == slices[0] else own[axis].start for axis in layout.stack]
            own_number = int(np.ravel_multi_index(counted, self.images.stack))
            self.target.write(own_number, own_part, back.take(offset, lead))

    def places(self, number: int, part: tuple[slice, ...]) -> dict[int, slice]:
        """Returns for each stored axis, turned, where a part of an image lies."""
        layout, stack = self.images.layout, reoriented(self.images, self.how).stack
        counted = np.unravel_index(number, stack) if stack else ()
        at = {axis: slice(int(one), int(one) + 1) for axis, one in zip(layout.stack, counted, strict=True)}
        return at | dict(zip(layout.spatial, part, strict=True))
