"""Schedules: the share of the learning rate that counts when a share of the training is done."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from math import cos, pi
from typing import Annotated

from pydantic import Field

from unetkit.block import Component, Share


class Schedule(Component):
    """Sets the learning rate. A plugin adds one of its own through the entry points `unetkit.schedules`."""

    slot = "schedule"

    @abstractmethod
    def factor(self, fraction: float) -> float:
        """Returns the share of the optimizer's learning rate when a fraction 0 … 1 of the training is done."""


class OneCycle(Schedule):
    """Rises in a straight line, then falls as a cosine."""

    source = "Smith & Topin, 2018, arXiv:1708.07120"

    warm_up: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Share of the training in which it rises."""
    first: Annotated[float, Field(gt=0, le=1)] = 0.02
    """Share of the learning rate that it begins with."""

    def factor(self, fraction: float) -> float:
        if fraction < self.warm_up:
            return self.first + (1 - self.first) * fraction / self.warm_up
        return (1 + cos(pi * min(1.0, (fraction - self.warm_up) / (1 - self.warm_up)))) / 2


class Cosine(Schedule):
    """Falls as a half cosine."""

    source = "Loshchilov & Hutter, 2017, arXiv:1608.03983"

    last: Share = 0.0
    """Share of the learning rate that is left at the end."""

    def factor(self, fraction: float) -> float:
        return self.last + (1 - self.last) * (1 + cos(pi * min(1.0, fraction))) / 2


class Poly(Schedule):
    """Falls as a power of what is left."""

    source = "Chen et al., 2018, arXiv:1606.00915; nnU-Net's"

    power: Annotated[float, Field(gt=0, le=10)] = 0.9

    def factor(self, fraction: float) -> float:
        return float(max(0.0, 1 - fraction) ** self.power)


class Steps(Schedule):
    """Falls by a factor at given shares of the training."""

    at: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = (0.5, 0.75)
    """Shares of the training, ascending."""
    by: Annotated[float, Field(gt=0, lt=1)] = 0.1

    def faults(self, dims: int) -> Iterator[tuple[str, str, str]]:
        if list(self.at) != sorted(set(self.at)):
            yield "at", "the shares do not ascend", "Write them as in [0.5, 0.75]."

    def factor(self, fraction: float) -> float:
        return self.by ** sum(fraction >= one for one in self.at)


class Constant(Schedule):
    """Leaves the learning rate as it is."""

    def factor(self, fraction: float) -> float:
        return 1.0
