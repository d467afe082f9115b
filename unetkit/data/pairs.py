"""Images with a class per pixel: what every network here learns from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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
