"""Which kind of masks these are, from what was counted in them, and the lines of a data file that say so."""

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

MOST_CLASSES = 64
"""With more numbers or colours than that a mask is no list of classes."""
FEW_OBJECTS, MANY_OBJECTS = 4, 20
"""Connected numbers that vary from mask to mask are objects from the one on, and always above the other."""
NEAR, FAR = 5, 24
"""How far numbers lie from a level where JPEG or resizing changed them: most of them, and nearly all."""
REPLACED = ("class-range", "mask-colours")
"""The faults of single masks in whose place the one of all stands."""


@dataclass(frozen=True)
class Interpretation:
    """One way to read masks: in words, and the keys of a data file that say so."""

    words: str
    keys: Mapping[str, Any]

    @property
    def lines(self) -> list[str]:
        """The lines of a data file."""
        return [line for key, value in self.keys.items() for line in written(key, value)]


@dataclass(frozen=True)
class MaskDiagnosis:
    """What was recognised: a code and a message, and the ways to read it, the likeliest first."""

    code: str
    message: str
    readings: tuple[Interpretation, ...] = ()
    cure: str = ""

    def fault(self) -> Fault:
        """Returns the fault that shows the lines to write."""
        lines = [line for one in self.readings for line in (f"{one.words}:", *one.lines)]
        cure = self.cure or f"Write {'one of these' if len(self.readings) > 1 else 'this'} in the data file."
        return Fault(self.code, self.message, "dataset.masks", cure, lines=tuple(lines))


def written(key: str, value: Any) -> list[str]:
    """Returns a key with its value as lines of YAML.

    >>> written("classes", ["background", {"name": "object", "values": [255]}])
    ['classes: [background, {name: object, values: [255]}]']
    """
    if isinstance(value, list) and len(value) > 4:
        return [f"{key}:", *(f"  - {flow(one)}" for one in value)]
    return [f"{key}: {flow(value)}"]


def flow(value: Any) -> str:
    """Returns a value as YAML on one line."""
    text: str = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=1 << 30, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...")


def recognised(data: DataSpec, classes: ClassMap) -> MaskDiagnosis | None:
    """Returns what the masks of a data set are where its data file does not say it; None where nothing is to be said.

    Everything was read before, so that what was counted is all that there is.
    """
    survey = classes.survey
    ignored = {one for one in data.ignored if isinstance(one, int)}
    numbers = Counter({number: count for number, count in survey.numbers.items() if number not in ignored})
    if survey.colours:
        return None if classes.colours is not None or numbers else of_colours(survey, classes.names)
    if classes.names and not unknown(numbers, classes):
        return None
    if len(numbers) < 2 and not unknown(numbers, classes) and not any(numbers):
        return None
    for find in (of_objects, of_levels, of_two_scales, of_ignored, of_gaps):
        found = find(data, survey, numbers, classes)
        if found is not None:
            return found
    return None


def unknown(numbers: Counter[int], classes: ClassMap) -> list[int]:
    """Returns the numbers that no class has."""
    every = np.array(sorted(min(number, 1 << 62) for number in numbers), np.int64)
    found: list[int] = every[classes.of_numbers(every) == NO_CLASS].tolist()
    return found


def class_names(names: Sequence[str], marks: Sequence[object]) -> list[str]:
    """Returns names for the classes of some marks: those that are given, where they are as many."""
    if len(names) == len(marks):
        return list(names)
    if len(marks) == 2:
        return ["background", "object"]
    return ["background" if mark in (0, "#000000") else f"class {mark}" for mark in marks]


def of_objects(
    data: DataSpec, survey: MaskStatistics, numbers: Counter[int], classes: ClassMap
) -> MaskDiagnosis | None:
    """Recognises masks that number objects: each number is one connected object, and how many there are varies."""
    above = [number for number in numbers if number > 0]
    several = len({count for count, _ in survey.nonzero}) > 1 and all(plain for _, plain in survey.nonzero)
    if survey.jpeg or not survey.connected or any(number < 0 for number in numbers) or len(classes.names) > 2:
        return None
    if not (len(above) > MANY_OBJECTS or (several and len(above) >= FEW_OBJECTS)):
        return None
    last = next(end for end in ((1 << 8) - 1, (1 << 16) - 1, (1 << 31) - 1) if end >= max(above))
    first, second = class_names(classes.names, (0, 1))
    said: dict[str, Any] = {"classes": [first, {"name": second, "values": [f"1..{last}"]}]}
    own = written_form(data.dataset, data.types)
    if "masks" in own and "instances" not in own:
        said["dataset"] = own | {"instances": own["masks"]}
    readings = [Interpretation("Objects of one class, whose borders are known", said)]
    if len(above) <= MANY_OBJECTS:
        every = [*range(max(above) + 1)]
        readings.append(Interpretation("Or classes", {"classes": [f"class {number}" for number in every]}))
    message = f"masks number their objects: each of {listed(sorted(above))} is one connected object"
    return MaskDiagnosis("mask-instances", message, tuple(readings))


def of_levels(data: DataSpec, survey: MaskStatistics, numbers: Counter[int], classes: ClassMap) -> MaskDiagnosis | None:
    """Recognises a few levels with numbers near them, as JPEG and resizing make."""
    levels = levels_of(numbers)
    fits = not classes.names or len(levels) == len(classes.names)
    if len(levels) < 2 or len(numbers) < 2 * len(levels) + 2 or min(numbers) < 0 or not fits:
        return None
    ends = [(low + high) // 2 for low, high in pairwise(levels)]
    spans = zip([0, *(end + 1 for end in ends)], [*ends, max(255, *numbers)], strict=True)
    names = class_names(classes.names, levels)
    said = [{"name": name, "values": [f"{a}..{b}"]} for name, (a, b) in zip(names, spans, strict=True)]
    made = "as JPEG makes" if survey.jpeg else "as resizing or JPEG makes"
    message = f"masks hold {listed(levels)} and {len(numbers) - len(levels)} numbers near or between them, {made}"
    return MaskDiagnosis("mask-levels", message, (Interpretation("The nearest level is the class", {"classes": said}),))


def levels_of(numbers: Counter[int]) -> list[int]:
    """Returns the numbers around which all others lie, in order; none where there are no such.

    >>> levels_of(Counter({0: 900, 1: 20, 3: 5, 250: 8, 253: 6, 255: 60}))
    [0, 255]
    """
    if len(numbers) > 1 << 10:
        return []
    total, levels = numbers.total(), list[int]()
    for level, count in numbers.most_common():
        near, around = (mass(numbers, level, reach) for reach in (NEAR, FAR))
        least = total / 10_000 if level in (0, 255) else total / 250  # of a level between them there is more
        if count >= least and near * 5 >= around * 2 and all(abs(level - other) > FAR for other in levels):
            levels.append(level)
    covered = sum(mass(numbers, level, FAR) for level in levels)
    return sorted(levels) if covered * 20 >= total * 17 else []


def mass(numbers: Counter[int], level: int, reach: int) -> int:
    """Returns the pixels whose number is near a level."""
    return sum(numbers[number] for number in range(level - reach, level + reach + 1))


def of_two_scales(
    data: DataSpec, survey: MaskStatistics, numbers: Counter[int], classes: ClassMap
) -> MaskDiagnosis | None:
    """Recognises masks of two classes of which some hold 0 and 1, others 0 and 255."""
    mixed = set(numbers) == {0, 1, 255} and not any({1, 255} <= one for one in survey.together)
    if not mixed or len(classes.names) not in (0, 2):
        return None
    first, second = class_names(classes.names, (0, 1))
    said = {"classes": [first, {"name": second, "values": [1, 255]}]}
    message = "some masks hold 0 and 1, others 0 and 255"
    return MaskDiagnosis("mask-scales", message, (Interpretation("One class in both", said),))


def of_ignored(
    data: DataSpec, survey: MaskStatistics, numbers: Counter[int], classes: ClassMap
) -> MaskDiagnosis | None:
    """Recognises numbers that commonly stand for pixels without a class: negative ones, and 255 above the others."""
    negative = [number for number in sorted(numbers) if number < 0]
    rest = [number for number in sorted(numbers) if number >= 0]
    odd = negative or (rest[-1:] if rest[-1:] == [255] and len(rest) > 2 else [])
    rest = [number for number in rest if number not in odd]
    left = unknown(Counter(rest), classes) if classes.names else rest != list(range(len(rest)))
    if not odd or not rest or left or len(numbers) > MOST_CLASSES:
        return None
    said = [*(one for one in data.ignored if isinstance(one, int)), *odd]
    readings = [Interpretation("Pixels that count nowhere", {"ignore": said[0] if len(said) == 1 else said})]
    if not classes.names:
        readings.append(Interpretation("Or classes", {"classes": class_keys((), sorted(numbers))}))
    message = f"masks hold {listed(odd)} beside {listed(rest)}"
    return MaskDiagnosis("mask-ignored", message, tuple(readings))


def of_gaps(data: DataSpec, survey: MaskStatistics, numbers: Counter[int], classes: ClassMap) -> MaskDiagnosis | None:
    """Recognises numbers of classes with gaps between them, and pictures that are no masks."""
    found = sorted(numbers)
    if found == list(range(len(found))) and len(found) != 256 and not classes.names:
        return None
    if len(found) > MOST_CLASSES:
        message = f"masks hold {len(found):,} different numbers from {found[0]:,} to {found[-1]:,}"
        cure = "A mask holds one class number per pixel: are these pictures? Or say which numbers are a class."
        return None if classes.names else MaskDiagnosis("mask-picture", message, cure=cure)
    if classes.names and len(classes.names) != len(found):
        return None
    words = "The numbers that there are" if len(found) > 2 else "Background and one class"
    readings = [Interpretation(words, {"classes": class_keys(classes.names, found)})]
    absent = [number for number in range(found[-1] + 1) if number not in numbers] if found[-1] < MAX_CLASSES else []
    if absent and found[-1] < MOST_CLASSES and not classes.names and found[-1] > 0:
        said: dict[str, Any] = {"classes": [f"class {number}" for number in range(found[-1] + 1)]}
        words = "Or more classes, some of which no mask has"
        if below := [number for number in found if number < 0]:
            said["ignore"] = below[0] if len(below) == 1 else below
            words += "; pixels below 0 count nowhere"
        readings.append(Interpretation(words, said))
    none = f": none holds {listed(absent)}" if absent else ""
    return MaskDiagnosis("mask-gaps", f"masks hold the numbers {listed(found)}{none}", tuple(readings))


def class_keys(names: Sequence[str], numbers: Sequence[int]) -> list[Any]:
    """Returns the classes of some numbers as in a data file; at least two."""
    if list(numbers) in ([255], [1]) or (len(numbers) == 1 and numbers[0] > 0):
        numbers = [0, *numbers]
    said = enumerate(zip(class_names(names, numbers), numbers, strict=True))
    return [name if number == place else {"name": name, "values": [number]} for place, (name, number) in said]


def of_colours(survey: MaskStatistics, names: Sequence[str]) -> MaskDiagnosis | None:
    """Recognises the colours of masks in colour."""
    found = sorted(survey.colours)
    if len(found) > MOST_CLASSES:
        what = "as JPEG makes" if survey.jpeg else "more than classes have"
        cure = "Save them again as PNG with few colours, or with a number per pixel."
        return MaskDiagnosis("mask-colours", f"masks in colour hold {len(found):,} colours, {what}", cure=cure)
    marks = [f"#{colour:06x}" for colour in found]
    named = class_names(names, marks)
    said = [{"name": name, "colour": mark} for name, mark in zip(named, marks, strict=True)]
    if len(said) < 2:
        said.append({"name": "object", "colour": "#ffffff" if found != [0xFFFFFF] else "#000000"})
    message = f"masks are in colour: {listed(marks)}"
    return MaskDiagnosis("mask-colours", message, (Interpretation("A class for each colour", {"classes": said}),))


def merged(finding: MaskDiagnosis | None, faults: Sequence[Fault]) -> Iterator[Fault]:
    """Yields faults; what was recognised stands in place of those of single masks that it explains."""
    if finding is not None:
        yield finding.fault()
    yield from (fault for fault in faults if finding is None or fault.code not in REPLACED)
