"""What the attributes of an OME-Zarr group say: the axes of its levels, and the scale of level 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Self

from unetkit.imagefiles.images import AxisLayout
from unetkit.spatial import Geometry
from unetkit.spatial.units import factor, unit_named

FIRST_AXES = "TCZYX"
"""The axes of the versions 0.1 and 0.2, which do not name them."""


def letter_of(name: str, kind: str) -> str:
    """Returns the letter of an axis by its name and its type; N for one that only counts images.

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
    """Name, type and unit per axis; none in the oldest versions."""
    scale: tuple[float, ...] = ()
    start: tuple[float, ...] = ()

    @classmethod
    def of(cls, attributes: Mapping[str, Any]) -> Self | None:
        """Returns the multiscale that a group's attributes hold; None for none. Raises KeyError, TypeError …"""
        inside = attributes.get("ome", attributes)
        if not inside.get("multiscales"):
            return None
        first = inside["multiscales"][0]
        level = first["datasets"][0]
        axes = tuple(
            (one, "", "") if isinstance(one, str) else (one["name"], one.get("type", ""), one.get("unit", ""))
            for one in first.get("axes", ())
        )
        scale, start = composed(
            (*level.get("coordinateTransformations", ()), *first.get("coordinateTransformations", ()))
        )
        return cls(inside.get("version", first.get("version", "0.4")), level["path"], axes, scale, start)

    def letters(self, count: int) -> str:
        """Returns the letters of an array of so many axes; raises ValueError where other axes are named."""
        if not self.axes:
            return FIRST_AXES[-count:]
        if len(self.axes) != count:
            raise ValueError(f"it names {len(self.axes)} axes, level 0 has {count}")
        return "".join(letter_of(name, kind) for name, kind, _ in self.axes)

    def geometry(self, letters: str, layout: AxisLayout) -> tuple[Geometry | None, tuple[int, ...]]:
        """Returns where the samples lie, and the axes that this describes, in the unit of the first of them."""
        located = (*layout.spatial, *(axis for axis in layout.stack if letters[axis] == "Z"))
        if not self.scale or not all(isfinite(self.scale[axis]) and self.scale[axis] > 0 for axis in located):
            return None, ()
        units = [unit_named(self.axes[axis][2]) if self.axes else "" for axis in located]
        scales = [factor(unit, units[0]) for unit in units]
        if None in scales:
            return None, ()
        known = [(axis, one) for axis, one in zip(located, scales, strict=True) if one is not None]
        spacing = tuple(self.scale[axis] * one for axis, one in known)
        origin = tuple(self.start[axis] * one for axis, one in known) if self.start else None
        return Geometry(spacing, units[0], origin), located

    def of_result(self, letters: str, stored: str) -> dict[str, Any]:
        """Returns the attributes of a result whose axes have these letters; those of the image were `stored`."""
        own = {letter: axis for axis, letter in enumerate(stored)}
        axes, transforms = [], []
        for letter in letters:
            name, kind, unit = self.axes[own[letter]] if self.axes and letter in own else (letter.lower(), "", "")
            kind = kind or {"T": "time", "C": "channel"}.get(letter, "space" if letter in "XYZ" else "")
            axes.append({"name": name} | ({"type": kind} if kind else {}) | ({"unit": unit} if unit else {}))
        for kind, numbers, none in (("scale", self.scale, 1.0), ("translation", self.start, 0.0)):
            if numbers:
                values = [numbers[own[letter]] if letter in own and letter != "C" else none for letter in letters]
                transforms.append({"type": kind, kind: values})
        level = {"path": self.path} | ({"coordinateTransformations": transforms} if transforms else {})
        one = {"axes": axes, "datasets": [level]}
        if self.version >= "0.5":
            return {"ome": {"version": self.version, "multiscales": [one]}}
        return {"multiscales": [{"version": self.version, **one}]}


def composed(transforms: tuple[Mapping[str, Any], ...]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Returns scale and translation that transforms make one after the other; nothing where there are none.

    >>> composed(({"type": "scale", "scale": [2, 1]}, {"type": "scale", "scale": [3, 3]}))
    ((6.0, 3.0), ())
    """
    scale: tuple[float, ...] = ()
    start: tuple[float, ...] = ()
    for one in transforms:
        numbers = tuple(map(float, one.get(one["type"], ())))
        if one["type"] == "scale" and numbers:
            scale = tuple(a * b for a, b in zip(scale, numbers, strict=True)) if scale else numbers
            start = tuple(a * b for a, b in zip(start, numbers, strict=True)) if start else ()
        elif one["type"] == "translation" and numbers:
            start = tuple(a + b for a, b in zip(start, numbers, strict=True)) if start else numbers
    return scale, start
