"""The place of a GeoTIFF on the map: scale and tie point, or a matrix, and the code of the coordinate system."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from unetkit.spatial import Geometry

SCALE, TIE_POINTS, MATRIX, KEYS, DOUBLES, TEXTS = 33550, 33922, 34264, 34735, 34736, 34737
GEO_TAGS = (SCALE, TIE_POINTS, MATRIX, KEYS, DOUBLES, TEXTS)
"""What a result keeps. The number for "no data" is not among them: it is one of the image, not of classes."""
PROJECTED, GEOGRAPHIC, LINEAR_UNIT, ANGULAR_UNIT = 3072, 2048, 3076, 2054
UNITS = {9001: "m", 9002: "foot", 9003: "foot", 9036: "km", 9102: "degree"}
USER_DEFINED = 32767


def map_geometry(tags: Mapping[int, Any]) -> Geometry | None:
    """Returns where rows and columns lie on the map (x, y); None where the tags do not say, or say nonsense."""
    matrix = to_map(tags)
    if matrix is None:
        return None
    keys = geo_keys(tags.get(KEYS, ()))
    code = keys.get(PROJECTED) or keys.get(GEOGRAPHIC)
    system = f"EPSG:{code}" if code and code != USER_DEFINED else ""
    default = "degree" if PROJECTED not in keys and GEOGRAPHIC in keys else "m"
    unit = UNITS.get(keys.get(LINEAR_UNIT) or keys.get(ANGULAR_UNIT) or 0, default)
    try:
        return Geometry.from_affine(matrix, 2, unit=unit, system=system)
    except ValueError:
        return None


def to_map(tags: Mapping[int, Any]) -> np.ndarray[Any, Any] | None:
    """Returns the matrix (3, 3) from row and column to x and y."""
    if MATRIX in tags and len(tags[MATRIX]) == 16:
        whole = np.array(tags[MATRIX], np.float64).reshape(4, 4)
        return np.array([[whole[0, 1], whole[0, 0], whole[0, 3]], [whole[1, 1], whole[1, 0], whole[1, 3]], [0, 0, 1]])
    if SCALE not in tags or TIE_POINTS not in tags or len(tags[TIE_POINTS]) < 6:
        return None
    across, down = tags[SCALE][:2]
    column, row, _, x, y, _ = tags[TIE_POINTS][:6]
    return np.array([[0, across, x - column * across], [-down, 0, y + row * down], [0, 0, 1]], np.float64)


def geo_keys(directory: Any) -> dict[int, int]:
    """Returns the keys whose value stands in the directory itself."""
    numbers = list(directory)
    entries = [numbers[start : start + 4] for start in range(4, len(numbers) - 3, 4)]
    return {key: value for key, where, _, value in entries if where == 0}
