"""Reorientations: axes in another order and direction. Nothing is resampled, so the inverse restores everything."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import permutations, product
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from unetkit.spatial.geometry import LETTERS, Geometry

Value = TypeVar("Value", bound=np.generic)
ORIENTATIONS = tuple(
    "".join(letters) for axes in permutations(LETTERS) for letters in product(*(axis[::-1] for axis in axes))
)
"""All 48 orientations of a volume, RAS first."""


@dataclass(frozen=True)
class Reorientation:
    """Axis i of the result is axis `order[i]` of the source; it is reversed where `flipped[i]`.

    >>> turn = Reorientation((1, 0), (False, True))
    >>> turn.array(np.array([[1, 2, 3], [4, 5, 6]])).tolist()
    [[4, 1], [5, 2], [6, 3]]
    >>> turn.inverse.array(turn.array(np.array([[1, 2, 3], [4, 5, 6]]))).tolist()
    [[1, 2, 3], [4, 5, 6]]
    """

    order: tuple[int, ...]
    flipped: tuple[bool, ...]

    @property
    def is_identity(self) -> bool:
        """Whether it changes nothing."""
        return self.order == tuple(range(len(self.order))) and not any(self.flipped)

    @property
    def inverse(self) -> Reorientation:
        """The reorientation that undoes this one."""
        order = tuple(self.order.index(axis) for axis in range(len(self.order)))
        return Reorientation(order, tuple(self.flipped[axis] for axis in order))

    def size(self, size: tuple[int, ...]) -> tuple[int, ...]:
        """The size of the result for a source of some size."""
        return tuple(size[axis] for axis in self.order)

    def array(self, array: NDArray[Value], axes: tuple[int, ...] | None = None) -> NDArray[Value]:
        """A view of an array with some axes reoriented: by default the last ones."""
        count = len(self.order)
        axes = tuple(range(array.ndim - count, array.ndim)) if axes is None else axes
        order = list(range(array.ndim))
        for place, axis in enumerate(self.order):
            order[axes[place]] = axes[axis]
        return np.flip(array.transpose(order), tuple(axes[place] for place in range(count) if self.flipped[place]))

    def source(self, part: tuple[slice, ...], size: tuple[int, ...]) -> tuple[slice, ...]:
        """The place, in a source of some size, of a part of the result; parts are slices without a step."""
        extents = [slice(None)] * len(part)
        for place, axis in enumerate(self.order):
            start, stop, _ = part[place].indices(size[axis])
            extents[axis] = slice(size[axis] - stop, size[axis] - start) if self.flipped[place] else slice(start, stop)
        return tuple(extents)

    def geometry(self, geometry: Geometry, size: tuple[int, ...]) -> Geometry:
        """The geometry of the result for a source of some size."""
        return _reoriented_geometry(self, geometry, size)


def _identity(num_axes: int) -> Reorientation:
    return Reorientation(tuple(range(num_axes)), (False,) * num_axes)


@lru_cache(maxsize=1024)
def orienting(geometry: Geometry, codes: str) -> Reorientation:
    """The reorientation of an image to axis codes such as RAS; the identity where its own codes are unknown.

    Axes that the codes do not name come last, unchanged.

    >>> orienting(Geometry.from_affine(np.diag([-1.0, 1, 1, 1]), 3), "RAS")
    Reorientation(order=(0, 1, 2), flipped=(True, False, False))
    """
    own = geometry.axis_codes
    if not own:
        return _identity(geometry.num_axes)
    line = {letter: pair for pair in LETTERS for letter in pair}
    axis_of = {line[letter]: axis for axis, letter in enumerate(own)}
    target = [letter for letter in codes if line[letter] in axis_of]
    named = {line[letter] for letter in target}
    target += [letter for letter in own if line[letter] not in named]
    order = tuple(axis_of[line[letter]] for letter in target)
    return Reorientation(order, tuple(own[axis] != letter for axis, letter in zip(order, target, strict=True)))


@lru_cache(maxsize=1024)
def aligning(geometry: Geometry, other: Geometry) -> Reorientation:
    """The reorientation that brings the axes of an image closest to those of another; the identity if unknown.

    >>> lps = Geometry.from_affine(np.diag([-1.0, -1, 1, 1]), 3)
    >>> aligning(lps, Geometry.from_affine(np.eye(4), 3)).flipped
    (True, True, False)
    """
    if geometry.directions is None or other.directions is None or geometry.num_axes != other.num_axes:
        return _identity(geometry.num_axes)
    if len(geometry.directions[0]) != len(other.directions[0]):
        return _identity(geometry.num_axes)
    cosines = np.array(other.directions) @ np.array(geometry.directions).T  # (axes of other, own axes)
    choices = permutations(range(geometry.num_axes))
    order = max(choices, key=lambda order: sum(abs(cosines[place, axis]) for place, axis in enumerate(order)))
    return Reorientation(order, tuple(bool(cosines[place, axis] < 0) for place, axis in enumerate(order)))


@lru_cache(maxsize=1024)
def _reoriented_geometry(turn: Reorientation, geometry: Geometry, size: tuple[int, ...]) -> Geometry:
    reordered = geometry.of_axes(turn.order)
    if reordered.directions is None:
        return replace(reordered, origin=None if any(turn.flipped) else geometry.origin)
    signs = [-1.0 if flipped else 1.0 for flipped in turn.flipped]
    directions = tuple(
        tuple(sign * value + 0.0 for value in direction)
        for sign, direction in zip(signs, reordered.directions, strict=True)
    )
    origin = geometry.origin
    if origin is not None:
        ends = [size[axis] - 1 if flipped else 0 for flipped, axis in zip(turn.flipped, turn.order, strict=True)]
        origin = tuple(map(float, np.array(origin) + np.array(ends) @ reordered.steps()))
    return replace(reordered, origin=origin, directions=directions)
