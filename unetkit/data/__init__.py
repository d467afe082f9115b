"""Images with labels: the head template and folders of image files. Nothing here needs torch."""

from unetkit.data.folders import folder
from unetkit.data.head import mni
from unetkit.data.mirror import Cover, cover, window
from unetkit.data.normalization import Normalization
from unetkit.data.pairs import UNLABELLED, Pair, Pairs, Splits
from unetkit.data.source import read_data

__all__ = [
    "UNLABELLED",
    "Cover",
    "Normalization",
    "Pair",
    "Pairs",
    "Splits",
    "cover",
    "folder",
    "mni",
    "read_data",
    "window",
]
