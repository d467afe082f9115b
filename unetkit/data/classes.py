"""From what stands in masks to classes 0, 1, 2 …"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from unetkit.data.colours import COLOURS
from unetkit.data.frame import Colour, colour_of
from unetkit.data.pairs import UNLABELLED
from unetkit.data.spec import DataSpec
from unetkit.errors import Fault, FileError

MAX_CLASSES = 4096
"""Where classes are taken as they are found, a mask with higher numbers is a picture by mistake."""


class MaskError(FileError):
    """A mask holds what is no class."""


@dataclass(frozen=True)
class ClassMap:
    """The classes by the numbers and by the colours of masks; without names they are taken as they are found."""

    names: tuple[str, ...]
    values: dict[int, int]
    colours: dict[int, int] | None
    """Red · 65536 + green · 256 + blue → class; None where not every class has a colour."""
    shown: tuple[Colour, ...]

    @classmethod
    def of(cls, data: DataSpec) -> Self:
        """Returns the classes of a data spec."""
        ignored = data.ignored
        values = {value: UNLABELLED for value in ignored if isinstance(value, int)}
        colours = {code(colour_of(colour)): UNLABELLED for colour in ignored if isinstance(colour, str)}
        shown = []
        for index, one in enumerate(data.classes):
            values |= dict.fromkeys((index,) if one.values is None else one.values, index)
            shown.append(colour_of(one.colour) if one.colour else COLOURS[index % len(COLOURS)])
            if one.colour:
                colours[code(shown[-1])] = index
        known = bool(data.classes) and all(one.colour for one in data.classes)
        return cls(tuple(one.name for one in data.classes), values, colours if known else None, tuple(shown))

    def labels(self, mask: NDArray[Any], dims: int, where: str) -> NDArray[np.int64]:
        """Returns the class per pixel, UNLABELLED where it is ignored; raises MaskError for what is no class."""
        if mask.ndim > dims:
            return self.from_colours(mask, where)
        numbers = whole(mask, where)
        found = np.unique(numbers)
        if not self.names:
            wrong = [value for value in found if value not in self.values and not 0 <= value < MAX_CLASSES]
            result = numbers
            for value in self.values:
                result = np.where(numbers == value, UNLABELLED, result)
        else:
            wrong = [value for value in found if int(value) not in self.values]
            classes = np.array([self.values.get(int(value), 0) for value in found], np.int64)
            result = classes[np.searchsorted(found, numbers)]
        if wrong:
            raise MaskError(
                Fault("class-range", f"{where} holds {shown(wrong)}, which no class has", cure=self.known())
            )
        return result

    def from_colours(self, mask: NDArray[Any], where: str) -> NDArray[np.int64]:
        """Returns the class per pixel of a colour mask; of a grey one saved in colour where no class has a colour."""
        if self.colours is None:
            if (mask == mask[..., :1]).all():
                return self.labels(mask[..., 0], mask.ndim - 1, where)
            cure = "A mask holds one class number per pixel; or give each of the classes its colour."
            raise MaskError(Fault("mask-colours", f"{where} is a colour image", cure=cure))
        found, codes = np.unique(code(tuple(np.moveaxis(mask.astype(np.int64), -1, 0))), return_inverse=True)
        wrong = [f"#{value:06x}" for value in found if int(value) not in self.colours]
        if wrong:
            message = f"{where} holds {shown(wrong)}, which no class has"
            raise MaskError(Fault("class-range", message, cure="Give the colours of all classes, or ignore one."))
        classes = np.array([self.colours[int(value)] for value in found], np.int64)
        return classes[codes.reshape(mask.shape[:-1])]

    def known(self) -> str:
        """Returns the cure that tells the numbers of the classes."""
        if not self.names:
            return f"Name the classes with their values; numbers are 0 … {MAX_CLASSES - 1} otherwise."
        known = ", ".join(f"{value} {self.names[index]}" for value, index in self.values.items() if index >= 0)
        return f"Classes: {known}. Or say ignore."


def code(colour: Any) -> Any:
    """Returns a colour, or arrays of colours, as one number."""
    red, green, blue = colour
    return (red << 16) + (green << 8) + blue


def whole(mask: NDArray[Any], where: str) -> NDArray[np.int64]:
    """Returns the numbers of a mask as whole numbers; raises MaskError where they are none."""
    numbers = mask.astype(np.int64) if mask.dtype.kind in "iub" else np.nan_to_num(mask).astype(np.int64)
    if mask.dtype.kind == "f" and not np.array_equal(numbers, mask):
        cure = "A mask holds one class number per pixel: 0, 1, 2 …"
        raise MaskError(Fault("mask-numbers", f"{where} holds numbers that are not whole", cure=cure))
    return numbers


def shown(values: list[Any], most: int = 5) -> str:
    """Returns a few of many values.

    >>> shown([3, 4, 9], most=2)
    '3, 4 and 1 more'
    """
    more = len(values) - most
    return ", ".join(map(str, values[:most])) + (f" and {more} more" if more > 0 else "")
