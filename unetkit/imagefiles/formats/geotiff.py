"""The place of a GeoTIFF on the map: scale and tie point, or a matrix, and the code of the coordinate system."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from unetkit.spatial import Geometry

SCALE, TIE_POINTS, MATRIX, KEYS, DOUBLES, TEXTS = 33550, 33922, 34264, 34735, 34736, 34737
GEO_TAGS = (SCALE, TIE_POINTS, MATRIX, KEYS, DOUBLES, TEXTS)
"""The tags that a result keeps. The number for "no data" is not among them: it is a number of the image."""
PROJECTED, GEOGRAPHIC, LINEAR_UNIT, ANGULAR_UNIT = 3072, 2048, 3076, 2054
UNITS = {9001: "m", 9002: "foot", 9003: "foot", 9036: "km", 9102: "degree"}
_USER_DEFINED = 32767


def map_geometry(tags: Mapping[int, Any]) -> Geometry | None:
    """The geometry of rows and columns on the map (x, y); None where the tags are missing or invalid."""
    matrix = _map_matrix(tags)
    if matrix is None:
        return None
    numbers = list(tags.get(KEYS, ()))
    entries = [numbers[start : start + 4] for start in range(4, len(numbers) - 3, 4)]
    keys = {key: value for key, location, _, value in entries if location == 0}  # other values are in other tags
    code = keys.get(PROJECTED) or keys.get(GEOGRAPHIC)
    system = f"EPSG:{code}" if code and code != _USER_DEFINED else ""
    default = "degree" if PROJECTED not in keys and GEOGRAPHIC in keys else "m"
    unit = UNITS.get(keys.get(LINEAR_UNIT) or keys.get(ANGULAR_UNIT) or 0, default)
    try:
        return Geometry.from_affine(matrix, 2, unit=unit, system=system)
    except ValueError:
        return None


def _map_matrix(tags: Mapping[int, Any]) -> np.ndarray[Any, Any] | None:
    """The matrix (3, 3) from row and column to x and y."""
    if MATRIX in tags and len(tags[MATRIX]) == 16:
        matrix = np.array(tags[MATRIX], np.float64).reshape(4, 4)
        return np.array([matrix[0, [1, 0, 3]], matrix[1, [1, 0, 3]], [0, 0, 1]])
    if SCALE not in tags or TIE_POINTS not in tags or len(tags[TIE_POINTS]) < 6:
        return None
    width, height = tags[SCALE][:2]
    column, row, _, x, y, _ = tags[TIE_POINTS][:6]
    return np.array([[0, width, x - column * width], [-height, 0, y + row * height], [0, 0, 1]], np.float64)
