"""Optimizers of torch with typed parameters."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from unetkit.block import Component, Share

if TYPE_CHECKING:
    from torch import nn
    from torch.optim import Optimizer as TorchOptimizer

_Rate = Annotated[float, Field(gt=0, le=100)]
_Decay = Annotated[float, Field(ge=0, le=100)]


class Optimizer(Component):
    """Updates the weights. Plugins add optimizers through the entry points `unetkit.optimizers`."""

    slot = "optimizer"

    learning_rate: _Rate = 3e-3
    """Peak learning rate, which the schedule multiplies."""
    weight_decay: _Decay = 1e-2
    """Weight decay coefficient."""

    @property
    def copies(self) -> int:
        """The numbers that it stores for each weight, for the estimate of memory."""
        return 2

    @abstractmethod
    def make(self, parameters: Iterable[nn.Parameter]) -> TorchOptimizer:
        """torch's optimizer of these parameters."""


class AdamW(Optimizer):
    """Adam with decoupled weight decay."""

    source = "Loshchilov & Hutter, 2019, arXiv:1711.05101"

    betas: tuple[Share, Share] = (0.9, 0.999)
    """Decay rates of the running means of the gradient and its square."""

    def make(self, parameters: Iterable[nn.Parameter]) -> TorchOptimizer:
        from torch import optim

        return optim.AdamW(parameters, self.learning_rate, betas=self.betas, weight_decay=self.weight_decay)


class Adam(Optimizer):
    """Adam, with weight decay added to the gradient."""

    source = "Kingma & Ba, 2015, arXiv:1412.6980"

    weight_decay: _Decay = 0.0
    """Weight decay coefficient."""
    betas: tuple[Share, Share] = (0.9, 0.999)
    """Decay rates of the running means of the gradient and its square."""

    def make(self, parameters: Iterable[nn.Parameter]) -> TorchOptimizer:
        from torch import optim

        return optim.Adam(parameters, self.learning_rate, betas=self.betas, weight_decay=self.weight_decay)


class SGD(Optimizer):
    """Stochastic gradient descent with momentum 0.99, as in the 2015 U-Net, and by default Nesterov momentum."""

    learning_rate: _Rate = 1e-2
    """Peak learning rate, which the schedule multiplies."""
    weight_decay: _Decay = 3e-5
    """Weight decay coefficient."""
    momentum: Share = 0.99
    """Momentum coefficient."""
    nesterov: bool = True
    """Whether to use Nesterov momentum."""

    @property
    def copies(self) -> int:
        return 1 if self.momentum else 0

    def faults(self, dims: int) -> Iterator[tuple[str, str, str]]:
        if self.nesterov and not self.momentum:
            yield "nesterov", "Nesterov momentum needs a momentum above 0", "Set a momentum, or nesterov: false."

    def make(self, parameters: Iterable[nn.Parameter]) -> TorchOptimizer:
        from torch import optim

        momentum, nesterov, decay = self.momentum, self.nesterov, self.weight_decay
        return optim.SGD(parameters, self.learning_rate, momentum, nesterov=nesterov, weight_decay=decay)
