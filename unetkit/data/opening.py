"""From a data spec to pairs: everything is read and checked once, and all faults are reported together."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from unetkit.data.dataset import ImageEntry
from unetkit.data.labels.classes import COLOURS, ClassMap
from unetkit.data.labels.recognition import diagnose, with_diagnosis
from unetkit.data.loading import load_data
from unetkit.data.normalization import Normalization
from unetkit.data.pair_reader import PairFacts, PairReader
from unetkit.data.pairs import LazyPairs, Pair, Pairs, Splits
from unetkit.data.spec import DataSpec
from unetkit.data.splits.split import BlockSplit, Division
from unetkit.data.vectors import VectorTable
from unetkit.errors import Fault, FileError, UnetkitError
from unetkit.imagefiles import merge_alike
from unetkit.imagefiles.open_files import OPEN_FILES

_Advance = Callable[[int, int], None]
"""Called with the number of pairs that are read, and the number of all."""


@dataclass(frozen=True)
class DataCheck:
    """All pairs of a data spec, each with its facts or its faults."""

    facts: tuple[PairFacts, ...]
    faults: tuple[Fault, ...]
    splits: Splits | None
    """None where there are faults."""


def read_data(source: str, *, channels: int = 1, ignore: int | None = None, dims: int | None = None) -> Splits:
    """The pairs of a data file, of a folder of images and masks, or of `mni`.

    `channels`, `ignore` and `dims` are for a folder; the others define them themselves.
    """
    changes = (f"channels={channels}",) if Path(source).is_dir() else ()
    return open_data(find_data(source, ignore=ignore, changes=changes, dims=dims))


def find_data(
    source: str, *, ignore: int | None = None, changes: Sequence[str] = (), dims: int | None = None
) -> DataSpec:
    """The data spec of a data file, of a folder of images and masks, or of `mni`.

    `changes` are settings such as `channels=3`; `ignore` is the number of ignored pixels in masks; `dims` is the number
    of spatial axes of a folder's images.
    """
    if source == "mni" and ignore is not None:
        message = "mni labels every pixel: there is no class to ignore"
        raise FileError(Fault("no-effect", message, cure="Remove ignore."))
    return load_data(source, [*changes, *([] if ignore is None else [f"ignore={ignore}"])], dims=dims)


def open_data(data: DataSpec) -> Splits:
    """The pairs of a data spec, divided. Each is read once, now, and kept in memory if the spec says so.

    Raises FileError with all files that are missing, cannot be read, or do not fit together.
    """
    check = check_data(data, keep=True)
    if check.splits is None:
        raise FileError(*check.faults)
    return check.splits


def check_data(
    data: DataSpec,
    advance: _Advance = lambda done, total: None,
    *,
    to_train: bool = False,
    keep: bool = False,
) -> DataCheck:
    """Reads and checks all pairs; `to_train`: a lack of training images is a fault too.

    `keep`: images stay in memory, if the data spec says so. Raises FileError where the files cannot be listed.
    """
    orientation = data.dataset.orientation(data.read_options)
    entries = _by_name(data.dataset.entries(replace(data.read_options, orientation=orientation or "native")))
    faults: list[Fault] = []
    try:
        division = _divide(data, list(entries))
        if to_train and not division[0]:
            message, key = "there are no images for training", "split" if data.split else "dataset"
            raise FileError(Fault("split-empty", message, key, "Add some."))
    except UnetkitError as error:
        faults += error.faults
    vectors = _read_vectors(data, list(entries), faults)
    reader = PairReader(data, ClassMap.of(data), entries, vectors, keep and data.cache)
    cache: dict[str, Pair] | None = {} if data.cache else None
    facts: list[PairFacts] = []
    for done, (result, pair) in enumerate(reader.check(), 1):
        advance(done, len(entries))
        if isinstance(result, PairFacts):
            facts.append(result)
            if cache is not None and pair is not None:
                cache[result.name] = pair
        else:
            faults += result
    OPEN_FILES.clear()
    classes = reader.classes
    classes.statistics.closed = True
    faults = merge_alike(with_diagnosis(diagnose(data, classes), faults))
    if faults:
        return DataCheck(tuple(facts), tuple(faults), None)
    names = classes.names or _found_classes(facts)
    colours = classes.display_colours or tuple(COLOURS[index % len(COLOURS)] for index in range(len(names)))
    about = data.keys.source or data.name
    train, validation, test = (
        Pairs(LazyPairs(tuple(part), reader.load, cache), names, about, colours, orientation) for part in division
    )
    digests = {each.name: each.digests for each in facts if each.digests is not None}
    resolved = data.resolve()
    recipe = json.dumps({key: resolved[key] for key in ("normalization", "spacing")}, sort_keys=True)
    return DataCheck(tuple(facts), (), Splits(train, validation, test, recipe, digests))


def _read_vectors(data: DataSpec, names: list[str], faults: list[Fault]) -> VectorTable:
    """The vectors of all images; without those whose faults are collected."""
    sources = list(data.vectors.values())
    for source in tuple(sources):
        try:
            source.read(data.folder, names)
        except FileError as error:
            sources.remove(source)
            faults += error.faults
    return VectorTable(sources, data.folder, names)


def _by_name(entries: Iterable[ImageEntry]) -> dict[str, ImageEntry]:
    """Entries by their names; raises FileError where two have the same."""
    by_name: dict[str, ImageEntry] = {}
    faults = []
    for entry in entries:
        other = by_name.setdefault(entry.name, entry)
        if other is not entry:
            files = f"that of {other.mask or 'one'} and that of {entry.mask or 'another'}"
            message = f"two pairs are called {entry.name}: {files}"
            faults.append(Fault("twice", message, "dataset", "Rename one, or leave it out."))
    if faults:
        raise FileError(*faults)
    return by_name


def _divide(data: DataSpec, names: list[str]) -> Division:
    """The names of each part, by the data spec, by the data set, or else with the last fifth for test."""
    if data.split is not None:
        return data.split.divide(names, data.folder)
    own = data.dataset.parts(names)
    if own is not None:
        return own
    return BlockSplit().divide(names, data.folder) if len(names) > 1 else (names, [], [])


def _found_classes(facts: Iterable[PairFacts]) -> tuple[str, ...]:
    """Names for the classes in masks."""
    highest = max(max(each.counts) for each in facts)
    return tuple(f"class {index}" for index in range(max(2, highest + 1)))


def normalization_of(data: DataSpec, pairs: Pairs) -> Normalization:
    """The normalization of a data spec, measured on these pairs where its parameters are not given."""
    return data.normalization.fixed() or data.normalization.measured(pairs)
