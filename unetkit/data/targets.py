"""Targets: what an output of a network is to predict, computed from the labels of an image."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field

from unetkit.block import Component

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from unetkit.data.pairs import Pair

TargetKind: TypeAlias = Literal["classes", "regions", "values", "presence"]
"""One class per pixel; several regions, each for itself; numbers; or one class for the whole image."""
_Class = Annotated[int, Field(ge=0, lt=4096)]


class Target(Component):
    """What an output predicts. A plugin adds one of its own through the entry points `unetkit.targets`."""

    slot = "target"
    kind: ClassVar[TargetKind]

    @abstractmethod
    def names(self, classes: tuple[str, ...]) -> tuple[str, ...]:
        """The name of each channel of the output, where the data have these classes."""

    def channels(self, num_classes: int) -> tuple[int, ...]:
        """The numbers of channels that an output may have, the usual one first."""
        return (len(self.names(("",) * num_classes)),)

    def values(self, pair: Pair) -> NDArray[np.float32] | None:
        """The numbers (channels, *spatial) of a pair; None for a target that labels alone determine."""
        return None

    def faults_of_classes(self, num_classes: int) -> Iterator[tuple[str, str, str]]:
        """Yields (field, message, cure) for what does not fit the classes of the data."""
        yield from ()


class Classes(Target):
    """The class of each pixel: one channel for each class, or one that separates class 1 from class 0."""

    kind = "classes"

    def names(self, classes: tuple[str, ...]) -> tuple[str, ...]:
        return classes

    def channels(self, num_classes: int) -> tuple[int, ...]:
        return (num_classes, 1) if num_classes == 2 else (num_classes,)


class Regions(Target):
    """Regions that may overlap, each with a channel of its own: pixels are in a region by their class."""

    kind = "regions"
    source = "BraTS: whole tumour, tumour core and enhancing tumour"
    regions: Annotated[dict[str, tuple[_Class, ...]], Field(min_length=1)]
    """The numbers of the classes in each region, by its name."""

    def names(self, classes: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(self.regions)

    def faults_of_classes(self, num_classes: int) -> Iterator[tuple[str, str, str]]:
        for name, members in self.regions.items():
            unknown = [member for member in members if member >= num_classes]
            if unknown:
                known = f"There are classes 0 to {num_classes - 1}."
                yield "regions", f"{name} has class {unknown[0]}, which the data do not define", known
            if not members:
                yield "regions", f"{name} has no class", "Give the numbers of its classes."


class Presence(Target):
    """Whether the image has an object: class 1 where any of its pixels is of a class above 0, otherwise class 0.

    The output has one sample, as `global_pool` gives, and one or two channels. It exists in training only.
    """

    kind = "presence"
    source = "Huang et al., 2020, arXiv:2004.08790 (UNet 3+, classification-guided module)"

    def names(self, classes: tuple[str, ...]) -> tuple[str, ...]:
        return ("absent", "present")

    def channels(self, num_classes: int) -> tuple[int, ...]:
        return (2, 1)


class Distance(Target):
    """The distance of each pixel of an object from the end of the object; 0 outside of all objects.

    Objects are the instances of the data, or else the connected parts of each class above 0.
    """

    kind = "values"
    source = "Naylor et al., IEEE Transactions on Medical Imaging 38, 2019"
    relative: bool = True
    """Whether distances are divided by the largest of their object, so that they lie between 0 and 1."""

    def names(self, classes: tuple[str, ...]) -> tuple[str, ...]:
        return ("distance",)

    def values(self, pair: Pair) -> NDArray[np.float32]:
        from unetkit.data.labels.instances import object_distances  # needs numpy

        return object_distances(pair, relative=self.relative)[None]
