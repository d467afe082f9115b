"""Images with labels: the head template and folders of image files. Nothing here needs torch."""

from unetkit.data.folder import folder
from unetkit.data.mirror import Cover, cover, window
from unetkit.data.mni import mni
from unetkit.data.pairs import UNLABELLED, Pair, Pairs, Scale, Splits

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
    "window",
]
