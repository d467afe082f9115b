"""How to train: one object with every choice and its default."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, cos, inf, pi, prod

from unetkit.data import Pairs
from unetkit.errors import Fault, UnetkitError

PATCH = {1: 2048, 2: 128, 3: 48}  # samples of the output per axis, by dims


class TrainError(UnetkitError):
    """Pairs, a network and settings do not go together."""


@dataclass(frozen=True)
class Settings:
    """Training stops after `steps`, `minutes` or `epochs`, whichever comes first; at least one must be given.

    `patch`: samples per axis that the output holds at least; None: the smallest image, up to 128 × 128 in 2D.
    `flips`: axes along which every second patch is flipped; 0 is the first after the channels (in 2D up and down).
    `accelerator`, `devices`, `precision`: as Lightning's Trainer takes them.
    """

    steps: int | None = None
    minutes: float | None = None
    epochs: float | None = None
    batch: int = 8
    patch: tuple[int, ...] | None = None
    flips: tuple[int, ...] = ()
    learning_rate: float = 3e-3
    weight_decay: float = 1e-2
    seed: int = 0
    accelerator: str = "auto"
    devices: str | int = "auto"
    precision: str = "32-true"
    workers: int = 0
    progress: bool = True

    def __post_init__(self) -> None:
        if self.steps is None and self.minutes is None and self.epochs is None:
            raise TrainError(
                Fault("no-budget", "it is not said how long to train", cure="Give steps, minutes or epochs.")
            )

    def patch_size(self, pairs: Pairs) -> tuple[int, ...]:
        """Returns the size that a patch's output holds at least."""
        if self.patch is not None:
            return self.patch
        sizes = [pair.size for pair in pairs]
        return tuple(min(PATCH[len(sizes[0])], *axis) for axis in zip(*sizes, strict=True))

    def num_steps(self, pairs: Pairs) -> float:
        """Returns the number of steps, infinite where minutes alone end it; an epoch shows every pixel once."""
        steps = inf if self.steps is None else self.steps
        if self.epochs is not None:
            pixels = self.epochs * sum(prod(pair.size) for pair in pairs)
            steps = min(steps, ceil(pixels / (self.batch * prod(self.patch_size(pairs)))))
        return steps


def one_cycle(fraction: float, warm_up: float = 0.1) -> float:
    """Returns the share of the peak learning rate when a fraction of the training is done (Smith & Topin, 2018).

    It rises in a straight line, then falls as a cosine.

    >>> [round(one_cycle(fraction), 3) for fraction in (0, 0.1, 0.55, 1)]
    [0.02, 1.0, 0.5, 0.0]
    """
    if fraction < warm_up:
        return 0.02 + 0.98 * fraction / warm_up
    return (1 + cos(pi * min(1, (fraction - warm_up) / (1 - warm_up)))) / 2
