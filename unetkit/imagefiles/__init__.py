"""Image files of many kinds, read and written part by part: pictures, TIFF, NIfTI, NumPy and Zarr."""

from unetkit.imagefiles.file_formats import FORMATS, FileFormat, find_images, format_of, open_images, result_name
from unetkit.imagefiles.guard import merge_alike
from unetkit.imagefiles.images import Images
from unetkit.imagefiles.request import ReadRequest
from unetkit.imagefiles.target import ResultWriter

__all__ = [
    "FORMATS",
    "Images",
    "FileFormat",
    "ReadRequest",
    "ResultWriter",
    "find_images",
    "merge_alike",
    "format_of",
    "open_images",
    "result_name",
]
