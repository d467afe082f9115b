"""From the numbers and colours in masks to classes 0, 1, 2 …"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from unetkit.data.data_keys import Colour, Span, colour_of, span_of
from unetkit.data.labels.mask_statistics import MaskStatistics, count_values
from unetkit.data.pairs import UNLABELLED
from unetkit.data.spec import DataSpec
from unetkit.errors import Fault, FileError
from unetkit.wording import listed

COLOURS: tuple[Colour, ...] = (
    (0, 0, 0),
    (86, 180, 233),
    (230, 159, 0),
    (240, 228, 66),
    (0, 158, 115),
    (204, 121, 167),
    (213, 94, 0),
    (0, 114, 178),
)
"""Default colours of classes, distinguishable with any colour vision (Okabe & Ito, 2008). Class 0 is black."""
NO_CLASS = -1
ROUNDING = 1e-6
"""Tolerance for whole numbers, relative to the largest: the scale in a file's header (NIfTI) is a float32."""
MAX_CLASSES = 4096
"""Without named classes, a mask with higher numbers is a picture by mistake."""


class MaskError(FileError):
    """A mask holds a number or colour that is no class."""


@dataclass(frozen=True)
class ClassMap:
    """The class of each number and colour in masks; without names, numbers are classes."""

    names: tuple[str, ...]
    spans: tuple[tuple[Span, int], ...]
    """First and last of the numbers of each class, and of the ignored ones, sorted."""
    colours: dict[int, int] | None
    """Red · 65536 + green · 256 + blue → class; None unless every class has a colour."""
    display_colours: tuple[Colour, ...]
    statistics: MaskStatistics = field(default_factory=MaskStatistics, repr=False, compare=False)
    """The numbers and colours in the masks so far."""

    @classmethod
    def of(cls, data: DataSpec) -> Self:
        """The classes of a data spec."""
        spans = [((value, value), UNLABELLED) for value in data.ignored if isinstance(value, int)]
        colours = {_code(colour_of(colour)): UNLABELLED for colour in data.ignored if isinstance(colour, str)}
        display_colours = []
        for index, each in enumerate(data.classes):
            spans += [(span_of(value), index) for value in ((index,) if each.values is None else each.values)]
            display_colours.append(colour_of(each.colour) if each.colour else COLOURS[index % len(COLOURS)])
            if each.colour:
                colours[_code(display_colours[-1])] = index
        coloured = bool(data.classes) and all(each.colour for each in data.classes)
        names = tuple(each.name for each in data.classes)
        return cls(names, tuple(sorted(spans)), colours if coloured else None, tuple(display_colours))

    def labels(self, mask: NDArray[Any], dims: int, file: str) -> NDArray[np.int16]:
        """The class per pixel, UNLABELLED where it is ignored; raises MaskError for what is no class."""
        if mask.ndim > dims:
            return self._from_colours(mask, file)
        numbers = as_integers(mask, file)
        values, counts = count_values(numbers)
        self.statistics.add(numbers, values, counts, file)
        classes = self.of_numbers(values)
        unknown = values[classes == NO_CLASS].tolist()
        if unknown:
            message = f"{file} holds {listed(unknown)}, which is no class"
            raise MaskError(Fault("class-range", message, cure=self._known_values()))
        return _look_up(numbers, values, classes)

    def of_numbers(self, numbers: NDArray[Any]) -> NDArray[np.int16]:
        """The class of each number, NO_CLASS where it has none."""
        large = numbers.dtype == np.uint64
        exact = (np.minimum(numbers, 1 << 62) if large else numbers).astype(np.int64)
        is_class = (exact >= 0) & (exact < MAX_CLASSES) & (not self.names)
        classes = np.where(is_class, exact, NO_CLASS).astype(np.int16)
        if self.spans:
            first, last = np.array([span for span, _ in self.spans], np.int64).T
            place = np.maximum(np.searchsorted(first, exact, side="right") - 1, 0)
            within = (first[place] <= exact) & (exact <= last[place])
            classes[within] = np.array([index for _, index in self.spans], np.int16)[place[within]]
        return classes

    def _from_colours(self, mask: NDArray[Any], file: str) -> NDArray[np.int16]:
        """The class per pixel of a colour mask; a grey one counts as numbers where classes have no colours."""
        if self.colours is None and (mask == mask[..., :1]).all():
            return self.labels(mask[..., 0], mask.ndim - 1, file)
        if mask.dtype != np.uint8:
            cure = "Save masks in colour with 8 bits per channel, or a class number per pixel."
            raise MaskError(Fault("mask-colours", f"{file} is a colour image of type {mask.dtype}", cure=cure))
        codes = _code(tuple(np.moveaxis(mask.astype(np.int32), -1, 0)))
        values, counts = np.unique(codes, return_counts=True)
        self.statistics.add_colours(values, counts, file)
        if self.colours is None:
            cure = "A mask holds one class number per pixel; or give each of the classes its colour."
            raise MaskError(Fault("mask-colours", f"{file} is a colour image", cure=cure))
        unknown = [f"#{value:06x}" for value in values if int(value) not in self.colours]
        if unknown:
            message = f"{file} holds {listed(unknown)}, which is no class"
            raise MaskError(Fault("class-range", message, cure="Give the colours of all classes, or ignore one."))
        return _look_up(codes, values, np.array([self.colours[int(value)] for value in values], np.int16))

    def _known_values(self) -> str:
        """The cure with the numbers of the classes."""
        if not self.names:
            return f"Name the classes with their values; by default numbers are 0 … {MAX_CLASSES - 1}."
        values = [
            f"{first}{f'..{last}' if last > first else ''} {self.names[index]}"
            for (first, last), index in self.spans
            if index >= 0
        ]
        return f"Classes: {listed(values, 20)}. Or use ignore."


def _code(colour: Any) -> Any:
    """A colour, or arrays of colours, as one number."""
    red, green, blue = colour
    return (red << 16) + (green << 8) + blue


def _look_up(numbers: NDArray[Any], values: NDArray[Any], classes: NDArray[np.int16]) -> NDArray[np.int16]:
    """The class of each number in an array, given the different values in it, sorted, and their classes."""
    if np.array_equal(values, classes):
        return numbers.astype(np.int16)
    if len(values) and values[0] >= 0 and values[-1] < 1 << 16:
        table = np.zeros(int(values[-1]) + 1, np.int16)
        table[values] = classes
        labels: NDArray[np.int16] = table[numbers]
        return labels
    return classes[np.searchsorted(values, numbers)]


def as_integers(mask: NDArray[Any], file: str) -> NDArray[Any]:
    """The numbers of a mask as integers, in a small type if possible; raises MaskError for other numbers."""
    numbers = mask.view(np.uint8) if mask.dtype == bool else mask
    if mask.dtype.kind == "f":
        finite = bool(np.isfinite(mask).all())
        largest = max(1.0, float(np.abs(mask).max(initial=0.0))) if finite else 1.0
        with np.errstate(invalid="ignore"):
            numbers = np.rint(np.nan_to_num(mask)).astype(np.int64)
        if not finite or (np.abs(numbers - mask) > min(1e-3, ROUNDING * largest)).any():
            what = "numbers that are not whole" if finite else "NaN or infinity"
            cure = "A mask holds one class number per pixel: 0, 1, 2 … If these are probabilities, save the class."
            raise MaskError(Fault("mask-numbers", f"{file} holds {what}", cure=cure))
    if numbers.dtype.itemsize > 2 and numbers.size and numbers.min() >= 0 and numbers.max() < 1 << 16:
        return numbers.astype(np.uint16)
    return numbers
