"""Checks what a TIFF says about its pages before tifffile allocates and iterates as it says."""

from __future__ import annotations

import struct
from math import prod
from typing import Any
from xml.etree import ElementTree

_MAX_PLANES = 4_000_000
"""Planes that the OME-XML of a file may describe, in this file and in others."""


def check_pages(file: Any) -> None:
    """Raises ValueError where a page is followed by an earlier one: tifffile would read such a chain without end."""
    tiff, handle = file.tiff, file.filehandle
    offset, seen = file.pages.first.offset, set()
    while 0 < offset < handle.size:
        if offset in seen:
            raise ValueError(f"its pages are circular: the one at byte {offset} follows itself")
        seen.add(offset)
        try:
            handle.seek(offset)
            (num_tags,) = struct.unpack(tiff.tagnoformat, handle.read(tiff.tagnosize))
            handle.seek(offset + tiff.tagnosize + num_tags * tiff.tagsize)
            (offset,) = struct.unpack(tiff.offsetformat, handle.read(tiff.offsetsize))
        except (struct.error, OSError):  # the file ends here: tifffile stops, too
            return


def check_ome(text: str, samples: int) -> None:
    """Raises ValueError where OME-XML describes far more planes than a file has; a page has so many `samples`."""
    planes = sum(_planes(node, samples) for node in ElementTree.fromstring(text).iter())
    if not planes <= _MAX_PLANES:  # nor NaN
        raise ValueError(f"its OME-XML describes {planes:,.0f} planes")


def _planes(node: ElementTree.Element, samples: int) -> float:
    """The planes that one element of OME-XML describes."""
    kind = node.tag.rpartition("}")[2]
    if kind == "Pixels":
        sizes = [float(node.get(f"Size{axis}", 1)) for axis in "TCZYX"]
        return max(prod(sizes[:3]), prod(sizes) / samples)
    if kind == "TiffData":
        return float(node.get("PlaneCount", node.get("NumPlanes", 0)))
    if "End" in node.attrib and "Start" in node.attrib:  # a subdivision of an axis
        return abs(float(node.attrib["End"]) - float(node.attrib["Start"])) / abs(float(node.get("Step", 1)))
    return 0.0
