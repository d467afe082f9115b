"""The memory that images need, from the headers of their files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from unetkit.errors import UnetkitError

if TYPE_CHECKING:
    from unetkit.data.spec import DataSpec
    from unetkit.imagefiles import ReadRequest
    from unetkit.imagefiles.header import ImageHeader

LABEL, INSTANCE, FLOAT = 2, 8, 4
"""Bytes of a label, of the number of an object, and of an intensity that is stored in more than 16 bits."""


class Footprint(NamedTuple):
    """The bytes of all pairs together, the number of pairs, and the least size per axis."""

    num_bytes: int
    num_pairs: int
    least: tuple[int, ...]


def footprint(data: DataSpec) -> Footprint | None:
    """The memory that the pairs of a data spec need; None for a data set that does not list files.

    Files that cannot be opened are skipped: their faults appear when they are read. Raises FileError where the files
    cannot be listed.
    """
    from unetkit.data.files.folders import Folders
    from unetkit.imagefiles import ReadRequest

    if not isinstance(data.dataset, Folders):
        return None
    files = data.dataset.pairs(data.folder).files.values()
    stored = data.read_options.channels if len(data.dataset.modalities) == 1 else None
    request = ReadRequest(data.dims, stored, data.dataset.axes)
    headers = list(_headers_of(request, (group[0] for group in files)))
    if not headers:
        return None
    other_bytes = LABEL + (INSTANCE if data.dataset.instances is not None else 0)
    total = sum(
        each.num_images * prod(each.size) * (_pixel_bytes(each, data.channels) + other_bytes) for each in headers
    )
    least = tuple(map(min, zip(*(each.size for each in headers), strict=True)))
    return Footprint(total, sum(each.num_images for each in headers), least)


def _headers_of(request: ReadRequest, images: Iterable[Path]) -> Iterator[ImageHeader]:
    """The headers of the images that can be opened."""
    from unetkit.imagefiles.header import read_header

    for image in images:
        try:
            yield read_header(image, request)
        except UnetkitError:
            continue


def _pixel_bytes(header: ImageHeader, channels: int) -> int:
    """The bytes of one pixel with all channels, in the type in memory."""
    return channels * (header.dtype.itemsize if header.dtype.itemsize <= 2 and header.dtype.kind != "f" else FLOAT)
