"""Names of masks that say what they are, as in `p0_mask.png` for `p0.png`."""

from __future__ import annotations

import re
import unicodedata

IMAGE = frozenset({"image", "images", "img", "im", "photo", "pic", "raw", "sat", "scan", "vol", "volume", "data",
                   "training", "test", "input", "orig", "original", "leftimg8bit"})  # fmt: skip
MASK = IMAGE | frozenset({
    "mask", "masks", "seg", "segm", "segmentation", "segmentations", "label", "labels", "lab", "lbl", "labelid",
    "labelids", "labelmap", "gt", "groundtruth", "truth", "annotation", "annotations", "anno", "ann", "manual",
    "manual1", "1stho", "target", "classes", "trimap", "instances", "instance", "objects", "ids", "gtfine", "gtcoarse",
})  # fmt: skip
"""What people put before and after the names of images, and of masks, in small letters."""
ENDS = re.compile(r"[_\-. ]+")
NUMBERED = re.compile(r"(?P<word>[a-z]+)(?P<number>\d+)", re.ASCII)


def core(name: str, words: frozenset[str]) -> str:
    """Returns what is left of a name without such words at its ends, in small letters; folders in it stay.

    >>> core("a/P0_gtFine_labelIds", MASK), core("label0007", MASK), core("mask", MASK)
    ('a/p0', '0007', '')
    """
    folder, slash, stem = unicodedata.normalize("NFC", name).casefold().rpartition("/")
    parts = ENDS.split(stem.replace("ground_truth", "groundtruth").replace("ground-truth", "groundtruth"))
    while parts and (parts[-1] in words or not parts[-1]):
        parts.pop()
    while parts and (parts[0] in words or not parts[0]):
        parts.pop(0)
    if parts and (found := NUMBERED.fullmatch(parts[0])) and found["word"] in words:
        parts[0] = found["number"]
    return f"{folder}{slash}{'_'.join(parts)}"
