"""Images with a class per pixel, the data that networks learn from."""

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

UNLABELLED = -100  # the default ignore_index of torch.nn.functional.cross_entropy
Colour = tuple[int, int, int]


class PairDigests(NamedTuple):
    """The sha256 of an image with its spacing, and of its labels with its instances, in hexadecimal."""

    image: str
    labels: str


@dataclass(frozen=True)
class Pair:
    """One image (channels, *spatial), not normalised, and its integer labels (*spatial).

    Both have a compact type: that of the file if it has 8 or 16 bits, else float32. `instances` (*spatial) numbers the
    objects from 1, where they are known. `spacing` is the distance between samples per axis, in `unit`, "" if it is
    unknown. `axis_codes` are those of the file, `notes` as in `RawPair`, `dtype` is the stored type of the image.
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
    vectors: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    """The values of each vector beside the image, by name."""

    @property
    def size(self) -> tuple[int, ...]:
        """The spatial size of the image."""
        return self.labels.shape

    @property
    def digests(self) -> PairDigests:
        """The digests of everything but the name, independent of the types of the arrays."""
        vectors = [(name, values.tolist()) for name, values in sorted(self.vectors.items())]
        header = repr((self.image.shape, self.spacing, *([vectors] if vectors else [])))
        image_type = "<u2" if self.image.dtype.kind == "u" else "<i2" if self.image.dtype.kind == "i" else "<f4"
        labels = [(self.labels, "<i2"), *([] if self.instances is None else [(self.instances, "<i4")])]
        return PairDigests(_digest_of(header, [(self.image, image_type)]), _digest_of("", labels))


def _digest_of(header: str, arrays: Sequence[tuple[NDArray[Any], str]]) -> str:
    """The sha256, in hexadecimal, of a text and of arrays, each converted to a type, plane by plane to save memory.

    Axes are hashed in memory order, and their order is a part of the digest.
    """
    digest = sha256(header.encode())
    for array, dtype in arrays:
        order = sorted(range(array.ndim), key=lambda axis: (array.shape[axis] > 1, -array.strides[axis], axis))
        digest.update(repr((dtype, order)).encode())
        for plane in array.transpose(order).reshape(-1, *(array.shape[axis] for axis in order[-2:])):
            digest.update(np.ascontiguousarray(plane, np.dtype(dtype)).data)
    return digest.hexdigest()


@dataclass(frozen=True)
class LazyPairs(Sequence[Pair]):
    """Pairs that are read on access, and cached where `cache` is a dict."""

    names: tuple[str, ...]
    load: Callable[[str], Pair]
    cache: dict[str, Pair] | None = None

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
        if self.cache is None:
            return self.load(name)
        if name not in self.cache:
            self.cache[name] = self.load(name)
        return self.cache[name]


@dataclass(frozen=True, repr=False)
class Pairs(Sequence[Pair]):
    """Pairs with the same classes, which may have colours. `about` describes the images in reports.

    `orientation` has the axis codes that all were reoriented to; "" where they keep those of their files.
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
        """The names of the pairs; no pair is read."""
        return self.items.names if isinstance(self.items, LazyPairs) else tuple(pair.name for pair in self.items)

    def subset(self, fraction: float, seed: int = 0) -> Self:
        """A fraction of the pairs, at least one; a larger fraction with the same seed contains a smaller one.

        Raises UnetkitError for a fraction that is not above 0 and at most 1.
        """
        if not 0 < fraction <= 1:
            raise UnetkitError(Fault("wrong-value", f"fraction {fraction} is not above 0 and at most 1", "fraction"))
        order = list(range(len(self)))
        random.Random(seed).shuffle(order)
        chosen = sorted(order[: ceil(fraction * len(self) - 1e-9)])
        if isinstance(self.items, LazyPairs):
            return replace(self, items=replace(self.items, names=tuple(self.items.names[index] for index in chosen)))
        return replace(self, items=tuple(self.items[index] for index in chosen))


@dataclass(frozen=True)
class Splits:
    """The pairs for training, validation and test; the last two may be empty."""

    train: Pairs
    validation: Pairs
    test: Pairs
    recipe: str = field(default="", repr=False)
    """The other keys of the data spec that change what a network sees, for the fingerprint."""
    digests: Mapping[str, PairDigests] = field(default_factory=dict, repr=False)
    """The digests of pairs by name, if they were computed when the pairs were read."""

    def part(self, name: str, source: str) -> Pairs:
        """The train, validation or test pairs of the data called `source`; raises FileError if there are none."""
        parts: dict[str, Pairs] = {"train": self.train, "validation": self.validation, "test": self.test}
        if not parts[name]:
            others = [f"--split {other} ({len(pairs)})" for other, pairs in parts.items() if pairs]
            cure = f"Choose others: {' or '.join(reversed(others))}."
            raise FileError(Fault("no-images", f"{source} has no {name} images", cure=cure))
        return parts[name]

    def digests_of(self, part: Pairs) -> dict[str, PairDigests]:
        """The digests of the pairs of a part by name; pairs without known digests are read."""
        if all(name in self.digests for name in part.names):
            return {name: self.digests[name] for name in part.names}
        return {pair.name: pair.digests for pair in part}

    @cached_property
    def fingerprint(self) -> str:
        """The sha256, in hexadecimal, of all images, labels and classes, the division, and the recipe."""
        parts = [list(self.digests_of(part).items()) for part in (self.train, self.validation, self.test)]
        return sha256(json.dumps([parts, self.train.classes, self.recipe]).encode()).hexdigest()
