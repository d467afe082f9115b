"""Optimizers of torch, by name and with typed parameters."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from unetkit.block import Component, Share

if TYPE_CHECKING:
    from torch import nn
    from torch.optim import Optimizer as TorchOptimizer

Rate = Annotated[float, Field(gt=0, le=100)]
Decay = Annotated[float, Field(ge=0, le=100)]


class Optimizer(Component):
    """Updates the weights. A plugin adds one of its own through the entry points `unetkit.optimizers`."""

    slot = "optimizer"

    learning_rate: Rate = 3e-3
    """The highest; the schedule says what share of it counts when."""
    weight_decay: Decay = 1e-2

    @property
    def copies(self) -> int:
        """The numbers that it keeps for each weight: what memory is planned with."""
        return 2

    @abstractmethod
    def make(self, parameters: Iterable[nn.Parameter]) -> TorchOptimizer:
        """Returns the optimizer of these parameters."""


class AdamW(Optimizer):
    """Adam with weight decay apart from the gradient."""

    source = "Loshchilov & Hutter, 2019, arXiv:1711.05101"

    betas: tuple[Share, Share] = (0.9, 0.999)
    """How much of the mean of the gradients, and of their squares, is kept from step to step."""

    def make(self, parameters: Iterable[nn.Parameter]) -> TorchOptimizer:
        from torch import optim

        return optim.AdamW(parameters, self.learning_rate, betas=self.betas, weight_decay=self.weight_decay)


class Adam(Optimizer):
    """Adam; weight decay is added to the gradient."""

    source = "Kingma & Ba, 2015, arXiv:1412.6980"

    weight_decay: Decay = 0.0
    betas: tuple[Share, Share] = (0.9, 0.999)
    """How much of the mean of the gradients, and of their squares, is kept from step to step."""

    def make(self, parameters: Iterable[nn.Parameter]) -> TorchOptimizer:
        from torch import optim

        return optim.Adam(parameters, self.learning_rate, betas=self.betas, weight_decay=self.weight_decay)


class SGD(Optimizer):
    """Stochastic gradient descent with momentum, by default as in the 2015 U-Net (momentum 0.99) with Nesterov's."""

    learning_rate: Rate = 1e-2
    weight_decay: Decay = 3e-5
    momentum: Share = 0.99
    nesterov: bool = True
    """Looks ahead by the momentum."""

    @property
    def copies(self) -> int:
        return 1 if self.momentum else 0

    def faults(self, dims: int) -> Iterator[tuple[str, str, str]]:
        if self.nesterov and not self.momentum:
            yield "nesterov", "there is no momentum to look ahead by", "Give a momentum, or nesterov: false."

    def make(self, parameters: Iterable[nn.Parameter]) -> TorchOptimizer:
        from torch import optim

        return optim.SGD(
            parameters,
            self.learning_rate,
            momentum=self.momentum,
            nesterov=self.nesterov,
            weight_decay=self.weight_decay,
        )
