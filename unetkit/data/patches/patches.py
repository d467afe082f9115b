"""Random patches of pairs; the n-th is the same in every process and with any number of workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from unetkit.data.normalization import IntensityScale, Normalization
from unetkit.data.pairs import UNLABELLED, Pair, Pairs
from unetkit.data.patches.augmentation import Augmentation
from unetkit.data.patches.mirror_padding import covering_window
from unetkit.data.patches.warp import PatchArrays, moved_points, sample_points

if TYPE_CHECKING:
    from unetkit.planning import Plan

_ENDLESS = 1 << 40
MAX_PIXELS = 2048
"""Pixels of a class that are remembered per image."""
_ATTEMPTS = 16
"""Attempts to draw a patch with a labelled pixel, before one is centred on such a pixel."""
_PixelMap: TypeAlias = Callable[[Pair], NDArray[np.float32]]
"""A number for each pixel (*spatial), such as its weight in the loss, or several (channels, *spatial)."""
Item: TypeAlias = tuple[Tensor, ...]
"""An image (channels, *spatial), its labels (*spatial), the vectors that the network takes, and the maps asked for."""


@dataclass(frozen=True)
class PatchSettings:
    """How patches are drawn.

    `size` is the least size of the output. `balance` is the fraction of patches around a pixel of a uniformly drawn
    class; the others lie anywhere. `maps` give numbers for each pixel of a pair. There are `count` patches.
    """

    size: tuple[int, ...]
    seed: int = 0
    augmentation: tuple[Augmentation, ...] = ()
    balance: float = 0.0
    maps: tuple[_PixelMap, ...] = ()
    count: int = _ENDLESS


class _Maps(NamedTuple):
    """All maps of a pair (number, *spatial), and the channels of each; None for one without an axis of channels."""

    values: NDArray[np.float32]
    channels: tuple[int | None, ...]


class ClassBalance:
    """Some pixels of each class in each image, chosen at random, so that all classes are drawn equally often.

    The same seed gives the same pixels.
    """

    def __init__(self, pairs: Pairs, seed: int) -> None:
        self.sizes: list[tuple[int, ...]] = []
        self.places: dict[int, list[tuple[int, NDArray[np.int64]]]] = {}
        for number, pair in enumerate(pairs):
            random = np.random.default_rng((seed, number, MAX_PIXELS))
            self.sizes.append(pair.size)
            labels = pair.labels.ravel()
            for label in np.unique(labels):
                if label != UNLABELLED:
                    places = np.flatnonzero(labels == label)
                    if len(places) > MAX_PIXELS:
                        places = random.choice(places, MAX_PIXELS, replace=False)
                    self.places.setdefault(int(label), []).append((number, places))
        self.classes = sorted(self.places)

    def pixel(self, random: np.random.Generator) -> tuple[int, tuple[int, ...]]:
        """A pixel of a random class in a random image with that class: the image's number, and the pixel's indices."""
        images = self.places[self.classes[int(random.integers(len(self.classes)))]]
        number, places = images[int(random.integers(len(images)))]
        place = int(places[int(random.integers(len(places)))])
        return number, tuple(int(index) for index in np.unravel_index(place, self.sizes[number]))


class Patches(Dataset[Item]):
    """Inputs (channels, *spatial) that the plan accepts, with the labels (*spatial) of its output.

    The output lies within the image if that is large enough; the input is mirrored beyond the border. The n-th item
    depends on the pairs, the settings and n alone.
    """

    def __init__(self, pairs: Pairs, normalization: Normalization, plan: Plan, settings: PatchSettings) -> None:
        self.pairs = pairs
        self.normalization = normalization
        self.plan = plan
        self.settings = settings
        self.window = covering_window(plan, settings.size)
        self.target = plan.crop_target(self.window.input_size)
        self.balance = ClassBalance(pairs, settings.seed) if settings.balance else None
        self.scales: dict[int, IntensityScale] = {}
        self.maps: dict[int, _Maps] = {}

    def __len__(self) -> int:
        return self.settings.count

    def __getitem__(self, index: int) -> Item:
        if not 0 <= index < self.settings.count:
            raise IndexError(index)  # ends a loop over all patches
        random = np.random.default_rng((self.settings.seed, index))
        number, augmentations, patch = self._draw(random)
        pair = self.pairs[number]
        image = torch.from_numpy(self._scale_of(number, pair).apply(patch.image))
        for augmentation in augmentations:
            image = augmentation.change(image, random)
        labels = patch.labels[self.target].astype(np.int64)
        vectors = (torch.from_numpy(pair.vectors[name]) for name in self.plan.vectors)
        return image, torch.from_numpy(labels), *vectors, *self._maps_of_patch(number, patch)

    def _maps_of_patch(self, number: int, patch: PatchArrays) -> Iterator[Tensor]:
        """Yields each map of a patch, in the shape in which it was given."""
        if patch.maps is not None:
            first = 0
            for count in self.maps[number].channels:
                part = patch.maps[first] if count is None else patch.maps[first : first + count]
                first += count or 1
                yield torch.from_numpy(
                    np.ascontiguousarray(part[self.target if count is None else (slice(None), *self.target)])
                )

    def _draw(self, random: np.random.Generator) -> tuple[int, list[Augmentation], PatchArrays]:
        """The number of a pair, the augmentations and a patch with at least one labelled pixel.

        A patch without labels is drawn again. If no attempt finds one, the patch is centred on a labelled pixel, and
        not moved by augmentation.
        """
        for _ in range(_ATTEMPTS):
            number, starts = self._place(random)
            chosen = [each for each in self.settings.augmentation if random.random() < each.probability]
            patch = self._patch(number, self.pairs[number], starts, chosen, random)
            if (patch.labels[self.target] != UNLABELLED).any():
                return number, chosen, patch
        pair = self.pairs[number]
        labelled = np.flatnonzero(pair.labels.ravel() != UNLABELLED)
        pixel = np.unravel_index(int(labelled[int(random.integers(len(labelled)))]), pair.size)
        starts = self._starts(number, random, [int(place) for place in pixel])
        chosen = [each for each in chosen if not _moves(each)]
        return number, chosen, self._patch(number, pair, starts, chosen, random)

    def _place(self, random: np.random.Generator) -> tuple[int, tuple[int, ...]]:
        """The number of a pair, and the start of a patch's input in it."""
        if self.balance is not None and random.random() < self.settings.balance:
            number, pixel = self.balance.pixel(random)
            return number, self._starts(number, random, pixel)
        number = int(random.integers(len(self.pairs)))
        return number, self._starts(number, random)

    def _starts(self, number: int, random: np.random.Generator, around: Sequence[int] | None = None) -> tuple[int, ...]:
        """The start of a patch's input in a pair: anywhere, or so that the output contains a pixel."""
        starts = []
        for axis, (size, length) in enumerate(zip(self.pairs[number].size, self.window.output_size, strict=True)):
            room = size - length
            if room < 0:
                start = room // 2
            elif around is None:
                start = int(random.integers(0, room, endpoint=True))
            else:
                start = min(max(around[axis] - length // 2, 0), room)
            starts.append(start - self.target[axis].start)
        return tuple(starts)

    def _patch(
        self, number: int, pair: Pair, starts: tuple[int, ...], chosen: list[Augmentation], random: np.random.Generator
    ) -> PatchArrays:
        """The patch of a pair from `starts` on, not yet normalised."""
        sample = PatchArrays(pair.image, pair.labels, self._maps_of(number, pair))
        moving = [each for each in chosen if _moves(each)]
        if not moving:
            return sample.cut(starts, self.window.input_size)
        return sample_points(sample, starts, moved_points(self.window.input_size, pair.spacing, moving, random))

    def _scale_of(self, number: int, pair: Pair) -> IntensityScale:
        """The intensity scaling of a pair, computed once."""
        if number not in self.scales:
            self.scales[number] = self.normalization.scaling_of(pair.image)
        return self.scales[number]

    def _maps_of(self, number: int, pair: Pair) -> NDArray[np.float32] | None:
        """All maps of a pair (number, *spatial), computed once."""
        if not self.settings.maps:
            return None
        if number not in self.maps:
            own = [each(pair) for each in self.settings.maps]
            channels = tuple(len(one) if one.ndim > len(pair.size) else None for one in own)
            self.maps[number] = _Maps(np.concatenate([one.reshape(-1, *pair.size) for one in own]), channels)
        return self.maps[number].values


def _moves(augmentation: Augmentation) -> bool:
    """Whether an augmentation moves points."""
    return type(augmentation).move is not Augmentation.move
