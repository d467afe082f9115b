"""Image files of many formats, read and written part by part: pictures, TIFF, NIfTI, NumPy and Zarr.

A new format needs an entry in `file_formats.FORMATS` and a module in `formats/` with two context managers,
`open_file(path, request)` and `create_file(path, images, channels, dtype)`.
"""

from unetkit.imagefiles.file_formats import FORMATS, FileFormat, find_images, format_of, open_images, result_name
from unetkit.imagefiles.guard import merge_alike
from unetkit.imagefiles.images import Images, ReadRequest
from unetkit.imagefiles.result import ResultWriter

__all__ = [
    "FORMATS",
    "FileFormat",
    "Images",
    "ReadRequest",
    "ResultWriter",
    "find_images",
    "format_of",
    "merge_alike",
    "open_images",
    "result_name",
]
