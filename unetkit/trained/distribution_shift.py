"""Warnings about images that differ from the training images of a network."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unetkit.data.preprocessing.intensity import MAX_PIXELS, compare_ranges
from unetkit.data.preprocessing.signature import Signature
from unetkit.imagefiles import Images
from unetkit.imagefiles.views.reorientation import axis_codes
from unetkit.spatial.units import factor

_MAX_IMAGES = 64
"""Largest number of images of a file that are sampled, evenly spaced."""
_SPACING_RATIO = 1.5
"""Spacings that differ from those of training by more than this factor are reported."""


class DistributionShift:
    """Samples the images of a file while they are read; `warn` reports how they differ from the training images.

    It samples the pixels of a fixed lattice, so each counts once, however many tiles it is read in.
    """

    def __init__(self, signature: Signature, images: Images) -> None:
        self.signature = signature
        self.images = images
        self.every = -(-images.count // _MAX_IMAGES)
        self.step = max(1, round((prod(images.size) / MAX_PIXELS) ** (1 / len(images.size))))
        self.samples: dict[int, NDArray[np.float32]] = {}

    def add(self, number: int, part: tuple[slice, ...], block: NDArray[Any]) -> None:
        """Samples a part (channels, *part) of one image."""
        if not self.signature.greys or number % self.every:
            return
        if number not in self.samples:
            lattice = tuple(-(-count // self.step) for count in self.images.size)
            self.samples[number] = np.full((len(block), *lattice), np.nan, np.float32)
        firsts = [-(-one.start // self.step) for one in part]
        target = tuple(slice(first, -(-one.stop // self.step)) for first, one in zip(firsts, part, strict=True))
        starts = (first * self.step - one.start for first, one in zip(firsts, part, strict=True))
        source = tuple(slice(start, None, self.step) for start in starts)
        self.samples[number][(slice(None), *target)] = block[(slice(None), *source)]

    def warn(self) -> None:
        """Issues a warning for each difference, with the name of the file."""
        for text in (*self._grey_levels(), *_placement(self.signature, self.images)):
            warnings.warn(f"{self.images.path}: {text}", UserWarning, stacklevel=2)

    def _grey_levels(self) -> Iterator[str]:
        """Yields differences of grey levels."""
        signature = self.signature
        if not self.samples:
            return
        samples = np.concatenate([one.reshape(len(one), -1) for one in self.samples.values()], 1)
        samples = samples[:, ~np.isnan(samples).any(0)]
        text = compare_ranges(signature.greys, samples, rescaled=signature.normalization.per_image)
        dtype = str(self.images.dtype)
        if text:
            other_type = signature.dtypes and dtype not in signature.dtypes
            types = f" (stored as {dtype}, in training as {', '.join(signature.dtypes)})" if other_type else ""
            yield text + types


def _placement(signature: Signature, images: Images) -> Iterator[str]:
    """Yields differences of orientation and spacing, unless images are brought to those of the network."""
    codes = axis_codes(images)
    if signature.orientation and not codes:
        yield f"the file does not state its orientation, the network was trained on {signature.orientation}"
    if not signature.orientation and codes and signature.axis_codes and codes not in signature.axis_codes:
        yield f"its orientation is {codes}, the network was trained on {', '.join(signature.axis_codes)}"
    unit = images.geometry.unit if images.geometry else ""
    scale = factor(unit, signature.sampled_unit)
    if signature.spacing or not signature.sampled or images.spacing is None or scale is None:
        return
    spacing = tuple(step * scale for step in images.spacing)
    ranges = zip(spacing, signature.sampled, strict=True)
    if any(not least / _SPACING_RATIO <= step <= most * _SPACING_RATIO for step, (least, most) in ranges):
        known = " × ".join(f"{low:g}" if low == high else f"{low:g}–{high:g}" for low, high in signature.sampled)
        present = " × ".join(f"{step:g}" for step in spacing)
        text = f"the distance between its samples is {present} {signature.sampled_unit}, in training {known}"
        yield text.replace(" ,", ",")
