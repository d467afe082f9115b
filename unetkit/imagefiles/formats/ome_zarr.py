"""The attributes of an OME-Zarr group: the axes of its levels, and the scale of level 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Self

from unetkit.imagefiles.images import AxisLayout
from unetkit.spatial import Geometry
from unetkit.spatial.units import factor, unit_named

_FIRST_AXES = "TCZYX"
"""The axes of the versions 0.1 and 0.2, which do not name them."""
_TYPES = {"T": "time", "C": "channel", "X": "space", "Y": "space", "Z": "space"}
"""The types of axes by letter."""


def letter_of(name: str, kind: str) -> str:
    """The letter of an axis by its name and its type; N for one that only counts images.

    >>> letter_of("z", "space"), letter_of("band", "channel"), letter_of("time", ""), letter_of("phase", "")
    ('Z', 'C', 'T', 'N')
    """
    if name.lower() in ("x", "y", "z", "c", "t", "s"):
        return name.upper()
    if kind == "channel" or name.lower() in ("channel", "channels", "band", "bands"):
        return "C"
    return "T" if kind == "time" or name.lower() == "time" else "N"


@dataclass(frozen=True)
class Multiscale:
    """The first multiscale of a group. `scale` and `start` have a number per axis of level 0, where they are known."""

    version: str
    path: str
    axes: tuple[tuple[str, str, str], ...]
    """Name, type and unit per axis; empty in the oldest versions."""
    scale: tuple[float, ...] = ()
    start: tuple[float, ...] = ()

    @classmethod
    def of(cls, attributes: Mapping[str, Any]) -> Self | None:
        """The multiscale in a group's attributes; None without one. Raises KeyError, TypeError … for broken ones."""
        metadata = attributes.get("ome", attributes)
        if not metadata.get("multiscales"):
            return None
        first = metadata["multiscales"][0]
        level = first["datasets"][0]
        axes = tuple(
            (axis, "", "") if isinstance(axis, str) else (axis["name"], axis.get("type", ""), axis.get("unit", ""))
            for axis in first.get("axes", ())
        )
        scale, start = _compose(
            (*level.get("coordinateTransformations", ()), *first.get("coordinateTransformations", ()))
        )
        return cls(metadata.get("version", first.get("version", "0.4")), level["path"], axes, scale, start)

    def letters(self, count: int) -> str:
        """The letters of an array with `count` axes; raises ValueError where the multiscale has another number."""
        if not self.axes:
            return _FIRST_AXES[-count:]
        if len(self.axes) != count:
            raise ValueError(f"it names {len(self.axes)} axes, level 0 has {count}")
        return "".join(letter_of(name, kind) for name, kind, _ in self.axes)

    def geometry(self, letters: str, layout: AxisLayout) -> tuple[Geometry | None, tuple[int, ...]]:
        """The geometry in the unit of the first axis, and the axes that it describes."""
        located = (*layout.spatial, *(axis for axis in layout.stack if letters[axis] == "Z"))
        if not self.scale or not all(isfinite(self.scale[axis]) and self.scale[axis] > 0 for axis in located):
            return None, ()
        units = [unit_named(self.axes[axis][2]) if self.axes else "" for axis in located]
        factors = {axis: factor(unit, units[0]) for axis, unit in zip(located, units, strict=True)}
        known = {axis: number for axis, number in factors.items() if number is not None}
        if len(known) < len(factors):
            return None, ()
        spacing = tuple(self.scale[axis] * number for axis, number in known.items())
        origin = tuple(self.start[axis] * number for axis, number in known.items()) if self.start else None
        return Geometry(spacing, units[0], origin), located

    def of_result(self, letters: str, image_letters: str) -> dict[str, Any]:
        """The attributes of a result with axes of these letters, for an image with `image_letters`."""
        source = {letter: axis for axis, letter in enumerate(image_letters)}
        axes, transforms = [], []
        for letter in letters:
            name, kind, unit = self.axes[source[letter]] if self.axes and letter in source else (letter.lower(), "", "")
            kind = kind or _TYPES.get(letter, "")
            axes.append({"name": name} | ({"type": kind} if kind else {}) | ({"unit": unit} if unit else {}))
        for kind, numbers, default in (("scale", self.scale, 1.0), ("translation", self.start, 0.0)):
            if numbers:
                values = [
                    numbers[source[letter]] if letter in source and letter != "C" else default for letter in letters
                ]
                transforms.append({"type": kind, kind: values})
        level = {"path": self.path} | ({"coordinateTransformations": transforms} if transforms else {})
        multiscale = {"axes": axes, "datasets": [level]}
        if self.version >= "0.5":
            return {"ome": {"version": self.version, "multiscales": [multiscale]}}
        return {"multiscales": [{"version": self.version, **multiscale}]}


def _compose(transforms: tuple[Mapping[str, Any], ...]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The scale and translation of transforms applied one after the other; empty without transforms.

    >>> _compose(({"type": "scale", "scale": [2, 1]}, {"type": "scale", "scale": [3, 3]}))
    ((6.0, 3.0), ())
    """
    scale: tuple[float, ...] = ()
    start: tuple[float, ...] = ()
    for transform in transforms:
        numbers = tuple(map(float, transform.get(transform["type"], ())))
        if transform["type"] == "scale" and numbers:
            scale = tuple(a * b for a, b in zip(scale, numbers, strict=True)) if scale else numbers
            start = tuple(a * b for a, b in zip(start, numbers, strict=True)) if start else ()
        elif transform["type"] == "translation" and numbers:
            start = tuple(a + b for a, b in zip(start, numbers, strict=True)) if start else numbers
    return scale, start
