"""Preprocessing of images for a network, and of its output back to the samples of the image."""

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

_MAX_SAMPLES = 1 << 31
"""Samples of a resampled image; more are a spacing in another unit by mistake."""


@dataclass(frozen=True)
class Preprocessing:
    """From an image to the input of a network, and from its output back; shared by training and prediction.

    `orientation` has the axis codes that volumes are read in, "" for those of their files. `spacing` is the distance
    between samples that images are resampled to, per axis and in `unit`; () for no resampling. Images are resampled
    before they are normalised, outputs before they become classes.
    """

    normalization: Normalization
    orientation: str = ""
    spacing: tuple[float, ...] = ()
    unit: str = ""

    def size(
        self, size: tuple[int, ...], spacing: tuple[float, ...] | None, unit: str = "", *, name: str = "the image"
    ) -> tuple[int, ...]:
        """The size of the network's input for an image of some size.

        Raises FileError if it depends on the spacing of the image, and that is unknown.
        """
        if not self.spacing:
            return size
        if spacing is None:
            message = f"{name} lacks the distance between its samples, the network takes {self.spacing_text}"
            cure = "Give files that have it (NIfTI, OME-TIFF, ImageJ TIFF, OME-Zarr), or train with spacing: native."
            raise FileError(Fault("no-spacing", message, cure=cure))
        scale = factor(unit, self.unit)
        if scale is None:
            message = f"{name} has the unit {unit}, the network {self.unit}"
            raise FileError(Fault("spacing-unit", message, cure=f"Give files with the unit {self.unit}."))
        target = resampled_size(size, tuple(step * scale for step in spacing), self.spacing)
        if prod(target) > _MAX_SAMPLES:
            message = f"{name} with {size_text(size)} samples would be resampled to {size_text(target)}"
            raise FileError(Fault("spacing-size", message, "spacing", "Resample to a larger spacing."))
        return target

    @property
    def spacing_text(self) -> str:
        """The spacing with its unit."""
        return spacing_text(self.spacing, self.unit)

    def image(self, image: NDArray[Any], size: tuple[int, ...]) -> NDArray[np.float32]:
        """The input of a network for an image (channels, *spatial): resampled to a size, and normalised."""
        return self.normalization.apply(resampled(image, size) if image.shape[1:] != size else image)

    def output(self, output: NDArray[np.float32] | Tensor, size: tuple[int, ...]) -> NDArray[np.float32]:
        """The output (out_channels, *spatial) of a network, resampled to the size of an image."""
        if tuple(output.shape[1:]) == size and not isinstance(output, Tensor):
            return output
        return resampled(output, size)

    def input_size(self, pair: Pair) -> tuple[int, ...]:
        """The size of the network's input for the image of a pair."""
        return self.size(pair.size, pair.spacing, pair.unit, name=pair.name)

    def label(self, pair: Pair, network: Callable[[NDArray[np.float32]], NDArray[np.float32]]) -> NDArray[np.float32]:
        """The output (out_channels, *spatial) of a network for the image of a pair, on the samples of the pair."""
        return self.output(network(self.image(pair.image, self.input_size(pair))), pair.size)

    def pair(self, pair: Pair) -> Pair:
        """A pair with image and labels resampled, but not normalised."""
        size = self.input_size(pair)
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
        """Pairs resampled on access, and cached if the given pairs are."""
        if not self.spacing:
            return pairs
        cache: dict[str, Pair] | None = None if isinstance(pairs.items, LazyPairs) and pairs.items.cache is None else {}
        numbers = {name: number for number, name in enumerate(pairs.names)}
        return replace(pairs, items=LazyPairs(pairs.names, partial(self._load, pairs, numbers), cache))

    def _load(self, pairs: Pairs, numbers: dict[str, int], name: str) -> Pair:
        return self.pair(pairs[numbers[name]])


def preprocessing_of(data: DataSpec, pairs: Pairs) -> Preprocessing:
    """The preprocessing of a data spec, measured on these pairs where its parameters are not given."""
    spacing, unit = _target_spacing(data, pairs)
    plain = Preprocessing(Normalization("none"), pairs.orientation, spacing, unit)
    return replace(plain, normalization=normalization_of(data, plain.pairs(pairs)))


def _target_spacing(data: DataSpec, pairs: Pairs) -> tuple[tuple[float, ...], str]:
    """The spacing that images are resampled to, with its unit; () for no resampling."""
    if data.spacing == "native":
        return (), ""
    median, unit = median_spacing([(pair.spacing, pair.unit) for pair in pairs if pair.spacing is not None])
    return median if data.spacing == "median" else data.spacing, unit
