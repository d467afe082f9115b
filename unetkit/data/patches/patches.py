"""Random patches of pairs, drawn so that the n-th is the same in every process and with any number of workers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from unetkit.data.normalization import IntensityScale, Normalization
from unetkit.data.pairs import UNLABELLED, Pair, Pairs
from unetkit.data.patches.augmentation import Augmentation
from unetkit.data.patches.balance import ClassBalance
from unetkit.data.patches.mirror_padding import covering_window
from unetkit.data.patches.warp import PatchArrays, moved_points, take

if TYPE_CHECKING:
    from unetkit.planning import Plan

ENDLESS = 1 << 40
ATTEMPTS = 16
"""To draw a patch with a labelled pixel, before it is laid around one."""
WeightMap: TypeAlias = Callable[[Pair], NDArray[np.float32]]
"""Gives the weight of each pixel (*spatial) in the loss."""
Item: TypeAlias = tuple[Tensor, ...]
"""An image (channels, *spatial), its labels (*spatial), and their weights (*spatial) where there are any."""


@dataclass(frozen=True)
class PatchSettings:
    """How patches are drawn.

    `size` is what the output holds at least. `balance` is the share of patches around a pixel of a class that is drawn
    evenly from those that occur; the others lie anywhere. `weight` makes a weight for each pixel of a pair. Patches
    are numbered up to `count`, without end unless given.
    """

    size: tuple[int, ...]
    seed: int = 0
    augmentation: tuple[Augmentation, ...] = ()
    balance: float = 0.0
    weight: WeightMap | None = None
    count: int = ENDLESS


class Patches(Dataset[Item]):
    """Items of an input (channels, *spatial) that the plan accepts, and the labels (*spatial) under its output.

    The output lies within the image where that is large enough; what the input shows beyond the border is mirrored.
    The n-th item depends on the pairs, the settings and n alone.
    """

    def __init__(self, pairs: Pairs, normalization: Normalization, plan: Plan, settings: PatchSettings) -> None:
        self.pairs = pairs
        self.normalization = normalization
        self.plan = plan
        self.settings = settings
        self.cover = covering_window(plan, settings.size)
        self.target = plan.crop_target(self.cover.input_size)
        self.balance = ClassBalance(pairs, settings.seed) if settings.balance else None
        self.levels: dict[int, IntensityScale] = {}
        self.weights: dict[int, NDArray[np.float32]] = {}

    def __len__(self) -> int:
        return self.settings.count

    def __getitem__(self, index: int) -> Item:
        if not 0 <= index < self.settings.count:
            raise IndexError(index)  # which ends a loop over all patches
        random = np.random.default_rng((self.settings.seed, index))
        number, chosen, patch = self.drawn(random)
        pair = self.pairs[number]
        image = torch.from_numpy(self.levels_of(number, pair).apply(patch.image))
        for one in chosen:
            image = one.change(image, random)
        labels = patch.labels[self.target].astype(np.int64)
        if patch.weight is None:
            return image, torch.from_numpy(labels)
        return image, torch.from_numpy(labels), torch.from_numpy(np.ascontiguousarray(patch.weight[self.target]))

    def drawn(self, random: np.random.Generator) -> tuple[int, list[Augmentation], PatchArrays]:
        """Returns a patch with the number of its pair and what is to be done to it; a pixel at least is labelled.

        One without is drawn again. Where labelled pixels are so few that chance does not find any, it is laid around
        one of them, and not moved by augmentation.
        """
        for _ in range(ATTEMPTS):
            number, starts = self.place(random)
            chosen = [one for one in self.settings.augmentation if random.random() < one.probability]
            patch = self.patch(number, self.pairs[number], starts, chosen, random)
            if (patch.labels[self.target] != UNLABELLED).any():
                return number, chosen, patch
        pair = self.pairs[number]
        labelled = np.flatnonzero(pair.labels.ravel() != UNLABELLED)
        pixel = np.unravel_index(int(labelled[int(random.integers(len(labelled)))]), pair.size)
        starts = self.starts(number, random, [int(at) for at in pixel])
        chosen = [one for one in chosen if not moves(one)]
        return number, chosen, self.patch(number, pair, starts, chosen, random)

    def place(self, random: np.random.Generator) -> tuple[int, tuple[int, ...]]:
        """Returns the number of a pair, and where in it the input of a patch begins."""
        if self.balance is not None and random.random() < self.settings.balance:
            number, pixel = self.balance.pixel(random)
            return number, self.starts(number, random, pixel)
        number = int(random.integers(len(self.pairs)))
        return number, self.starts(number, random)

    def starts(self, number: int, random: np.random.Generator, around: Sequence[int] | None = None) -> tuple[int, ...]:
        """Returns where the input of a patch of a pair begins: anywhere, or so that its output has a pixel."""
        starts = []
        for axis, (size, wide) in enumerate(zip(self.pairs[number].size, self.cover.output_size, strict=True)):
            room = size - wide
            if room < 0:
                start = room // 2
            elif around is None:
                start = int(random.integers(0, room, endpoint=True))
            else:
                start = min(max(around[axis] - wide // 2, 0), room)
            starts.append(start - self.target[axis].start)
        return tuple(starts)

    def patch(
        self, number: int, pair: Pair, starts: tuple[int, ...], chosen: list[Augmentation], random: np.random.Generator
    ) -> PatchArrays:
        """Returns the patch of a pair that begins there, in grey levels."""
        sample = PatchArrays(pair.image, pair.labels, self.weight_of(number, pair))
        moving = [one for one in chosen if moves(one)]
        if not moving:
            return sample.cut(starts, self.cover.input_size)
        return take(sample, starts, moved_points(self.cover.input_size, pair.spacing, moving, random))

    def levels_of(self, number: int, pair: Pair) -> IntensityScale:
        """Returns what becomes of the grey levels of a pair."""
        if number not in self.levels:
            self.levels[number] = self.normalization.of_image(pair.image)
        return self.levels[number]

    def weight_of(self, number: int, pair: Pair) -> NDArray[np.float32] | None:
        """Returns the weights of the pixels of a pair, made once."""
        if self.settings.weight is None:
            return None
        if number not in self.weights:
            self.weights[number] = self.settings.weight(pair)
        return self.weights[number]


def moves(augmentation: Augmentation) -> bool:
    """Whether an augmentation moves samples, not only changes their levels."""
    return type(augmentation).move is not Augmentation.move
