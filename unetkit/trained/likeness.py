"""Whether the images of a file are like those that a network was trained on; what is not, is said as a warning."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unetkit.data.preprocessing.intensity import MOST_PIXELS, compared
from unetkit.data.preprocessing.signature import Signature
from unetkit.imagefiles import Images
from unetkit.imagefiles.views.reorientation import axis_codes
from unetkit.spatial.units import factor

MOST_IMAGES = 64
"""Images of a file that are looked at, evenly chosen."""
APART = 1.5
"""By so much more or less than in training, a distance between samples is another one."""


class Likeness:
    """Looks at the images of one file while they are read; `warn` says what is odd about them.

    It keeps the pixels of a lattice, so that each counts once, in however many tiles it is read.
    """

    def __init__(self, signature: Signature, images: Images) -> None:
        self.signature = signature
        self.images = images
        self.every = -(-images.count // MOST_IMAGES)
        self.step = max(1, round((prod(images.size) / MOST_PIXELS) ** (1 / len(images.size))))
        self.seen: dict[int, NDArray[np.float32]] = {}

    def see(self, number: int, part: tuple[slice, ...], block: NDArray[Any]) -> None:
        """Keeps some pixels of a part (channels, *part) of one image."""
        if not self.signature.greys or number % self.every:
            return
        if number not in self.seen:
            lattice = tuple(-(-count // self.step) for count in self.images.size)
            self.seen[number] = np.full((len(block), *lattice), np.nan, np.float32)
        firsts = [-(-one.start // self.step) for one in part]
        places = tuple(slice(first, -(-one.stop // self.step)) for first, one in zip(firsts, part, strict=True))
        starts = (first * self.step - one.start for first, one in zip(firsts, part, strict=True))
        own = tuple(slice(start, None, self.step) for start in starts)
        self.seen[number][(slice(None), *places)] = block[(slice(None), *own)]

    def warn(self) -> None:
        """Warns of each oddity, and names the file."""
        for text in (*self.greys(), *placement(self.signature, self.images)):
            warnings.warn(f"{self.images.path}: {text}", UserWarning, stacklevel=2)

    def greys(self) -> Iterator[str]:
        """Yields what is odd about the grey levels."""
        signature = self.signature
        if not self.seen:
            return
        samples = np.concatenate([one.reshape(len(one), -1) for one in self.seen.values()], 1)
        samples = samples[:, ~np.isnan(samples).any(0)]
        text = compared(signature.greys, samples, rescaled=signature.normalization.per_image)
        own = str(self.images.dtype)
        if text:
            others = signature.dtypes and own not in signature.dtypes
            yield text + (f" (stored as {own}, in training as {', '.join(signature.dtypes)})" if others else "")


def placement(signature: Signature, images: Images) -> Iterator[str]:
    """Yields what is odd about orientation and distance between samples, where the network does not bring them to one.

    `images` are as the network sees them, turned if it wants so.
    """
    codes = axis_codes(images)
    if signature.orientation and not codes:
        yield f"it does not say its orientation, the network was trained on {signature.orientation}"
    if not signature.orientation and codes and signature.axis_codes and codes not in signature.axis_codes:
        yield f"its orientation is {codes}, the network was trained on {', '.join(signature.axis_codes)}"
    unit = images.geometry.unit if images.geometry else ""
    scale = factor(unit, signature.sampled_unit)
    if signature.spacing or not signature.sampled or images.spacing is None or scale is None:
        return
    own = tuple(step * scale for step in images.spacing)
    spans = zip(own, signature.sampled, strict=True)
    if any(not least / APART <= step <= most * APART for step, (least, most) in spans):
        known = " × ".join(
            f"{least:g}" if least == most else f"{least:g}–{most:g}" for least, most in signature.sampled
        )
        shown = " × ".join(f"{step:g}" for step in own)
        yield f"its samples are {shown} {signature.sampled_unit} apart, in training {known}".replace("  ", " ")
