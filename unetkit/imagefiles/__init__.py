"""Image files of many kinds, read and written part by part: PNG, JPEG, TIFF, NIfTI, NumPy and Zarr."""

from unetkit.imagefiles.kinds import KINDS, Kind, Origin, find_images, kind_of, result_name
from unetkit.imagefiles.layout import Images
from unetkit.imagefiles.target import Target

__all__ = ["KINDS", "Images", "Kind", "Origin", "Target", "find_images", "kind_of", "result_name"]
