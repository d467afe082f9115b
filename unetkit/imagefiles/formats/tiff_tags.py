"""The tags of a TIFF that a result keeps: axes, spacing, and the place on the map.

Three flavours name their axes: OME-TIFF, ImageJ, and files with tifffile's own description; others do not.
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
NO_UNIT, INCH, CENTIMETRE = 1, 2, 3
"""ResolutionUnit of TIFF 6.0; a file with another number has no known resolution."""
_MILLIMETRES = {INCH: 25.4, CENTIMETRE: 10.0}
_PRINTER_RESOLUTIONS = (72, 96, 100, 150, 300, 600)
"""Dots per inch that programs write for screens and printers: they say nothing about the object in the image."""
_BIGTIFF_BYTES = 2**32 - 2**25
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
        """The tags of a series of an open file."""
        page = series.keyframe
        tags = page.tags
        resolution = None
        if RESOLUTION_X in tags and RESOLUTION_Y in tags:
            unit_code = int(tags[RESOLUTION_UNIT].value) if RESOLUTION_UNIT in tags else INCH
            samples = (tags[RESOLUTION_X].value, tags[RESOLUTION_Y].value)
            known = unit_code in (NO_UNIT, INCH, CENTIMETRE) and all(map(_step, samples))
            resolution = (*samples, unit_code) if known else None
        geo = {code: (int(tags[code].dtype), tags[code].count, tags[code].value) for code in GEO_TAGS if code in tags}
        if series.kind == "ome":
            sizes = _ome_sizes(file.ome_metadata, [*file.series].index(series))
            steps, unit = _ome_steps(sizes)
            return cls("ome", True, steps, unit, resolution, geo, ome=sizes)
        if series.kind == "imagej":
            metadata = file.imagej_metadata or {}
            steps, unit = _imagej_steps(metadata, resolution)
            imagej = {key: metadata[key] for key in ("unit", "spacing", "finterval") if key in metadata}
            return cls("imagej", True, steps, unit, resolution, geo, imagej=imagej)
        steps = _resolution_steps(resolution)
        return cls("plain", _describes_axes(page), steps, "mm" if steps else "", resolution, geo)

    def geometry(self, letters: str, layout: AxisLayout) -> tuple[Geometry | None, tuple[int, ...]]:
        """The geometry of the samples, and the stored axes that it describes."""
        axes = (*layout.spatial, *(axis for axis in layout.stack if letters[axis] == "Z"))
        if self.geo and "".join(letters[axis] for axis in layout.spatial) == "YX":
            geometry = map_geometry({code: value for code, (_, _, value) in self.geo.items()})
            if geometry is not None:
                return geometry, layout.spatial
        located = tuple(axis for axis in axes if letters[axis] in self.steps)
        if not located:
            return None, ()
        return Geometry(tuple(self.steps[letters[axis]] for axis in located), self.unit), located

    def write_options(self, letters: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> dict[str, Any]:
        """The arguments of `tifffile.imwrite` with which a result keeps these tags."""
        options: dict[str, Any] = {"bigtiff": prod(shape) * dtype.itemsize > _BIGTIFF_BYTES}
        if self.resolution is not None:
            options |= {"resolution": self.resolution[:2], "resolutionunit": self.resolution[2]}
        if self.geo:
            options["extratags"] = [(code, *tag, True) for code, tag in self.geo.items()]
        places = [IMAGEJ_AXES.find(letter) for letter in letters]
        in_order = -1 not in places and places == sorted(set(places))
        if self.flavour == "imagej" and in_order and not options["bigtiff"]:
            return options | {"imagej": True, "metadata": {"axes": letters, **self.imagej}}
        if self.flavour == "ome" and set(letters) <= set(OME_AXES):
            return options | {"ome": True, "metadata": {"axes": letters, **self.ome}}
        return options | {"metadata": {"axes": "".join("Q" if letter in "N?" else letter for letter in letters)}}


def _describes_axes(page: Any) -> bool:
    """Whether the description of a page, as tifffile writes it, names the axes."""
    try:
        description = json.loads(page.description) if page.is_shaped else {}
    except ValueError:
        return False
    return isinstance(description, dict) and "axes" in description


def _imagej_steps(metadata: Mapping[str, Any], resolution: tuple[Any, Any, int] | None) -> tuple[dict[str, float], str]:
    """The distances between samples in ImageJ's metadata by axis, and their unit; pixels are no unit."""
    unit = unit_named(str(metadata.get("unit", "")))
    if not unit:
        return {}, ""
    steps = {letter: step for letter, each in zip("XY", resolution or (), strict=False) if (step := _step(each))}
    if isinstance(metadata.get("spacing"), int | float) and metadata["spacing"] > 0:
        steps["Z"] = float(metadata["spacing"])
    return steps, unit


def _resolution_steps(resolution: tuple[Any, Any, int] | None) -> dict[str, float]:
    """The distances in mm by axis, from samples per inch or centimetre; none for the resolution of a printer."""
    if resolution is None or resolution[2] not in _MILLIMETRES:
        return {}
    length = _MILLIMETRES[resolution[2]]
    steps = {letter: _step(samples, length) for letter, samples in zip("XY", resolution[:2], strict=True)}
    known = {letter: step for letter, step in steps.items() if step is not None}
    printer = resolution[2] == INCH and all(round(length / step, 6) in _PRINTER_RESOLUTIONS for step in known.values())
    return {} if printer or len(known) < 2 else known


def _step(samples: Any, length: float = 1.0) -> float | None:
    """The distance between samples, of which a fraction of so many lie on a length; None for zero.

    >>> _step((2000, 1)), _step((0, 1))
    (0.0005, None)
    """
    try:
        numerator, denominator = samples
        return length * denominator / numerator if numerator > 0 and denominator > 0 else None
    except (TypeError, ValueError):  # a tag of another type
        return None


def _ome_sizes(text: str | None, index: int) -> dict[str, Any]:
    """PhysicalSizeX, PhysicalSizeXUnit and the like of one image in OME-XML."""
    try:
        images = [node for node in ElementTree.fromstring(text or "").iter() if node.tag.endswith("}Pixels")]
    except ElementTree.ParseError:
        return {}
    if index >= len(images):
        return {}
    sizes: dict[str, Any] = {}
    for letter in "XYZ":
        value = images[index].get(f"PhysicalSize{letter}")
        if value is not None and float(value) > 0:
            sizes[f"PhysicalSize{letter}"] = float(value)
            sizes[f"PhysicalSize{letter}Unit"] = images[index].get(f"PhysicalSize{letter}Unit", "µm")
    return sizes


def _ome_steps(sizes: Mapping[str, Any]) -> tuple[dict[str, float], str]:
    """The distances between samples by axis, in one unit; micrometres where the axes have several."""
    letters = [letter for letter in "XYZ" if f"PhysicalSize{letter}" in sizes]
    units = {letter: unit_named(sizes[f"PhysicalSize{letter}Unit"]) for letter in letters}
    unit = next(iter(units.values())) if len(set(units.values())) == 1 else "µm"
    factors = {letter: factor(name, unit) for letter, name in units.items()}
    steps = {letter: sizes[f"PhysicalSize{letter}"] * scale for letter, scale in factors.items() if scale is not None}
    return steps, unit if steps else ""
