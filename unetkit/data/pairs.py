"""Images with a class per pixel: what every network here learns from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

UNLABELLED = -100  # what torch.nn.functional.cross_entropy leaves out unless told otherwise


@dataclass(frozen=True)
class Pair:
    """One image (channels, *spatial) in grey levels, float32, and its labels (*spatial), int64."""

    name: str
    image: NDArray[np.float32]
    labels: NDArray[np.int64]

    @property
    def size(self) -> tuple[int, ...]:
        """The size of the image, without its channels."""
        return self.labels.shape


@dataclass(frozen=True)
class Pairs:
    """Pairs that share their classes. `about` says what the images are, for reports."""

    items: tuple[Pair, ...]
    classes: tuple[str, ...]
    about: str = ""

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Pair]:
        return iter(self.items)

    def __getitem__(self, index: int) -> Pair:
        return self.items[index]


@dataclass(frozen=True)
class Splits:
    """The pairs to learn from, those to choose settings by, and those to report."""

    train: Pairs
    validation: Pairs
    test: Pairs


@dataclass(frozen=True)
class Scale:
    """Mean and standard deviation per channel, in grey levels; a model needs those that it was trained with.

    >>> Scale((100.0,), (50.0,)).apply(np.full((1, 2, 2), 150, np.float32))[0, 0]
    array([1., 1.], dtype=float32)
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def of(cls, pairs: Pairs) -> Self:
        """Returns the scale of all pixels of all pairs together; a constant channel gets 1 as its deviation."""
        pixels = [pair.image.reshape(len(pair.image), -1) for pair in pairs]
        count = sum(image.shape[1] for image in pixels)
        mean = sum(image.sum(1, dtype=np.float64) for image in pixels) / count
        square = sum((image.astype(np.float64) ** 2).sum(1) for image in pixels) / count
        std = np.sqrt(np.maximum(square - mean**2, 0))
        return cls(tuple(mean.tolist()), tuple(float(value) or 1.0 for value in std))

    def apply(self, image: NDArray[Any]) -> NDArray[np.float32]:
        """Returns the image (channels, *spatial) with mean 0 and deviation 1 on the training images."""
        shape = (-1,) + (1,) * (image.ndim - 1)
        mean, std = (np.asarray(values, np.float32).reshape(shape) for values in (self.mean, self.std))
        return ((image - mean) / std).astype(np.float32)

    def to_json(self) -> str:
        """Returns the text that a model file carries; `from_json` reads it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Returns the scale that `to_json` wrote."""
        values = json.loads(text)
        return cls(tuple(values["mean"]), tuple(values["std"]))
