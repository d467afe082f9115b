"""Pixels drawn evenly from the classes that occur, so that rare ones are seen as often as common ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unetkit.data.pairs import UNLABELLED, Pairs

MOST = 2048  # pixels of a class that are remembered of an image


class ClassBalance:
    """Remembers for each class some of its pixels in each image, evenly chosen; the same for the same seed."""

    def __init__(self, pairs: Pairs, seed: int) -> None:
        self.sizes: list[tuple[int, ...]] = []
        self.places: dict[int, list[tuple[int, NDArray[np.int64]]]] = {}
        for number, pair in enumerate(pairs):
            random = np.random.default_rng((seed, number, MOST))
            self.sizes.append(pair.size)
            flat = pair.labels.ravel()
            for label in np.unique(flat):
                if label != UNLABELLED:
                    found = np.flatnonzero(flat == label)
                    if len(found) > MOST:
                        found = random.choice(found, MOST, replace=False)
                    self.places.setdefault(int(label), []).append((number, found))
        self.classes = sorted(self.places)

    def pixel(self, random: np.random.Generator) -> tuple[int, tuple[int, ...]]:
        """Returns a pixel of a random class in a random image that has it: the image's number, and where."""
        of_class = self.places[self.classes[int(random.integers(len(self.classes)))]]
        number, places = of_class[int(random.integers(len(of_class)))]
        at = np.unravel_index(int(places[int(random.integers(len(places)))]), self.sizes[number])
        return number, tuple(int(one) for one in at)
