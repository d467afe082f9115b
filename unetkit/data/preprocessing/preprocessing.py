"""What is done to an image before a network, and to the network's output on its way back to the image's samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from unetkit.data.normalization import Normalization
from unetkit.data.opening import normalization_of
from unetkit.data.pairs import LazyPairs, Pair, Pairs
from unetkit.data.preprocessing.geometry_summary import median_spacing
from unetkit.data.preprocessing.resampling import nearest, resampled, resampled_labels, resampled_size
from unetkit.data.spec import DataSpec
from unetkit.errors import Fault, FileError
from unetkit.spatial.units import factor
from unetkit.wording import size_text, spacing_text

MOST_SAMPLES = 1 << 31
"""In an image that was resampled; more is a spacing in another unit by mistake."""


@dataclass(frozen=True)
class Preprocessing:
    """From an image as it is read to what a network takes, and back; training, validation and prediction share it.

    `orientation` has the axis codes that volumes are read in, "" as their files have them. `spacing` is the distance
    between samples, per axis of an image and in `unit`, that images are resampled to; () leaves their samples.
    Images are resampled before they are normalised, outputs before they become classes.
    """

    normalization: Normalization
    orientation: str = ""
    spacing: tuple[float, ...] = ()
    unit: str = ""

    def size(
        self, size: tuple[int, ...], spacing: tuple[float, ...] | None, unit: str = "", *, name: str = "the image"
    ) -> tuple[int, ...]:
        """Returns the size that the network sees an image of a size in.

        Raises FileError where that depends on a spacing which the image does not say.
        """
        if not self.spacing:
            return size
        if spacing is None:
            message = f"{name} does not say the distance between its samples, the network takes {self.shown}"
            cure = "Give files that say it (NIfTI, OME-TIFF, ImageJ TIFF, OME-Zarr), or train with spacing: native."
            raise FileError(Fault("no-spacing", message, cure=cure))
        scale = factor(unit, self.unit)
        if scale is None:
            message = f"{name} counts in {unit}, the network in {self.unit}"
            raise FileError(Fault("spacing-unit", message, cure=f"Give files that count in {self.unit}."))
        wanted = resampled_size(size, tuple(step * scale for step in spacing), self.spacing)
        if prod(wanted) > MOST_SAMPLES:
            message = f"{name} of {size_text(size)} samples becomes one of {size_text(wanted)}"
            raise FileError(Fault("spacing-size", message, "spacing", "Resample to a larger spacing."))
        return wanted

    @property
    def shown(self) -> str:
        """The spacing in words."""
        return spacing_text(self.spacing, self.unit)

    def image(self, image: NDArray[Any], size: tuple[int, ...]) -> NDArray[np.float32]:
        """Returns what a network takes for an image (channels, *spatial): resampled to a size, and normalised."""
        return self.normalization.apply(resampled(image, size) if image.shape[1:] != size else image)

    def output(self, output: NDArray[np.float32] | Tensor, size: tuple[int, ...]) -> NDArray[np.float32]:
        """Returns the output (out_channels, *spatial) of a network on the samples of an image of a size."""
        if tuple(output.shape[1:]) == size and not isinstance(output, Tensor):
            return output
        return resampled(output, size)

    def seen_size(self, pair: Pair) -> tuple[int, ...]:
        """Returns the size that the network sees the image of a pair in."""
        return self.size(pair.size, pair.spacing, pair.unit, name=pair.name)

    def label(self, pair: Pair, network: Callable[[NDArray[np.float32]], NDArray[np.float32]]) -> NDArray[np.float32]:
        """Returns the output (out_channels, *spatial) of a network, on the samples of a pair, for its image."""
        return self.output(network(self.image(pair.image, self.seen_size(pair))), pair.size)

    def pair(self, pair: Pair) -> Pair:
        """Returns a pair as the network sees it: image and labels resampled, grey levels as they are."""
        size = self.seen_size(pair)
        if size == pair.size or pair.spacing is None:
            return pair
        extent = zip(pair.size, pair.spacing, size, strict=True)
        return replace(
            pair,
            image=resampled(pair.image, size),
            labels=resampled_labels(pair.labels, size),
            instances=None if pair.instances is None else nearest(pair.instances, size),
            spacing=tuple(count * step / new for count, step, new in extent),
        )

    def pairs(self, pairs: Pairs) -> Pairs:
        """Returns pairs as the network sees them, resampled when they are asked for, and kept if the pairs are."""
        if not self.spacing:
            return pairs
        kept: dict[str, Pair] | None = None if isinstance(pairs.items, LazyPairs) and pairs.items.kept is None else {}
        numbers = {name: number for number, name in enumerate(pairs.names)}
        return replace(pairs, items=LazyPairs(pairs.names, partial(self.named, pairs, numbers), kept))

    def named(self, pairs: Pairs, numbers: dict[str, int], name: str) -> Pair:
        """Returns the pair of a name as the network sees it."""
        return self.pair(pairs[numbers[name]])


def preprocessing_of(data: DataSpec, pairs: Pairs) -> Preprocessing:
    """Returns how images are prepared: as the data spec says, by what is measured on these pairs where it says so."""
    spacing, unit = target_spacing(data, pairs)
    plain = Preprocessing(Normalization("none"), pairs.orientation, spacing, unit)
    return replace(plain, normalization=normalization_of(data, plain.pairs(pairs)))


def target_spacing(data: DataSpec, pairs: Pairs) -> tuple[tuple[float, ...], str]:
    """Returns the spacing that images are resampled to, with its unit; () where they are not."""
    if data.spacing == "native":
        return (), ""
    median, unit = median_spacing([(pair.spacing, pair.unit) for pair in pairs if pair.spacing is not None])
    return median if data.spacing == "median" else data.spacing, unit
