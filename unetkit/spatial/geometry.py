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

_ANATOMICAL = "RAS"
"""The system of medical images: its axes point to the right, the front (anterior) and the top (superior)."""
LETTERS = ("LR", "PA", "IS")
"""The letters of the axes of the anatomical system, from the negative to the positive end."""

_SPACING_TOLERANCE = 1e-3
"""Spacings with a smaller relative difference are equal: more than rounding in any format."""
_DIRECTION_TOLERANCE = 1e-3
"""Directions with a smaller difference, in radians, are equal."""
_ORIGIN_TOLERANCE = 0.1
"""Origins with a smaller distance, in samples, are equal."""


@dataclass(frozen=True)
class Geometry:
    """Where the samples of an image lie. `spacing` is the distance from one sample to the next, per axis.

    `origin` is the place of the first sample in the world, `directions` has a unit vector in the world per axis; None
    where they are unknown. `system` names the world: "RAS" for the anatomical system, a code such as "EPSG:32632" for
    a map, "" for coordinates of the image alone. Raises ValueError for invalid numbers.

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
            raise ValueError(f"distances between samples must be above 0, not {self.spacing}")
        if self.origin is not None and not all(map(isfinite, self.origin)):
            raise ValueError(f"the origin {self.origin} is not finite")
        if self.directions is not None:
            matrix = np.array(self.directions, np.float64)
            if matrix.ndim != 2 or len(matrix) != len(self.spacing) or not np.isfinite(matrix).all():
                raise ValueError("directions must have one vector per axis")
            if np.linalg.matrix_rank(matrix, tol=1e-4) < len(matrix):
                raise ValueError("two axes have the same direction")

    @classmethod
    def from_affine(cls, affine: Any, num_axes: int, *, unit: str = "", system: str = _ANATOMICAL) -> Self:
        """The geometry of a matrix from sample numbers to the world, whose last column is the origin.

        The first `num_axes` columns are the axes. Raises ValueError where the matrix is degenerate or not finite.
        """
        matrix = np.asarray(affine, np.float64)
        world = len(matrix) - 1
        steps = matrix[:world, :num_axes]
        if not np.isfinite(matrix).all():
            raise ValueError("the affine holds values that are not finite")
        spacing = np.linalg.norm(steps, axis=0)
        if not (spacing > 0).all():
            raise ValueError("the affine maps an axis to a point")
        directions = tuple(tuple(map(float, column)) for column in (steps / spacing).T)
        origin = tuple(map(float, matrix[:world, -1]))
        return cls(tuple(_without_float32_noise(step) for step in spacing), unit, origin, directions, system)

    @property
    def num_axes(self) -> int:
        """The number of axes."""
        return len(self.spacing)

    @property
    def axis_codes(self) -> str:
        """A letter per axis for the end that it runs to, the nearest for an oblique axis; "" where it is unknown."""
        return _axis_codes(self)

    @property
    def unset(self) -> bool:
        """Whether these are the defaults of programs: 1 between samples, without unit and place.

        >>> Geometry((1.0, 1.0)).unset, Geometry((1.0, 1.0), "mm").unset, Geometry((0.5, 0.5)).unset
        (True, False, False)
        """
        placed = self.directions is not None or any(self.origin or ())
        return not self.unit and not placed and set(self.spacing) == {1.0}

    def steps(self) -> NDArray[np.float64]:
        """The vectors (axes, world) from one sample to the next; raises ValueError without directions."""
        if self.directions is None:
            raise ValueError("the directions of the axes are unknown")
        steps: NDArray[np.float64] = np.array(self.directions) * np.array(self.spacing)[:, None]
        return steps

    def of_axes(self, axes: tuple[int, ...]) -> Geometry:
        """The geometry of some of the axes, in this order."""
        return _of_axes(self, axes)

    def agrees(self, other: Geometry) -> bool:
        """Whether two images of one size lie on the same samples, as far as both say, within the tolerances above.

        Lengths in different units are converted; places in different systems are different places.
        """
        return _agree(self, other)

    def __str__(self) -> str:
        parts = [self.axis_codes, spacing_text(self.spacing, self.unit)]
        if self.origin is not None:
            parts.append(f"origin ({', '.join(f'{value + 0:.6g}' for value in self.origin)})")
        if self.system not in ("", _ANATOMICAL):
            parts.append(self.system)
        return ", ".join(filter(None, parts))


def _without_float32_noise(length: float) -> float:
    """A length without the noise of float32: files keep 0.8 as 0.800000011920929.

    >>> _without_float32_noise(0.800000011920929), _without_float32_noise(1 / 3)
    (0.8, 0.3333333)
    """
    return float(f"{length:.7g}")


# The slices of a volume ask the same questions repeatedly, so answers are cached by value.


@lru_cache(maxsize=1024)
def _axis_codes(geometry: Geometry) -> str:
    if geometry.system != _ANATOMICAL or geometry.directions is None:
        return ""
    directions = np.array(geometry.directions)
    strength = np.abs(directions)
    codes = [""] * len(directions)
    for _ in range(len(directions)):
        axis, world = (int(n) for n in np.unravel_index(int(strength.argmax()), strength.shape))
        codes[axis] = LETTERS[world][int(directions[axis, world] > 0)]
        strength[axis], strength[:, world] = -1, -1
    return "".join(codes)


@lru_cache(maxsize=1024)
def _of_axes(geometry: Geometry, axes: tuple[int, ...]) -> Geometry:
    directions = None if geometry.directions is None else tuple(geometry.directions[axis] for axis in axes)
    return replace(geometry, spacing=tuple(geometry.spacing[axis] for axis in axes), directions=directions)


@lru_cache(maxsize=1024)
def _agree(one: Geometry, other: Geometry) -> bool:
    scale = factor(other.unit, one.unit)
    if scale is None or one.num_axes != other.num_axes:
        return False
    spacing, other_spacing = np.array(one.spacing), np.array(other.spacing) * scale
    if (np.abs(spacing - other_spacing) > _SPACING_TOLERANCE * spacing).any():
        return False
    if one.system != other.system and one.system and other.system:
        return False
    if one.directions is not None and other.directions is not None:
        difference = np.abs(np.array(one.directions) - np.array(other.directions))
        if difference.shape[1:] and difference.max() > _DIRECTION_TOLERANCE:
            return False
    if one.origin is not None and other.origin is not None and len(one.origin) == len(other.origin):
        offset = np.array(one.origin) - np.array(other.origin) * scale
        return bool(np.linalg.norm(offset) <= _ORIGIN_TOLERANCE * spacing.min())
    return True
