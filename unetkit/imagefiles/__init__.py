"""Image files of many kinds, read and written part by part: PNG, JPEG, TIFF, NIfTI, NumPy and Zarr."""

from unetkit.imagefiles.kinds import KINDS, Kind, find_images, kind_of
from unetkit.imagefiles.layout import Images, Layout, lay_out
from unetkit.imagefiles.target import Target, partial, placed

__all__ = ["KINDS", "Images", "Kind", "Layout", "Target", "find_images", "kind_of", "lay_out", "partial", "placed"]
