"""Ways to normalise intensities, as a data file names them. Each gives a `Normalization`, which model files carry."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from unetkit.block import Component

if TYPE_CHECKING:
    from unetkit.data.normalization import Normalization
    from unetkit.data.pairs import Pair


class NormalizationMethod(Component):
    """Normalises intensities. A plugin adds one of its own through the entry points `unetkit.normalizations`."""

    slot = "normalization"

    @abstractmethod
    def fixed(self) -> Normalization | None:
        """The normalization where it follows from the parameters alone; None where training images are measured."""

    def measured(self, pairs: Iterable[Pair]) -> Normalization:
        """The normalization for these training images."""
        raise NotImplementedError(f"{type(self).__name__} measures no images")

    def channel_faults(self, channels: int) -> Iterator[tuple[str, str, str]]:
        """Yields (field, message, cure) for what does not fit images of so many channels."""
        yield from ()


class Unnormalized(NormalizationMethod):
    """Leaves intensities as they are."""

    def fixed(self) -> Normalization:
        from unetkit.data.normalization import Normalization  # needs numpy

        return Normalization("none")


class DatasetMoments(NormalizationMethod):
    """Brings all images together to mean 0 and standard deviation 1, channel by channel."""

    mean: tuple[float, ...] | None = None
    """One per channel; measured on the images for training unless given."""
    std: tuple[Annotated[float, Field(gt=0)], ...] | None = None
    """One per channel; measured on the images for training unless given."""

    def faults(self, dims: int) -> Iterator[tuple[str, str, str]]:
        if (self.mean is None) != (self.std is None):
            yield "mean", "mean and std belong together", "Give both."

    def channel_faults(self, channels: int) -> Iterator[tuple[str, str, str]]:
        for name, values in (("mean", self.mean), ("std", self.std)):
            if values is not None and len(values) != channels:
                yield name, f"{len(values)} numbers for {channels} channels", "Give one each."

    def fixed(self) -> Normalization | None:
        from unetkit.data.normalization import Normalization  # needs numpy

        return Normalization("dataset", self.mean, self.std) if self.mean and self.std else None

    def measured(self, pairs: Iterable[Pair]) -> Normalization:
        from unetkit.data.normalization import Normalization  # needs numpy

        return Normalization.of(pairs)


class ImageMoments(NormalizationMethod):
    """Brings each image to mean 0 and standard deviation 1, channel by channel."""

    def fixed(self) -> Normalization:
        from unetkit.data.normalization import Normalization  # needs numpy

        return Normalization("image")


class ImagePercentiles(NormalizationMethod):
    """Brings two percentiles of each image to 0 and 1, channel by channel, and clips what lies beyond."""

    low: Annotated[float, Field(ge=0, lt=100)] = 0.5
    """The percentile that becomes 0."""
    high: Annotated[float, Field(gt=0, le=100)] = 99.5
    """The percentile that becomes 1."""

    def faults(self, dims: int) -> Iterator[tuple[str, str, str]]:
        if self.low >= self.high:
            yield "low", f"low {self.low:g} is not below high {self.high:g}", "Swap them?"

    def fixed(self) -> Normalization:
        from unetkit.data.normalization import Normalization  # needs numpy

        return Normalization("percentile", low=self.low, high=self.high)
