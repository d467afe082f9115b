"""Diagnosis of masks whose data file does not define their numbers, with the lines to write in the data file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import yaml

from unetkit.data.labels.classes import MAX_CLASSES, NO_CLASS, ClassMap
from unetkit.data.labels.mask_statistics import MaskStatistics
from unetkit.data.spec import DataSpec
from unetkit.document.reader import written_form
from unetkit.errors import Fault
from unetkit.wording import listed

_MAX_VALUES = 64
"""With more numbers or colours a mask is no list of classes."""
FEW_OBJECTS, MANY_OBJECTS = 4, 20
"""Connected numbers are objects from the first count on if the count varies between masks, always above the second."""
NEAR, FAR = 5, 24
"""The distance from a level of most, and of nearly all, numbers that JPEG or resizing changed."""
_EXPLAINED = ("class-range", "mask-colours")
"""The faults of single masks that a diagnosis replaces."""


@dataclass(frozen=True)
class Interpretation:
    """One interpretation of masks: in words, and the keys of a data file that choose it."""

    words: str
    keys: Mapping[str, Any]

    @property
    def lines(self) -> list[str]:
        """The lines of a data file."""
        return [line for key, value in self.keys.items() for line in yaml_lines(key, value)]


@dataclass(frozen=True)
class MaskDiagnosis:
    """What masks hold: a code and a message, and the interpretations, the likeliest first."""

    code: str
    message: str
    interpretations: tuple[Interpretation, ...] = ()
    cure: str = ""

    def fault(self) -> Fault:
        """The fault with the lines to write."""
        lines = [line for each in self.interpretations for line in (f"{each.words}:", *each.lines)]
        choice = "one of these" if len(self.interpretations) > 1 else "this"
        cure = self.cure or f"Write {choice} in the data file."
        return Fault(self.code, self.message, "dataset.masks", cure, lines=tuple(lines))


def yaml_lines(key: str, value: Any) -> list[str]:
    """A key with its value as lines of YAML.

    >>> yaml_lines("classes", ["background", {"name": "object", "values": [255]}])
    ['classes: [background, {name: object, values: [255]}]']
    """
    if isinstance(value, list) and len(value) > 4:
        return [f"{key}:", *(f"  - {_inline_yaml(each)}" for each in value)]
    return [f"{key}: {_inline_yaml(value)}"]


def _inline_yaml(value: Any) -> str:
    text: str = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=1 << 30, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...")


@dataclass(frozen=True)
class _Masks:
    """The masks of a data set: their statistics, the numbers that are not ignored, and the classes."""

    data: DataSpec
    statistics: MaskStatistics
    numbers: Counter[int]
    classes: ClassMap

    def unknown(self, numbers: Sequence[int] | None = None) -> list[int]:
        """The numbers without a class."""
        values = self.numbers if numbers is None else numbers
        array = np.array(sorted(min(number, 1 << 62) for number in values), np.int64)
        unknown: list[int] = array[self.classes.of_numbers(array) == NO_CLASS].tolist()
        return unknown

    def class_names(self, marks: Sequence[object]) -> list[str]:
        return _class_names(self.classes.names, marks)


def diagnose(data: DataSpec, classes: ClassMap) -> MaskDiagnosis | None:
    """What the masks of a data set hold, where the data file does not define it; None where all is defined.

    All masks must have been read.
    """
    statistics = classes.statistics
    ignored = {value for value in data.ignored if isinstance(value, int)}
    numbers = Counter({number: count for number, count in statistics.numbers.items() if number not in ignored})
    if statistics.colours:
        return None if classes.colours is not None or numbers else _diagnose_colours(statistics, classes.names)
    masks = _Masks(data, statistics, numbers, classes)
    unknown = masks.unknown()
    if not unknown and (classes.names or (len(numbers) < 2 and not any(numbers))):
        return None
    for diagnosis in (_find_objects, _find_levels, _find_two_scales, _find_ignored, _find_gaps):
        found = diagnosis(masks)
        if found is not None:
            return found
    return None


def _class_names(names: Sequence[str], marks: Sequence[object]) -> list[str]:
    """Names for the classes with these numbers or colours: the given ones, if there are as many."""
    if len(names) == len(marks):
        return list(names)
    if len(marks) == 2:
        return ["background", "object"]
    return ["background" if mark in (0, "#000000") else f"class {mark}" for mark in marks]


def _find_objects(masks: _Masks) -> MaskDiagnosis | None:
    """Numbers of objects: each number is one connected object, and their count varies."""
    statistics, names = masks.statistics, masks.classes.names
    positive = [number for number in masks.numbers if number > 0]
    varied = len({count for count, _ in statistics.nonzero}) > 1 and all(gapless for _, gapless in statistics.nonzero)
    if statistics.jpeg or not statistics.connected or any(number < 0 for number in masks.numbers) or len(names) > 2:
        return None
    if not (len(positive) > MANY_OBJECTS or (varied and len(positive) >= FEW_OBJECTS)):
        return None
    last = next(end for end in ((1 << 8) - 1, (1 << 16) - 1, (1 << 31) - 1) if end >= max(positive))
    first, second = masks.class_names((0, 1))
    keys: dict[str, Any] = {"classes": [first, {"name": second, "values": [f"1..{last}"]}]}
    dataset = written_form(masks.data.dataset, masks.data.types)
    if "masks" in dataset and "instances" not in dataset:
        keys["dataset"] = dataset | {"instances": dataset["masks"]}
    interpretations = [Interpretation("Objects of one class, with known borders", keys)]
    if len(positive) <= MANY_OBJECTS:
        classes = [f"class {number}" for number in range(max(positive) + 1)]
        interpretations.append(Interpretation("Or classes", {"classes": classes}))
    message = f"masks number their objects: each of {listed(sorted(positive))} is one connected object"
    return MaskDiagnosis("mask-instances", message, tuple(interpretations))


def _find_levels(masks: _Masks) -> MaskDiagnosis | None:
    """A few levels with numbers near them, as JPEG and resizing produce."""
    numbers, names = masks.numbers, masks.classes.names
    levels = _levels_of(numbers)
    fits = not names or len(levels) == len(names)
    if len(levels) < 2 or len(numbers) < 2 * len(levels) + 2 or min(numbers) < 0 or not fits:
        return None
    ends = [(low + high) // 2 for low, high in pairwise(levels)]
    spans = zip([0, *(end + 1 for end in ends)], [*ends, max(255, *numbers)], strict=True)
    classes = [
        {"name": name, "values": [f"{first}..{last}"]}
        for name, (first, last) in zip(masks.class_names(levels), spans, strict=True)
    ]
    cause = "as JPEG produces" if masks.statistics.jpeg else "as resizing or JPEG produces"
    message = f"masks hold {listed(levels)} and {len(numbers) - len(levels)} numbers near or between them, {cause}"
    keys = {"classes": classes}
    return MaskDiagnosis("mask-levels", message, (Interpretation("The nearest level is the class", keys),))


def _levels_of(numbers: Counter[int]) -> list[int]:
    """The numbers around which all others lie, sorted; none where there are no such numbers.

    >>> _levels_of(Counter({0: 900, 1: 20, 3: 5, 250: 8, 253: 6, 255: 60}))
    [0, 255]
    """
    if len(numbers) > 1 << 10:
        return []
    total, levels = numbers.total(), list[int]()
    for level, count in numbers.most_common():
        near, around = (_pixels_near(numbers, level, reach) for reach in (NEAR, FAR))
        least = total / 10_000 if level in (0, 255) else total / 250  # levels between them must be more frequent
        if count >= least and near * 5 >= around * 2 and all(abs(level - other) > FAR for other in levels):
            levels.append(level)
    covered = sum(_pixels_near(numbers, level, FAR) for level in levels)
    return sorted(levels) if covered * 20 >= total * 17 else []


def _pixels_near(numbers: Counter[int], level: int, reach: int) -> int:
    return sum(numbers[number] for number in range(level - reach, level + reach + 1))


def _find_two_scales(masks: _Masks) -> MaskDiagnosis | None:
    """Masks of two classes, of which some hold 0 and 1, others 0 and 255."""
    mixed = set(masks.numbers) == {0, 1, 255} and not any({1, 255} <= one for one in masks.statistics.combinations)
    if not mixed or len(masks.classes.names) not in (0, 2):
        return None
    first, second = masks.class_names((0, 1))
    keys = {"classes": [first, {"name": second, "values": [1, 255]}]}
    message = "some masks hold 0 and 1, others 0 and 255"
    return MaskDiagnosis("mask-scales", message, (Interpretation("One class in both", keys),))


def _find_ignored(masks: _Masks) -> MaskDiagnosis | None:
    """Numbers that commonly mark pixels without a class: negative ones, and 255 above the others."""
    numbers, names = sorted(masks.numbers), masks.classes.names
    negative = [number for number in numbers if number < 0]
    rest = [number for number in numbers if number >= 0]
    marks = negative or (rest[-1:] if rest[-1:] == [255] and len(rest) > 2 else [])
    rest = [number for number in rest if number not in marks]
    undefined = masks.unknown(rest) if names else rest != list(range(len(rest)))
    if not marks or not rest or undefined or len(numbers) > _MAX_VALUES:
        return None
    ignored = [*(value for value in masks.data.ignored if isinstance(value, int)), *marks]
    keys = {"ignore": ignored[0] if len(ignored) == 1 else ignored}
    interpretations = [Interpretation("Pixels to ignore", keys)]
    if not names:
        interpretations.append(Interpretation("Or classes", {"classes": _class_keys((), numbers)}))
    return MaskDiagnosis("mask-ignored", f"masks hold {listed(marks)} beside {listed(rest)}", tuple(interpretations))


def _find_gaps(masks: _Masks) -> MaskDiagnosis | None:
    """Numbers of classes with gaps between them, and pictures that are no masks."""
    numbers, names = sorted(masks.numbers), masks.classes.names
    if numbers == list(range(len(numbers))) and len(numbers) != 256 and not names:
        return None
    if len(numbers) > _MAX_VALUES:
        message = f"masks hold {len(numbers):,} different numbers from {numbers[0]:,} to {numbers[-1]:,}"
        cure = "A mask holds one class number per pixel: are these pictures? Or define which numbers are a class."
        return None if names else MaskDiagnosis("mask-picture", message, cure=cure)
    if names and len(names) != len(numbers):
        return None
    words = "The numbers in the masks" if len(numbers) > 2 else "Background and one class"
    interpretations = [Interpretation(words, {"classes": _class_keys(names, numbers)})]
    possible = range(numbers[-1] + 1) if numbers[-1] < MAX_CLASSES else ()
    absent = [number for number in possible if number not in masks.numbers]
    if absent and 0 < numbers[-1] < _MAX_VALUES and not names:
        keys: dict[str, Any] = {"classes": [f"class {number}" for number in possible]}
        words = "Or more classes, some of which are in no mask"
        if negative := [number for number in numbers if number < 0]:
            keys["ignore"] = negative[0] if len(negative) == 1 else negative
            words += "; negative pixels are ignored"
        interpretations.append(Interpretation(words, keys))
    suffix = f": none holds {listed(absent)}" if absent else ""
    return MaskDiagnosis("mask-gaps", f"masks hold the numbers {listed(numbers)}{suffix}", tuple(interpretations))


def _class_keys(names: Sequence[str], numbers: Sequence[int]) -> list[Any]:
    """The classes with these numbers as in a data file; at least two."""
    if list(numbers) in ([255], [1]) or (len(numbers) == 1 and numbers[0] > 0):
        numbers = [0, *numbers]
    named = enumerate(zip(_class_names(names, numbers), numbers, strict=True))
    return [name if number == index else {"name": name, "values": [number]} for index, (name, number) in named]


def _diagnose_colours(statistics: MaskStatistics, names: Sequence[str]) -> MaskDiagnosis:
    colours = sorted(statistics.colours)
    if len(colours) > _MAX_VALUES:
        reason = "as JPEG produces" if statistics.jpeg else "more than there can be classes"
        cure = "Save them again as PNG with few colours, or with a number per pixel."
        return MaskDiagnosis("mask-colours", f"masks in colour hold {len(colours):,} colours, {reason}", cure=cure)
    marks = [f"#{colour:06x}" for colour in colours]
    named = zip(_class_names(names, marks), marks, strict=True)
    classes = [{"name": name, "colour": mark} for name, mark in named]
    if len(classes) < 2:
        classes.append({"name": "object", "colour": "#ffffff" if colours != [0xFFFFFF] else "#000000"})
    interpretation = Interpretation("A class for each colour", {"classes": classes})
    return MaskDiagnosis("mask-colours", f"masks are in colour: {listed(marks)}", (interpretation,))


def with_diagnosis(diagnosis: MaskDiagnosis | None, faults: Sequence[Fault]) -> Iterator[Fault]:
    """Faults, where the diagnosis replaces those of single masks that it explains."""
    if diagnosis is not None:
        yield diagnosis.fault()
    yield from (fault for fault in faults if diagnosis is None or fault.code not in _EXPLAINED)
