"""Images with labels: the head template, folders of image files, and random patches to train with."""

from unetkit.data.folder import folder
from unetkit.data.mirror import Cover, cover, window
from unetkit.data.mni import mni
from unetkit.data.pairs import UNLABELLED, Pair, Pairs, Scale, Splits
from unetkit.data.patches import Draw, Patches

__all__ = [
    "UNLABELLED",
    "Cover",
    "Draw",
    "Pair",
    "Pairs",
    "Patches",
    "Scale",
    "Splits",
    "cover",
    "folder",
    "mni",
    "window",
]
