"""Images with a class per pixel: what every network here learns from."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from math import ceil
from typing import Any, NamedTuple, Self, overload

import numpy as np
from numpy.typing import NDArray

from unetkit.errors import Fault, FileError, UnetkitError

UNLABELLED = -100  # what torch.nn.functional.cross_entropy leaves out unless told otherwise
Colour = tuple[int, int, int]


class PairDigests(NamedTuple):
    """The sha256 of an image with its spacing, and of its labels with its instances, in hexadecimal."""

    image: str
    labels: str


@dataclass(frozen=True)
class Pair:
    """One image (channels, *spatial) in grey levels, and its labels (*spatial), integers.

    Both are in a type of few bytes: the image's own where that has 8 or 16 bit, else float32.
    `instances` numbers the objects (*spatial) from 1, where they are known. `spacing` is the distance between samples
    per axis, in `unit`; "" where the file names none. `axis_codes` are those of the file, `notes` as in `Raw`,
    `dtype` is the stored type of the image.
    """

    name: str
    image: NDArray[Any]
    labels: NDArray[np.integer]
    instances: NDArray[np.int64] | None = None
    spacing: tuple[float, ...] | None = None
    unit: str = ""
    axis_codes: str = ""
    notes: tuple[str, ...] = ()
    dtype: str = ""

    @property
    def size(self) -> tuple[int, ...]:
        """The size of the image, without its channels."""
        return self.labels.shape

    @property
    def digests(self) -> PairDigests:
        """The digests of all that the pair holds but its name, whatever types its arrays are kept in."""
        about = repr((self.image.shape, self.spacing))
        levels = "<u2" if self.image.dtype.kind == "u" else "<i2" if self.image.dtype.kind == "i" else "<f4"
        labels = [(self.labels, "<i2"), *([] if self.instances is None else [(self.instances, "<i4")])]
        return PairDigests(digest_of(about, [(self.image, levels)]), digest_of("", labels))


def digest_of(about: str, arrays: Sequence[tuple[NDArray[Any], str]]) -> str:
    """Returns the sha256, in hexadecimal, of a text and of arrays, each in a type; plane by plane, to save memory.

    Axes are taken as they lie in memory, and their order is a part of the digest.
    """
    made = sha256(about.encode())
    for array, kind in arrays:
        order = sorted(range(array.ndim), key=lambda axis: (array.shape[axis] > 1, -array.strides[axis], axis))
        made.update(repr((kind, order)).encode())
        pile = array.transpose(order).reshape(-1, *(array.shape[axis] for axis in order[-2:]))
        for plane in pile:
            made.update(np.ascontiguousarray(plane, np.dtype(kind)).data)
    return made.hexdigest()


@dataclass(frozen=True)
class LazyPairs(Sequence[Pair]):
    """Pairs that are read when they are asked for, and kept where `kept` is a dict."""

    names: tuple[str, ...]
    load: Callable[[str], Pair]
    kept: dict[str, Pair] | None = None

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, index: int) -> Pair: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Pair]: ...
    def __getitem__(self, index: int | slice) -> Pair | Sequence[Pair]:
        if isinstance(index, slice):
            return replace(self, names=self.names[index])
        name = self.names[index]
        if self.kept is None:
            return self.load(name)
        if name not in self.kept:
            self.kept[name] = self.load(name)
        return self.kept[name]


@dataclass(frozen=True, repr=False)
class Pairs(Sequence[Pair]):
    """Pairs that share their classes, which may have colours. `about` says what the images are, for reports.

    `orientation` has the axis codes that all were brought to; "" where they are as in their files.
    """

    items: Sequence[Pair]
    classes: tuple[str, ...]
    about: str = ""
    colours: tuple[Colour, ...] = ()
    orientation: str = ""

    def __len__(self) -> int:
        return len(self.items)

    def __repr__(self) -> str:
        return f"<{len(self)} pairs of {', '.join(self.classes)}>"

    def __iter__(self) -> Iterator[Pair]:
        return iter(self.items)

    @overload
    def __getitem__(self, index: int) -> Pair: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Pair]: ...
    def __getitem__(self, index: int | slice) -> Pair | Sequence[Pair]:
        return self.items[index]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the pairs; nothing is read for them."""
        return self.items.names if isinstance(self.items, LazyPairs) else tuple(pair.name for pair in self.items)

    def subset(self, fraction: float, seed: int = 0) -> Self:
        """Returns a share of the pairs, at least one; what a smaller share has, a larger one of the same seed has too.

        Raises UnetkitError for a share that is not above 0 and at most 1.
        """
        if not 0 < fraction <= 1:
            raise UnetkitError(Fault("wrong-value", f"fraction {fraction} is not above 0 and at most 1", "fraction"))
        order = list(range(len(self)))
        random.Random(seed).shuffle(order)
        kept = sorted(order[: ceil(fraction * len(self) - 1e-9)])
        if isinstance(self.items, LazyPairs):
            return replace(self, items=replace(self.items, names=tuple(self.items.names[index] for index in kept)))
        return replace(self, items=tuple(self.items[index] for index in kept))


@dataclass(frozen=True)
class Splits:
    """The pairs to learn from, those to choose settings by, and those to report; the last two may be empty."""

    train: Pairs
    validation: Pairs
    test: Pairs
    recipe: str = field(default="", repr=False)
    """What else of the data spec has a say in what a network sees, for the fingerprint."""

    digests: Mapping[str, PairDigests] = field(default_factory=dict, repr=False)
    """By name, the digests of pairs, where they were found while the pairs were read."""

    def part(self, name: str, source: str) -> Pairs:
        """Returns the train, validation or test pairs of the data called `source`; raises FileError without any."""
        parts: dict[str, Pairs] = {"train": self.train, "validation": self.validation, "test": self.test}
        if not parts[name]:
            held = [f"--split {other} ({len(pairs)})" for other, pairs in parts.items() if pairs]
            cure = f"Choose others: {' or '.join(reversed(held))}."
            raise FileError(Fault("no-images", f"{source} has no {name} images", cure=cure))
        return parts[name]

    def digests_of(self, part: Pairs) -> dict[str, PairDigests]:
        """Returns the digests of the pairs of a part by name; pairs whose digests are not known are read."""
        if all(name in self.digests for name in part.names):
            return {name: self.digests[name] for name in part.names}
        return {pair.name: pair.digests for pair in part}

    @cached_property
    def fingerprint(self) -> str:
        """The sha256, in hexadecimal, of all images, labels and classes, of their division, and of the recipe."""
        parts = [list(self.digests_of(part).items()) for part in (self.train, self.validation, self.test)]
        return sha256(json.dumps([parts, self.train.classes, self.recipe]).encode()).hexdigest()
