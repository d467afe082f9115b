"""Image files of many kinds, read and written part by part: pictures, TIFF, NIfTI, NumPy and Zarr."""

from unetkit.imagefiles.guard import grouped
from unetkit.imagefiles.images import Images
from unetkit.imagefiles.file_formats import KINDS, Kind, find_images, kind_of, opened, result_name
from unetkit.imagefiles.request import ReadRequest
from unetkit.imagefiles.target import Target

__all__ = [
    "KINDS",
    "Images",
    "Kind",
    "ReadRequest",
    "Target",
    "find_images",
    "grouped",
    "kind_of",
    "opened",
    "result_name",
]
