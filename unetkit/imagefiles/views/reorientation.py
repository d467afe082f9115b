"""Images of a file with axes in another order and direction: views, so that parts are read and written as before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unetkit.imagefiles.images import Images
from unetkit.imagefiles.result import ResultWriter
from unetkit.imagefiles.views.arrays import ArrayView
from unetkit.spatial import Geometry, Reorientation, orienting


def _stored_axes(images: Images, letters: str) -> dict[str, int]:
    """The stored axis of each letter, spatial or counting slices, as far as there is one."""
    axes = {images.letters[axis]: axis for axis in (*images.layout.stack, *images.layout.spatial)}
    return {letter: axes[letter] for letter in letters if letter in axes}


def located_letters(images: Images) -> str:
    """The letters of the axes that the geometry of a file describes, in the order of the file."""
    return "".join(images.letters[axis] for axis in sorted(images.located)) if images.geometry else ""


def geometry_along(images: Images, letters: str) -> Geometry:
    """The geometry of some of the `located_letters`."""
    assert images.geometry is not None, "located axes have a geometry"
    order = [images.letters[axis] for axis in images.located]
    return images.geometry.of_axes(tuple(order.index(letter) for letter in letters))


def axis_codes(images: Images) -> str:
    """The axis codes of a file in the order of its axes; "" where they are unknown."""
    return geometry_along(images, located_letters(images)).axis_codes if images.geometry else ""


@dataclass(frozen=True)
class FileReorientation:
    """A reorientation of the axes with these letters."""

    letters: str = ""
    turn: Reorientation = Reorientation((), ())

    @property
    def is_identity(self) -> bool:
        """Whether it changes nothing."""
        return self.turn.is_identity


def reorientation_to(images: Images, codes: str) -> FileReorientation:
    """The reorientation of a file to axis codes such as RAS; the identity for "" and for unknown codes of the file."""
    letters = located_letters(images)
    if not letters or not codes:
        return FileReorientation()
    return FileReorientation(letters, orienting(geometry_along(images, letters), codes))


def reoriented(images: Images, turn: FileReorientation) -> Images:
    """The reoriented images of a file; slices along a stored axis become other slices.

    A file without all axes of the reorientation stays as it is.
    """
    axes = _stored_axes(images, turn.letters)
    if turn.is_identity or len(axes) != len(turn.letters):
        return images
    array = ReorientedArray(images.array, tuple(axes.values()), turn.turn)
    if set(located_letters(images)) != set(turn.letters):
        return replace(images, array=array, geometry=None, located=())
    geometry = turn.turn.geometry(geometry_along(images, turn.letters), array.source_size)
    order = tuple(turn.letters.index(images.letters[axis]) for axis in images.located)
    return replace(images, array=array, geometry=geometry.of_axes(order))


@dataclass(frozen=True)
class ReorientedArray(ArrayView):
    """A stored array with some axes reoriented; parts are slices without a step."""

    axes: tuple[int, ...]
    turn: Reorientation

    @property
    def source_size(self) -> tuple[int, ...]:
        """The lengths of the axes before the reorientation."""
        return tuple(self.array.shape[axis] for axis in self.axes)

    @property
    def shape(self) -> tuple[int, ...]:
        shape = list(self.array.shape)
        for axis, count in zip(self.axes, self.turn.size(self.source_size), strict=True):
            shape[axis] = count
        return tuple(shape)

    def __getitem__(self, part: Any) -> NDArray[Any]:
        source = list(part)
        extents = self.turn.source(tuple(part[axis] for axis in self.axes), self.source_size)
        for axis, extent in zip(self.axes, extents, strict=True):
            source[axis] = extent
        return self.turn.array(np.asarray(self.array[tuple(source)]), self.axes)


@dataclass(frozen=True)
class ReorientedWriter:
    """Takes results for reoriented images, and writes them in the orientation of the file."""

    writer: ResultWriter
    images: Images
    """The images of the file, before the reorientation."""
    turn: FileReorientation

    def write(self, number: int, part: tuple[slice, ...], block: NDArray[Any]) -> None:
        """Writes a part of the result for one of the reoriented images."""
        layout, axes = self.images.layout, tuple(_stored_axes(self.images, self.turn.letters).values())
        place = self._place(number, part)
        size = tuple(self.images.array.shape[axis] for axis in axes)
        extents = self.turn.turn.source(tuple(place[axis] for axis in axes), size)
        source = place | dict(zip(axes, extents, strict=True))
        slice_axes = [axis for axis in layout.stack if axis in axes]
        order = [*slice_axes, *layout.spatial]
        lead = block.ndim - len(part)  # the channel axis, where there is one
        expanded = block.reshape(*block.shape[:lead], *(1 for _ in slice_axes), *block.shape[lead:])
        restored = self.turn.turn.inverse.array(expanded, tuple(lead + order.index(axis) for axis in axes))
        source_part = tuple(source[axis] for axis in layout.spatial)
        if not slice_axes:
            self.writer.write(number, source_part, restored)
            return
        for offset, index in enumerate(range(source[slice_axes[0]].start, source[slice_axes[0]].stop)):
            counts = [index if axis == slice_axes[0] else source[axis].start for axis in layout.stack]
            source_number = int(np.ravel_multi_index(counts, self.images.stack))
            self.writer.write(source_number, source_part, restored.take(offset, lead))

    def _place(self, number: int, part: tuple[slice, ...]) -> dict[int, slice]:
        """The extent of a part of a reoriented image along each axis."""
        layout, stack = self.images.layout, reoriented(self.images, self.turn).stack
        counts = np.unravel_index(number, stack) if stack else ()
        place = {axis: slice(int(index), int(index) + 1) for axis, index in zip(layout.stack, counts, strict=True)}
        return place | dict(zip(layout.spatial, part, strict=True))
