"""Images with labels: the head template and folders of image files. Nothing here needs torch."""

from unetkit.data.folders import folder
from unetkit.data.head import mni
from unetkit.data.mirror import Cover, cover, window
from unetkit.data.pairs import UNLABELLED, Pair, Pairs, Scale, Splits
from unetkit.data.source import read_data

__all__ = [
    "UNLABELLED",
    "Cover",
    "Pair",
    "Pairs",
    "Scale",
    "Splits",
    "cover",
    "folder",
    "mni",
    "read_data",
    "window",
]
