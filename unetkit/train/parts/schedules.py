"""Learning-rate schedules: a multiplier as a function of progress."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from math import cos, pi
from typing import Annotated

from pydantic import Field

from unetkit.block import Component, Share


class Schedule(Component):
    """Multiplies the learning rate. Plugins add schedules through the entry points `unetkit.schedules`."""

    slot = "schedule"

    @abstractmethod
    def factor(self, fraction: float) -> float:
        """The learning-rate multiplier after a fraction 0 … 1 of the training."""


class OneCycle(Schedule):
    """Linear warm-up, then cosine decay to 0."""

    source = "Smith & Topin, 2018, arXiv:1708.07120"

    warm_up: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Fraction of the training that is warm-up."""
    first: Annotated[float, Field(gt=0, le=1)] = 0.02
    """Initial learning-rate multiplier."""

    def factor(self, fraction: float) -> float:
        if fraction < self.warm_up:
            return self.first + (1 - self.first) * fraction / self.warm_up
        return (1 + cos(pi * min(1.0, (fraction - self.warm_up) / (1 - self.warm_up)))) / 2


class Cosine(Schedule):
    """Cosine decay."""

    source = "Loshchilov & Hutter, 2017, arXiv:1608.03983"

    last: Share = 0.0
    """Final learning-rate multiplier."""

    def factor(self, fraction: float) -> float:
        return self.last + (1 - self.last) * (1 + cos(pi * min(1.0, fraction))) / 2


class Poly(Schedule):
    """Polynomial decay: (1 − progress)^power."""

    source = "Chen et al., 2018, arXiv:1606.00915; nnU-Net's"

    power: Annotated[float, Field(gt=0, le=10)] = 0.9
    """Exponent."""

    def factor(self, fraction: float) -> float:
        return float(max(0.0, 1 - fraction) ** self.power)


class Steps(Schedule):
    """Step decay: multiplies the learning rate by a constant at given points of the training."""

    at: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = (0.5, 0.75)
    """Fractions of the training at which the learning rate drops, ascending."""
    by: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Factor of each drop."""

    def faults(self, dims: int) -> Iterator[tuple[str, str, str]]:
        if list(self.at) != sorted(set(self.at)):
            yield "at", "the fractions are not in ascending order", "Write them as in [0.5, 0.75]."

    def factor(self, fraction: float) -> float:
        return self.by ** sum(fraction >= one for one in self.at)


class Constant(Schedule):
    """Constant learning rate."""

    def factor(self, fraction: float) -> float:
        return 1.0
