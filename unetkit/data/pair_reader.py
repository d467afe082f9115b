"""Reads pairs as a data spec says, one at a time, with the facts that a check reports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from unetkit.data.dataset import ImageEntry
from unetkit.data.labels.classes import ClassMap
from unetkit.data.labels.mask_statistics import count_values
from unetkit.data.pairs import UNLABELLED, Pair, PairDigests
from unetkit.data.spec import DataSpec
from unetkit.data.vectors import VectorTable
from unetkit.errors import Fault, FileError, UnetkitError
from unetkit.host import num_cores
from unetkit.imagefiles.guard import guarded
from unetkit.imagefiles.numbers import for_network
from unetkit.quoting import one_line

_MAX_THREADS = 8
"""Threads that read files; they wait for disks and decompress, both outside Python's lock."""
_NO_SPACING = "Give files that have it (NIfTI, OME-TIFF, ImageJ TIFF, OME-Zarr), or set spacing: native."


@dataclass(frozen=True)
class PairFacts:
    """Facts of a pair: its size, the range of its intensities, and the pixels of each class, also of UNLABELLED."""

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
class PairReader:
    """Reads pairs as a data spec says; `keep`: `check` yields the pairs too."""

    data: DataSpec
    classes: ClassMap
    entries: dict[str, ImageEntry]
    vectors: VectorTable
    keep: bool = False

    def load(self, name: str) -> Pair:
        """The pair with a name; raises FileError where it cannot be read or does not fit together."""
        entry, take = self.entries[name], self.data.take
        with guarded(Path(name)):  # a plugin's data set may raise anything
            raw = entry.read()
        pixels = for_network(raw.image if take is None else raw.image[list(take)], name)
        labels = self.classes.labels(raw.mask, self.data.dims, entry.mask)
        if not labels.size:
            raise FileError(Fault("image-empty", f"the image of {name} has no pixels", cure="Remove it."))
        if not (labels != UNLABELLED).any():
            message = f"{entry.mask} labels no pixel: all are ignored"
            raise FileError(Fault("mask-empty", message, cure="Remove it, with its image."))
        instances = None if raw.instances is None else np.ascontiguousarray(raw.instances, np.int64)
        if raw.spacing is None and self.data.spacing != "native":
            message = f"the image of {name} lacks the distance between its samples"
            raise FileError(Fault("no-spacing", message, "spacing", _NO_SPACING))
        metadata = (raw.spacing, raw.unit, raw.axis_codes, raw.notes, str(raw.image.dtype))
        vectors = {vector: np.array(values, np.float32) for vector, values in self.vectors.of(name).items()}
        return Pair(name, pixels, labels, instances, *metadata, vectors=vectors)

    def check(self) -> Iterator[tuple[PairFacts | tuple[Fault, ...], Pair | None]]:
        """For each name, in order, the facts of its pair and the pair itself, or its faults."""
        with ThreadPoolExecutor(min(_MAX_THREADS, num_cores())) as threads:
            yield from threads.map(self._check_pair, self.entries)

    def _check_pair(self, name: str) -> tuple[PairFacts | tuple[Fault, ...], Pair | None]:
        try:
            pair = self.load(name)
        except UnetkitError as error:
            return tuple(_with_file(fault, (self.entries[name].mask, name)) for fault in error.faults), None
        values, pixels = count_values(pair.labels)
        facts = PairFacts(
            name,
            pair.size,
            dict(zip(values.tolist(), pixels.tolist(), strict=True)),
            float(pair.image.min()),
            float(pair.image.max()),
            pair.spacing,
            pair.unit,
            pair.axis_codes,
            pair.notes,
            pair.digests,
        )
        return facts, pair if self.keep else None


def _with_file(fault: Fault, files: Iterable[str]) -> Fault:
    """A fault with the first of some files that its message names, unless it has a file."""
    named = (file for file in map(one_line, files) if file and file in fault.message)
    return fault if fault.file else replace(fault, file=next(named, ""))
