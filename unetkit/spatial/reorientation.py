"""Turns: axes in another order and direction. Nothing is resampled, so that a turn and its inverse lose nothing."""

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
    """Axis i of the result is axis `order[i]` of what is turned; it runs backwards where `flipped[i]`.

    >>> turn = Reorientation((1, 0), (False, True))
    >>> turn.array(np.array([[1, 2, 3], [4, 5, 6]])).tolist()
    [[4, 1], [5, 2], [6, 3]]
    >>> turn.inverse.array(turn.array(np.array([[1, 2, 3], [4, 5, 6]]))).tolist()
    [[1, 2, 3], [4, 5, 6]]
    """

    order: tuple[int, ...]
    flipped: tuple[bool, ...]

    @property
    def nothing(self) -> bool:
        """Whether it leaves everything as it is."""
        return self.order == tuple(range(len(self.order))) and not any(self.flipped)

    @property
    def inverse(self) -> Reorientation:
        """The turn that undoes this one."""
        back = tuple(self.order.index(axis) for axis in range(len(self.order)))
        return Reorientation(back, tuple(self.flipped[axis] for axis in back))

    def size(self, size: tuple[int, ...]) -> tuple[int, ...]:
        """Returns the size of the result."""
        return tuple(size[axis] for axis in self.order)

    def array(self, array: NDArray[Value], axes: tuple[int, ...] | None = None) -> NDArray[Value]:
        """Returns a view of an array, turned in some of its axes: by default in the last ones."""
        count = len(self.order)
        axes = tuple(range(array.ndim - count, array.ndim)) if axes is None else axes
        order = list(range(array.ndim))
        for place, axis in enumerate(self.order):
            order[axes[place]] = axes[axis]
        backwards = tuple(axes[place] for place in range(count) if self.flipped[place])
        return np.flip(array.transpose(order), backwards)

    def source(self, part: tuple[slice, ...], size: tuple[int, ...]) -> tuple[slice, ...]:
        """Returns where a part of the result, as slices without a step, lies in what is turned, which has a size."""
        found = [slice(None)] * len(part)
        for place, axis in enumerate(self.order):
            start, stop, _ = part[place].indices(size[axis])
            found[axis] = slice(size[axis] - stop, size[axis] - start) if self.flipped[place] else slice(start, stop)
        return tuple(found)

    def geometry(self, geometry: Geometry, size: tuple[int, ...]) -> Geometry:
        """Returns the geometry of an image of a size after the turn."""
        return turned_geometry(self, geometry, size)


def still(num_axes: int) -> Reorientation:
    """Returns the turn that leaves so many axes as they are."""
    return Reorientation(tuple(range(num_axes)), (False,) * num_axes)


@lru_cache(maxsize=1024)
def orienting(geometry: Geometry, codes: str) -> Reorientation:
    """Returns the turn that brings an image to axis codes such as RAS.

    Axes that the codes do not name come last, as they are. An image whose axis codes are not known is left as it is.

    >>> orienting(Geometry.from_affine(np.diag([-1.0, 1, 1, 1]), 3), "RAS")
    Turn(order=(0, 1, 2), flipped=(True, False, False))
    """
    own = geometry.axis_codes
    if not own:
        return still(geometry.num_axes)
    line = {letter: pair for pair in LETTERS for letter in pair}
    axis_of = {line[letter]: axis for axis, letter in enumerate(own)}
    wanted = [letter for letter in codes if line[letter] in axis_of]
    wanted += [letter for letter in own if line[letter] not in {line[one] for one in wanted}]
    order = tuple(axis_of[line[letter]] for letter in wanted)
    return Reorientation(order, tuple(own[axis] != letter for axis, letter in zip(order, wanted, strict=True)))


@lru_cache(maxsize=1024)
def aligning(geometry: Geometry, other: Geometry) -> Reorientation:
    """Returns the turn that brings the axes of an image next to those of another; of unknown directions, none.

    >>> lps = Geometry.from_affine(np.diag([-1.0, -1, 1, 1]), 3)
    >>> aligning(lps, Geometry.from_affine(np.eye(4), 3)).flipped
    (True, True, False)
    """
    if geometry.directions is None or other.directions is None or geometry.num_axes != other.num_axes:
        return still(geometry.num_axes)
    if len(geometry.directions[0]) != len(other.directions[0]):
        return still(geometry.num_axes)
    cosines = np.array(other.directions) @ np.array(geometry.directions).T  # (axes of other, own axes)
    choices = permutations(range(geometry.num_axes))
    order = max(choices, key=lambda order: sum(abs(cosines[place, axis]) for place, axis in enumerate(order)))
    return Reorientation(order, tuple(bool(cosines[place, axis] < 0) for place, axis in enumerate(order)))


@lru_cache(maxsize=1024)
def turned_geometry(turn: Reorientation, geometry: Geometry, size: tuple[int, ...]) -> Geometry:
    """Returns the geometry of an image of a size after a turn."""
    turned = geometry.of_axes(turn.order)
    if geometry.directions is None:
        return replace(turned, origin=None if any(turn.flipped) else geometry.origin)
    signs = [-1.0 if flipped else 1.0 for flipped in turn.flipped]
    directions = tuple(
        tuple(sign * value + 0.0 for value in geometry.directions[axis])
        for sign, axis in zip(signs, turn.order, strict=True)
    )
    origin = geometry.origin
    if origin is not None:
        ends = [size[axis] - 1 if flipped else 0 for flipped, axis in zip(turn.flipped, turn.order, strict=True)]
        first = np.array(origin) + np.array(ends) @ geometry.of_axes(turn.order).steps()
        origin = tuple(map(float, first))
    return replace(turned, origin=origin, directions=directions)
