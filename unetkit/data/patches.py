"""Random patches of pairs, drawn so that the n-th is the same in every process and with any number of workers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from unetkit.data.mirror import cover, window
from unetkit.data.normalization import Normalization
from unetkit.data.pairs import Pairs

if TYPE_CHECKING:
    from unetkit.planning import Plan


@dataclass(frozen=True)
class Draw:
    """How patches are drawn: their number, their size, and the axes along which every second one is flipped.

    `size` is what the output holds at least. Axes count from 0, the first after the channels.
    """

    count: int
    size: tuple[int, ...]
    flips: tuple[int, ...] = ()
    seed: int = 0


class Patches(Dataset[tuple[Tensor, Tensor]]):
    """Pairs of an input (channels, *spatial) that the plan accepts, and the labels (*spatial) under its output.

    The output lies within the image where that is large enough; what the input shows beyond the border is mirrored.
    """

    def __init__(self, pairs: Pairs, normalization: Normalization, plan: Plan, draw: Draw) -> None:
        self.draw = draw
        self.pairs = [(normalization.apply(pair.image), pair.labels) for pair in pairs]
        self.cover = cover(plan, draw.size)
        self.target = plan.crop_target(self.cover.input_size)

    def __len__(self) -> int:
        return self.draw.count

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        if not 0 <= index < self.draw.count:
            raise IndexError(index)  # which ends a loop over all patches
        random = np.random.default_rng((self.draw.seed, index))
        image, labels = self.pairs[random.integers(len(self.pairs))]
        starts = tuple(
            random.integers(0, room, endpoint=True) - part.start if room >= 0 else room // 2 - part.start
            for room, part in zip(np.subtract(labels.shape, self.cover.output_size), self.target, strict=True)
        )
        image = window(image, starts, self.cover.input_size)
        labels = window(labels, starts, self.cover.input_size)[self.target]
        axes = tuple(axis for axis in self.draw.flips if random.random() < 0.5)
        image, labels = np.flip(image, tuple(axis + 1 for axis in axes)), np.flip(labels, axes)
        return torch.from_numpy(image.copy()), torch.from_numpy(labels.copy())
