"""From a data spec to pairs: everything is read once and checked, and all that is wrong is told at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from unetkit.data.dataset import ImageEntry
from unetkit.data.labels.classes import ClassMap
from unetkit.data.labels.colours import COLOURS
from unetkit.data.labels.counting import counted
from unetkit.data.labels.recognition import merged, recognised
from unetkit.data.normalization import Normalization
from unetkit.data.pairs import UNLABELLED, LazyPairs, Pair, PairDigests, Pairs, Splits
from unetkit.data.spec import DataSpec
from unetkit.data.splits.split import BlockSplit, Division
from unetkit.errors import Fault, FileError, UnetkitError
from unetkit.host import num_cores
from unetkit.imagefiles import merge_alike
from unetkit.imagefiles.guard import guarded
from unetkit.imagefiles.numbers import for_network
from unetkit.imagefiles.open_files import OPEN_FILES
from unetkit.quoting import one_line

THREADS = 8
"""At most, to read files with; they wait for disks and unpack, both outside Python's lock."""

NO_SPACING = "Give files that say it (NIfTI, OME-TIFF, ImageJ TIFF, OME-Zarr), or set spacing: native."

Advance = Callable[[int, int], None]
"""Is told how many pairs are read, and how many there are."""


@dataclass(frozen=True)
class PairFacts:
    """What is known of a pair that was read: its size, and the pixels of each class, UNLABELLED among them."""

    name: str
    size: tuple[int, ...]
    counts: dict[int, int]
    low: float
    high: float
    spacing: tuple[float, ...] | None = None
    unit: str = ""
    axis_codes: str = ""
    notes: tuple[str, ...] = ()
    digests: PairDigests | None = None


@dataclass(frozen=True)
class DataCheck:
    """All pairs of a data spec, each with its facts or its faults."""

    facts: tuple[PairFacts, ...]
    faults: tuple[Fault, ...]
    splits: Splits | None
    """None where something is wrong."""


def open_data(data: DataSpec) -> Splits:
    """Returns the pairs that a data spec asks for, divided. Each is read once, now, and kept if the spec says so.

    Raises FileError with all files that are missing, cannot be read, or do not fit together.
    """
    checked = check_data(data, keep=True)
    if checked.splits is None:
        raise FileError(*checked.faults)
    return checked.splits


def check_data(
    data: DataSpec,
    advance: Advance = lambda done, total: None,
    *,
    to_train: bool = False,
    keep: bool = False,
) -> DataCheck:
    """Returns what is there and what is wrong with it; `to_train`: also that no image is there to train with.

    `keep`: images stay in memory, if the data spec says so. Raises FileError where not even a list of files can be had.
    """
    orientation = data.dataset.orientation(data.asked)
    asked = replace(data.asked, orientation=orientation or "native")
    entries = by_name(data.dataset.entries(asked))
    faults: list[Fault] = []
    try:
        division = divide(data, list(entries))
        if to_train and not division[0]:
            message = "there is no image to train with"
            raise FileError(Fault("split-empty", message, "split" if data.split else "dataset", "Give images for it."))
    except UnetkitError as error:
        faults += error.faults
    reader = PairReader(data, ClassMap.of(data), entries, keep and data.cache)
    kept: dict[str, Pair] | None = {} if data.cache else None
    facts: list[PairFacts] = []
    for done, (one, pair) in enumerate(reader.check(list(entries)), 1):
        advance(done, len(entries))
        if isinstance(one, PairFacts):
            facts.append(one)
            if kept is not None and pair is not None:
                kept[one.name] = pair
        else:
            faults += one
    OPEN_FILES.clear()
    reader.classes.survey.closed = True
    faults = merge_alike(merged(recognised(data, reader.classes), faults))
    if faults:
        return DataCheck(tuple(facts), tuple(faults), None)
    names = reader.classes.names or found_classes(facts)
    about = data.keys.source or data.name
    shown = reader.classes.shown or tuple(COLOURS[index % len(COLOURS)] for index in range(len(names)))
    train, validation, test = (
        Pairs(LazyPairs(tuple(part), reader.load, kept), names, about, shown, orientation) for part in division
    )
    digests = {one.name: one.digests for one in facts if one.digests is not None}
    return DataCheck(tuple(facts), (), Splits(train, validation, test, recipe(data), digests))


def by_name(entries: Iterable[ImageEntry]) -> dict[str, ImageEntry]:
    """Returns pairs by their names; raises FileError where two have one."""
    found: dict[str, ImageEntry] = {}
    faults = []
    for one in entries:
        other = found.setdefault(one.name, one)
        if other is not one:
            message = (
                f"two pairs are called {one.name}: that of {other.mask or 'one'} and that of {one.mask or 'another'}"
            )
            faults.append(Fault("twice", message, "dataset", "Rename one, or leave it out."))
    if faults:
        raise FileError(*faults)
    return found


def divide(data: DataSpec, names: list[str]) -> Division:
    """Returns the names of each part: as the data spec says, as the data set says, or the last fifth for test."""
    if data.split is not None:
        return data.split.divide(names, data.folder)
    own = data.dataset.parts(names)
    if own is not None:
        return own
    return BlockSplit().divide(names, data.folder) if len(names) > 1 else (names, [], [])


def recipe(data: DataSpec) -> str:
    """Returns what of a data spec has a say beside images, labels, classes and division."""
    resolved = data.resolve()
    return json.dumps({key: resolved[key] for key in ("normalization", "spacing")}, sort_keys=True)


def found_classes(facts: Iterable[PairFacts]) -> tuple[str, ...]:
    """Returns names for the classes that masks hold."""
    highest = max(max(one.counts) for one in facts)
    return tuple(f"class {index}" for index in range(max(2, highest + 1)))


def normalization_of(data: DataSpec, pairs: Pairs) -> Normalization:
    """Returns how images are normalised: as the data spec says, by numbers measured on these pairs where it says so."""
    return data.normalization.fixed() or data.normalization.measured(pairs)


@dataclass(frozen=True)
class PairReader:
    """Reads pairs as a data spec says."""

    data: DataSpec
    classes: ClassMap
    entries: dict[str, ImageEntry]
    keep: bool = False
    """Whether pairs that were checked are kept."""

    def load(self, name: str) -> Pair:
        """Returns a pair; raises FileError where it cannot be read or does not fit together."""
        entry, take = self.entries[name], self.data.take
        with guarded(Path(name)):  # a data set of a plugin may raise what it likes
            raw = entry.read()
        image = raw.image if take is None else raw.image[list(take)]
        pixels = for_network(image, name)
        labels = self.classes.labels(raw.mask, self.data.dims, entry.mask)
        if not labels.size:
            raise FileError(Fault("image-empty", f"the image of {name} has no pixels", cure="Remove it."))
        if not (labels != UNLABELLED).any():
            message = f"{entry.mask} labels no pixel: all are ignored"
            raise FileError(Fault("mask-empty", message, cure="Remove it, with its image."))
        instances = None if raw.instances is None else np.ascontiguousarray(raw.instances, np.int64)
        if raw.spacing is None and self.data.spacing != "native":
            message = f"the image of {name} does not say the distance between its samples"
            raise FileError(Fault("no-spacing", message, "spacing", NO_SPACING))
        about = (raw.spacing, raw.unit, raw.axis_codes, raw.notes, str(raw.image.dtype))
        return Pair(name, pixels, labels, instances, *about)

    def check(self, names: list[str]) -> Iterator[tuple[PairFacts | tuple[Fault, ...], Pair | None]]:
        """Yields for each name, in order, the facts of its pair with the pair itself, or its faults."""
        with ThreadPoolExecutor(min(THREADS, num_cores())) as threads:
            yield from threads.map(partial(self.facts), names)

    def facts(self, name: str) -> tuple[PairFacts | tuple[Fault, ...], Pair | None]:
        """Returns the facts of a pair, or its faults; the pair where it is to be kept."""
        try:
            pair = self.load(name)
        except UnetkitError as error:
            return tuple(with_file(fault, (self.entries[name].mask, name)) for fault in error.faults), None
        counts = dict(zip(*(found.tolist() for found in counted(pair.labels)), strict=True))
        levels = float(pair.image.min()), float(pair.image.max())
        one = PairFacts(
            name, pair.size, counts, *levels, pair.spacing, pair.unit, pair.axis_codes, pair.notes, pair.digests
        )
        return one, pair if self.keep else None


def with_file(fault: Fault, files: Iterable[str]) -> Fault:
    """Returns a fault with the first of some files that its message names, unless it has one already."""
    named = (file for file in map(one_line, files) if file and file in fault.message)
    return fault if fault.file else replace(fault, file=next(named, ""))
