"""From what stands in masks to classes 0, 1, 2 …"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from unetkit.data.data_keys import Colour, Span, colour_of, span_of
from unetkit.data.labels.colours import COLOURS
from unetkit.data.labels.counting import counted
from unetkit.data.labels.mask_statistics import MaskStatistics
from unetkit.data.pairs import UNLABELLED
from unetkit.data.spec import DataSpec
from unetkit.errors import Fault, FileError
from unetkit.wording import listed

NO_CLASS = -1
ROUNDING = 1e-6
"""By how much of the largest number one may miss a whole number: scales in heads of files (NIfTI) are float32."""
MAX_CLASSES = 4096
"""Where classes are taken as they are found, a mask with higher numbers is a picture by mistake."""


class MaskError(FileError):
    """A mask holds what is no class."""


@dataclass(frozen=True)
class ClassMap:
    """The classes by the numbers and by the colours of masks; without names they are taken as they are found."""

    names: tuple[str, ...]
    spans: tuple[tuple[Span, int], ...]
    """First and last of numbers that are a class, or ignored, in order."""
    colours: dict[int, int] | None
    """Red · 65536 + green · 256 + blue → class; None where not every class has a colour."""
    shown: tuple[Colour, ...]
    survey: MaskStatistics = field(default_factory=MaskStatistics, repr=False, compare=False)
    """What was found in the masks so far."""

    @classmethod
    def of(cls, data: DataSpec) -> Self:
        """Returns the classes of a data spec."""
        ignored = data.ignored
        spans = [((value, value), UNLABELLED) for value in ignored if isinstance(value, int)]
        colours = {code(colour_of(colour)): UNLABELLED for colour in ignored if isinstance(colour, str)}
        shown = []
        for index, one in enumerate(data.classes):
            spans += [(span_of(value), index) for value in ((index,) if one.values is None else one.values)]
            shown.append(colour_of(one.colour) if one.colour else COLOURS[index % len(COLOURS)])
            if one.colour:
                colours[code(shown[-1])] = index
        known = bool(data.classes) and all(one.colour for one in data.classes)
        return cls(
            tuple(one.name for one in data.classes), tuple(sorted(spans)), colours if known else None, tuple(shown)
        )

    def labels(self, mask: NDArray[Any], dims: int, where: str) -> NDArray[np.int16]:
        """Returns the class per pixel, UNLABELLED where it is ignored; raises MaskError for what is no class."""
        if mask.ndim > dims:
            return self.from_colours(mask, where)
        numbers = whole(mask, where)
        found, counts = counted(numbers)
        self.survey.add(numbers, found, counts, where)
        classes = self.of_numbers(found)
        wrong = found[classes == NO_CLASS].tolist()
        if wrong:
            message = f"{where} holds {listed(wrong)}, which no class has"
            raise MaskError(Fault("class-range", message, cure=self.known()))
        return spread(numbers, found, classes)

    def of_numbers(self, numbers: NDArray[Any]) -> NDArray[np.int16]:
        """Returns the class of each number, NO_CLASS where it has none."""
        large = numbers.dtype == np.uint64
        exact = (np.minimum(numbers, 1 << 62) if large else numbers).astype(np.int64)
        as_found = (exact >= 0) & (exact < MAX_CLASSES) & (not self.names)
        classes = np.where(as_found, exact, NO_CLASS).astype(np.int16)
        if self.spans:
            first, last = np.array([span for span, _ in self.spans], np.int64).T
            place = np.maximum(np.searchsorted(first, exact, side="right") - 1, 0)
            within = (first[place] <= exact) & (exact <= last[place])
            classes[within] = np.array([index for _, index in self.spans], np.int16)[place[within]]
        return classes

    def from_colours(self, mask: NDArray[Any], where: str) -> NDArray[np.int16]:
        """Returns the class per pixel of a colour mask; of a grey one saved in colour where no class has a colour."""
        if self.colours is None and (mask == mask[..., :1]).all():
            return self.labels(mask[..., 0], mask.ndim - 1, where)
        if mask.dtype != np.uint8:
            cure = "Save masks in colour with 8 bits per channel, or a class number per pixel."
            raise MaskError(Fault("mask-colours", f"{where} is a colour image of type {mask.dtype}", cure=cure))
        codes = code(tuple(np.moveaxis(mask.astype(np.int32), -1, 0)))
        found, counts = np.unique(codes, return_counts=True)
        self.survey.add_colours(found, counts, where)
        if self.colours is None:
            cure = "A mask holds one class number per pixel; or give each of the classes its colour."
            raise MaskError(Fault("mask-colours", f"{where} is a colour image", cure=cure))
        wrong = [f"#{value:06x}" for value in found if int(value) not in self.colours]
        if wrong:
            message = f"{where} holds {listed(wrong)}, which no class has"
            raise MaskError(Fault("class-range", message, cure="Give the colours of all classes, or ignore one."))
        return spread(codes, found, np.array([self.colours[int(value)] for value in found], np.int16))

    def known(self) -> str:
        """Returns the cure that tells the numbers of the classes."""
        if not self.names:
            return f"Name the classes with their values; numbers are 0 … {MAX_CLASSES - 1} otherwise."
        named = [
            f"{first}{f'..{last}' if last > first else ''} {self.names[index]}"
            for (first, last), index in self.spans
            if index >= 0
        ]
        return f"Classes: {listed(named, 20)}. Or say ignore."


def code(colour: Any) -> Any:
    """Returns a colour, or arrays of colours, as one number."""
    red, green, blue = colour
    return (red << 16) + (green << 8) + blue


def spread(numbers: NDArray[Any], found: NDArray[Any], classes: NDArray[np.int16]) -> NDArray[np.int16]:
    """Returns the class of each number in an array, given those of the different numbers in it, in order."""
    if np.array_equal(found, classes):
        return numbers.astype(np.int16)
    if len(found) and found[0] >= 0 and found[-1] < 1 << 16:
        table = np.zeros(int(found[-1]) + 1, np.int16)
        table[found] = classes
        labels: NDArray[np.int16] = table[numbers]
        return labels
    return classes[np.searchsorted(found, numbers)]


def whole(mask: NDArray[Any], where: str) -> NDArray[Any]:
    """Returns the numbers of a mask as integers, of few bytes where they can; raises MaskError where they are none."""
    numbers = mask.view(np.uint8) if mask.dtype == bool else mask
    if mask.dtype.kind == "f":
        finite = bool(np.isfinite(mask).all())
        largest = max(1.0, float(np.abs(mask).max(initial=0.0))) if finite else 1.0
        with np.errstate(invalid="ignore"):
            numbers = np.rint(np.nan_to_num(mask)).astype(np.int64)
        if not finite or (np.abs(numbers - mask) > min(1e-3, ROUNDING * largest)).any():
            what = "numbers that are not whole" if finite else "NaN or infinity"
            cure = "A mask holds one class number per pixel: 0, 1, 2 … Of probabilities, save the class."
            raise MaskError(Fault("mask-numbers", f"{where} holds {what}", cure=cure))
    if numbers.dtype.itemsize > 2 and numbers.size and numbers.min() >= 0 and numbers.max() < 1 << 16:
        return numbers.astype(np.uint16)
    return numbers
