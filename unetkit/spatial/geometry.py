"""The geometry of an image: where its samples lie in the world, as far as its file says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from math import isfinite
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from unetkit.spatial.units import factor
from unetkit.wording import spacing_text

ANATOMICAL = "RAS"
"""The system of medical images: the world's axes point to the right, to the front, and upwards."""
LETTERS = ("LR", "PA", "IS")
"""The letters of the axes of the anatomical world, from its negative to its positive end."""

SPACING_TOLERANCE = 1e-3
"""Spacings that differ by less, as a share, are the same: more than rounding in any kind of file."""
DIRECTION_TOLERANCE = 1e-3
"""Directions that differ by less, in radians, are the same."""
ORIGIN_TOLERANCE = 0.1
"""Origins that differ by less, in samples, are the same."""


@dataclass(frozen=True)
class Geometry:
    """Where the samples of an image lie. `spacing` is the distance from one sample to the next, per axis.

    `origin` is the place of the first sample in the world, `directions` has a unit vector in the world per axis; None
    where the file does not say. `system` names the world: "RAS" for the anatomical one, a code such as "EPSG:32632"
    for a map, "" for one of the image's own. Raises ValueError for numbers that are no geometry.

    >>> volume = Geometry.from_affine(np.diag([-0.8, 0.8, 2.5, 1.0]), 3, unit="mm")
    >>> volume.axis_codes, str(volume)
    ('LAS', 'LAS, 0.8×0.8×2.5 mm, origin (0, 0, 0)')
    """

    spacing: tuple[float, ...]
    unit: str = ""
    origin: tuple[float, ...] | None = None
    directions: tuple[tuple[float, ...], ...] | None = None
    system: str = ""

    def __post_init__(self) -> None:
        if not self.spacing or not all(isfinite(step) and step > 0 for step in self.spacing):
            raise ValueError(f"distances between samples are numbers above 0, not {self.spacing}")
        if self.origin is not None and not all(map(isfinite, self.origin)):
            raise ValueError(f"the origin {self.origin} is no point")
        if self.directions is not None:
            matrix = np.array(self.directions, np.float64)
            if matrix.ndim != 2 or len(matrix) != len(self.spacing) or not np.isfinite(matrix).all():
                raise ValueError("there is not a direction for each axis")
            if np.linalg.matrix_rank(matrix, tol=1e-4) < len(matrix):
                raise ValueError("two axes have the same direction")

    @classmethod
    def from_affine(cls, affine: Any, num_axes: int, *, unit: str = "", system: str = ANATOMICAL) -> Self:
        """Returns the geometry by a matrix from sample numbers to the world; its last column is the origin.

        The first `num_axes` of its columns count. Raises ValueError where the matrix is degenerate or not finite.
        """
        matrix = np.asarray(affine, np.float64)
        world = len(matrix) - 1
        steps = matrix[:world, :num_axes]
        if not np.isfinite(matrix).all():
            raise ValueError("the affine holds values that are no finite numbers")
        spacing = np.linalg.norm(steps, axis=0)
        if not (spacing > 0).all():
            raise ValueError("the affine maps an axis to a point")
        directions = tuple(tuple(map(float, column)) for column in (steps / spacing).T)
        origin = tuple(map(float, matrix[:world, -1]))
        return cls(tuple(shortest(step) for step in spacing), unit, origin, directions, system)

    @property
    def num_axes(self) -> int:
        """How many axes it describes."""
        return len(self.spacing)

    @property
    def axis_codes(self) -> str:
        """A letter per axis for the end that it runs to, of oblique axes the nearest; "" where that is not known."""
        return axis_codes_of(self)

    @property
    def unset(self) -> bool:
        """Whether it is what programs write where nobody set it: 1 between samples, in no unit, and no place.

        >>> Geometry((1.0, 1.0)).unset, Geometry((1.0, 1.0), "mm").unset, Geometry((0.5, 0.5)).unset
        (True, False, False)
        """
        placed = self.directions is not None or any(self.origin or ())
        return not self.unit and not placed and set(self.spacing) == {1.0}

    def steps(self) -> NDArray[np.float64]:
        """Returns the vectors (axes, world) from one sample to the next; raises ValueError without directions."""
        if self.directions is None:
            raise ValueError("the file does not say the directions of the axes")
        steps: NDArray[np.float64] = np.array(self.directions) * np.array(self.spacing)[:, None]
        return steps

    def of_axes(self, axes: tuple[int, ...]) -> Geometry:
        """Returns the geometry of some of the axes, in this order."""
        return some_axes(self, axes)

    def spacing_in(self, unit: str) -> tuple[float, ...] | None:
        """Returns the spacing in a unit; None where the units do not convert."""
        scale = factor(self.unit, unit)
        return None if scale is None else tuple(shortest(step * scale) for step in self.spacing)

    def agrees(self, other: Geometry) -> bool:
        """Whether two images of one size lie on the same samples, as far as both say, within the tolerances above.

        Lengths in different units are converted; places in different systems are different places.
        """
        return same_samples(self, other)

    def __str__(self) -> str:
        said = [self.axis_codes, spacing_text(self.spacing, self.unit)]
        if self.origin is not None:
            said.append(f"origin ({', '.join(f'{value + 0:.6g}' for value in self.origin)})")
        if self.system not in ("", ANATOMICAL):
            said.append(self.system)
        return ", ".join(filter(None, said))


def shortest(number: float) -> float:
    """Returns a length without what rounding to 32 bits adds: files keep 0.8 as 0.800000011920929.

    >>> shortest(0.800000011920929), shortest(1 / 3)
    (0.8, 0.3333333)
    """
    return float(f"{number:.7g}")


# Slices of a volume ask the same questions again and again; answers are kept by value.


@lru_cache(maxsize=1024)
def axis_codes_of(geometry: Geometry) -> str:
    """Returns a letter per axis for the end that it runs to; "" where that is not known."""
    if geometry.system != ANATOMICAL or geometry.directions is None:
        return ""
    left = np.array(geometry.directions)
    strength = np.abs(left)
    codes = [""] * len(left)
    for _ in range(len(left)):
        axis, world = (int(n) for n in np.unravel_index(int(strength.argmax()), strength.shape))
        codes[axis] = LETTERS[world][int(left[axis, world] > 0)]
        strength[axis], strength[:, world] = -1, -1
    return "".join(codes)


@lru_cache(maxsize=1024)
def some_axes(geometry: Geometry, axes: tuple[int, ...]) -> Geometry:
    """Returns the geometry of some of the axes, in this order."""
    directions = None if geometry.directions is None else tuple(geometry.directions[axis] for axis in axes)
    return replace(geometry, spacing=tuple(geometry.spacing[axis] for axis in axes), directions=directions)


@lru_cache(maxsize=1024)
def same_samples(one: Geometry, other: Geometry) -> bool:
    """Whether two geometries agree within the tolerances above."""
    scale = factor(other.unit, one.unit)
    if scale is None or one.num_axes != other.num_axes:
        return False
    mine, theirs = np.array(one.spacing), np.array(other.spacing) * scale
    if (np.abs(mine - theirs) > SPACING_TOLERANCE * mine).any():
        return False
    if one.system != other.system and one.system and other.system:
        return False
    if one.directions is not None and other.directions is not None:
        turned = np.abs(np.array(one.directions) - np.array(other.directions))
        if turned.shape[1:] and turned.max() > DIRECTION_TOLERANCE:
            return False
    if one.origin is not None and other.origin is not None and len(one.origin) == len(other.origin):
        apart = np.array(one.origin) - np.array(other.origin) * scale
        return bool(np.linalg.norm(apart) <= ORIGIN_TOLERANCE * mine.min())
    return True
