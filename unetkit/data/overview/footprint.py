"""What images take in memory, counted from the headers of their files before any is read."""

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

LABEL, INSTANCE, WIDE = 2, 8, 4
"""Bytes of a label, of the number of an object, and of a grey level that is stored in more than 16 bits."""


class Footprint(NamedTuple):
    """The bytes of all pairs together, how many pairs there are, and the least size per axis."""

    num_bytes: int
    num_pairs: int
    least: tuple[int, ...]


def footprint(data: DataSpec) -> Footprint | None:
    """Returns what the pairs of a data spec take in memory; None where its kind of data set does not list files.

    Files that cannot be opened are left out: reading them tells why. Raises FileError where they cannot be listed.
    """
    from unetkit.data.files.folders import Folders
    from unetkit.imagefiles import ReadRequest

    if not isinstance(data.dataset, Folders):
        return None
    files = data.dataset.pairs(data.folder).files.values()
    stored = data.read_options.channels if len(data.dataset.modalities) == 1 else None
    request = ReadRequest(data.dims, stored, data.dataset.axes)
    headers = list(headers_of(request, (group[0] for group in files)))
    if not headers:
        return None
    of_pixel = LABEL + (INSTANCE if data.dataset.instances is not None else 0)
    total = sum(one.num_images * prod(one.size) * (image_bytes(one, data.channels) + of_pixel) for one in headers)
    least = tuple(map(min, zip(*(one.size for one in headers), strict=True)))
    return Footprint(total, sum(one.num_images for one in headers), least)


def headers_of(request: ReadRequest, images: Iterable[Path]) -> Iterator[ImageHeader]:
    """Yields the headers of images that can be opened."""
    from unetkit.imagefiles.header import read_header

    for image in images:
        try:
            yield read_header(image, request)
        except UnetkitError:
            continue


def image_bytes(header: ImageHeader, channels: int) -> int:
    """Returns the bytes of one pixel of an image with so many channels, in the type that it is kept in."""
    return channels * (header.dtype.itemsize if header.dtype.itemsize <= 2 and header.dtype.kind != "f" else WIDE)
