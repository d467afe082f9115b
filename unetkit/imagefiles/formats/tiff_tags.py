"""What a TIFF says beside its pixels, and what a result keeps of it: axes, spacing, and the place on the map.

Four flavours name their axes: OME-TIFF, ImageJ, and tifffile's own description with axes; the others do not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any
from xml.etree import ElementTree

import numpy as np

from unetkit.imagefiles.formats.geotiff import GEO_TAGS, map_geometry
from unetkit.imagefiles.images import AxisLayout
from unetkit.spatial import Geometry
from unetkit.spatial.units import factor, unit_named

RESOLUTION_X, RESOLUTION_Y, RESOLUTION_UNIT = 282, 283, 296
UNITS = {2: (25.4, "mm"), 3: (10.0, "mm")}
"""Of ResolutionUnit: samples per inch or centimetre become a distance in mm."""
KNOWN_UNITS = (1, 2, 3)
"""ResolutionUnit of TIFF 6.0: none, inch, centimetre; a file with another says nothing of its resolution."""
PRINTED = (72, 96, 100, 150, 300, 600)
"""Dots per inch that programs write for screens and printers: they say nothing about the thing that is shown."""
LARGE = 2**32 - 2**25
OME_AXES, IMAGEJ_AXES = "TCZYX", "TZCYX"


@dataclass(frozen=True)
class TiffTags:
    """The tags of a file that a result keeps. `steps` is the distance between samples by the letter of the axis."""

    flavour: str
    names_axes: bool = False
    steps: Mapping[str, float] = field(default_factory=dict)
    unit: str = ""
    resolution: tuple[Any, Any, int] | None = None
    geo: Mapping[int, tuple[Any, int, Any]] = field(default_factory=dict)
    imagej: Mapping[str, Any] = field(default_factory=dict)
    ome: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, file: Any, series: Any) -> TiffTags:
        """Returns the tags of a series of an open file."""
        page = series.keyframe
        tags = page.tags
        resolution = None
        if RESOLUTION_X in tags and RESOLUTION_Y in tags:
            per = int(tags[RESOLUTION_UNIT].value) if RESOLUTION_UNIT in tags else 2
            both = (tags[RESOLUTION_X].value, tags[RESOLUTION_Y].value)
            resolution = (*both, per) if all(inverse(one) for one in both) and per in KNOWN_UNITS else None
        geo = {code: (int(tags[code].dtype), tags[code].count, tags[code].value) for code in GEO_TAGS if code in tags}
        if series.kind == "ome":
            sizes = ome_sizes(file.ome_metadata, [*file.series].index(series))
            steps, unit = ome_steps(sizes)
            return cls("ome", True, steps, unit, resolution, geo, ome=sizes)
        if series.kind == "imagej":
            about = file.imagej_metadata or {}
            steps, unit = imagej_steps(about, resolution)
            kept = {key: about[key] for key in ("unit", "spacing", "finterval") if key in about}
            return cls("imagej", True, steps, unit, resolution, geo, imagej=kept)
        steps = printed_steps(resolution)
        return cls("plain", names_axes(page), steps, "mm" if steps else "", resolution, geo)

    def geometry(self, letters: str, layout: AxisLayout) -> tuple[Geometry | None, tuple[int, ...]]:
        """Returns where the samples lie, and the stored axes that it describes."""
        axes = (*layout.spatial, *(axis for axis in layout.stack if letters[axis] == "Z"))
        if self.geo and "".join(letters[axis] for axis in layout.spatial) == "YX":
            found = map_geometry({code: value for code, (_, _, value) in self.geo.items()})
            if found is not None:
                return found, layout.spatial
        located = tuple(axis for axis in axes if letters[axis] in self.steps)
        if not located:
            return None, ()
        return Geometry(tuple(self.steps[letters[axis]] for axis in located), self.unit), located

    def writing(self, letters: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> dict[str, Any]:
        """Returns the arguments for `tifffile.imwrite` with which a result keeps these tags."""
        how: dict[str, Any] = {"bigtiff": prod(shape) * dtype.itemsize > LARGE}
        if self.resolution is not None:
            how |= {"resolution": self.resolution[:2], "resolutionunit": self.resolution[2]}
        if self.geo:
            how["extratags"] = [(code, *tag, True) for code, tag in self.geo.items()]
        if self.flavour == "imagej" and in_order(letters, IMAGEJ_AXES) and not how["bigtiff"]:
            return how | {"imagej": True, "metadata": {"axes": letters, **self.imagej}}
        if self.flavour == "ome" and set(letters) <= set(OME_AXES):
            return how | {"ome": True, "metadata": {"axes": letters, **self.ome}}
        named = "".join("Q" if letter in "N?" else letter for letter in letters)
        return how | {"metadata": {"axes": named}}


def in_order(letters: str, order: str) -> bool:
    """Whether letters stand in an order, each at most once."""
    places = [order.find(letter) for letter in letters]
    return -1 not in places and places == sorted(set(places))


def names_axes(page: Any) -> bool:
    """Whether the description of a page, as tifffile writes it, names the axes."""
    try:
        described = json.loads(page.description) if page.is_shaped else {}
    except ValueError:
        return False
    return isinstance(described, dict) and "axes" in described


def imagej_steps(about: Mapping[str, Any], resolution: tuple[Any, Any, int] | None) -> tuple[dict[str, float], str]:
    """Returns the distances that ImageJ keeps, by axis, with their unit; pixels are no unit."""
    unit = unit_named(str(about.get("unit", "")))
    if not unit:
        return {}, ""
    steps = {}
    for letter, samples in zip("XY", resolution or (), strict=False):
        if step := inverse(samples):
            steps[letter] = step
    if isinstance(about.get("spacing"), int | float) and about["spacing"] > 0:
        steps["Z"] = float(about["spacing"])
    return steps, unit


def printed_steps(resolution: tuple[Any, Any, int] | None) -> dict[str, float]:
    """Returns the distances in mm that samples per inch or centimetre give, by axis; none for those of printers."""
    if resolution is None or resolution[2] not in UNITS:
        return {}
    length, _ = UNITS[resolution[2]]
    steps = [inverse(samples, length) for samples in resolution[:2]]
    printed = resolution[2] == 2 and all(step and round(length / step, 6) in PRINTED for step in steps)
    return {} if printed or None in steps else {letter: step for letter, step in zip("XY", steps, strict=True) if step}


def inverse(samples: Any, length: float = 1.0) -> float | None:
    """Returns the distance between samples of which so many (a fraction) lie on a length; None where none do.

    >>> inverse((2000, 1)), inverse((0, 1))
    (0.0005, None)
    """
    try:
        many, part = samples
        return length * part / many if many > 0 and part > 0 else None
    except (TypeError, ValueError):  # a tag of another type
        return None


def ome_sizes(text: str | None, index: int) -> dict[str, Any]:
    """Returns PhysicalSizeX, its unit and their like, as numbers and names, of one image of OME-XML."""
    try:
        images = [one for one in ElementTree.fromstring(text or "").iter() if one.tag.endswith("}Pixels")]
    except ElementTree.ParseError:
        return {}
    if index >= len(images):
        return {}
    found: dict[str, Any] = {}
    for letter in "XYZ":
        value = images[index].get(f"PhysicalSize{letter}")
        if value is not None and float(value) > 0:
            found[f"PhysicalSize{letter}"] = float(value)
            found[f"PhysicalSize{letter}Unit"] = images[index].get(f"PhysicalSize{letter}Unit", "µm")
    return found


def ome_steps(sizes: Mapping[str, Any]) -> tuple[dict[str, float], str]:
    """Returns the distances between samples by axis, in one unit; micrometres where the axes have several."""
    units = {
        letter: unit_named(sizes[f"PhysicalSize{letter}Unit"]) for letter in "XYZ" if f"PhysicalSize{letter}" in sizes
    }
    unit = next(iter(units.values())) if len(set(units.values())) == 1 else "µm"
    scales = {letter: factor(name, unit) for letter, name in units.items()}
    steps = {letter: sizes[f"PhysicalSize{letter}"] * scale for letter, scale in scales.items() if scale is not None}
    return steps, unit if steps else ""
