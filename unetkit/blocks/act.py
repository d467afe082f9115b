"""Activation blocks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from unetkit.block import Act
from unetkit.signal import Signal

_Slope = Annotated[float, Field(gt=0, lt=1)]


class ReLU(Act):
    """Rectified linear unit."""

    source = "Nair & Hinton, 2010"

    def wire(self, x: Signal) -> Signal:
        return x.activation("ReLU")


class ReLU6(Act):
    """Rectified linear unit, at most 6."""

    source = "Howard et al., 2017, arXiv:1704.04861"

    def wire(self, x: Signal) -> Signal:
        return x.activation("ReLU6")


class LeakyReLU(Act):
    """Rectified linear unit with a small slope below zero."""

    source = "Maas et al., 2013"
    slope: _Slope = 0.01
    """Slope below zero."""

    def wire(self, x: Signal) -> Signal:
        return x.activation("LeakyReLU", {} if self.slope == 0.01 else {"negative_slope": self.slope})


class PReLU(Act):
    """Rectified linear unit with a learned slope below zero: one for all channels, or one per channel."""

    source = "He et al., 2015, arXiv:1502.01852"
    slope: _Slope = 0.25
    """Slope below zero before training."""
    shared: bool = True
    """Whether all channels have one slope, or each its own."""

    def wire(self, x: Signal) -> Signal:
        weights = 1 if self.shared else x.channels
        arguments: dict[str, float] = {"num_parameters": weights} if weights != 1 else {}
        if self.slope != 0.25:
            arguments["init"] = self.slope
        return x.activation("PReLU", arguments, weights=weights)


class ELU(Act):
    """Exponential linear unit."""

    source = "Clevert et al., 2016, arXiv:1511.07289"
    alpha: Annotated[float, Field(gt=0, le=10)] = 1.0
    """The output approaches minus this value far below zero."""

    def wire(self, x: Signal) -> Signal:
        return x.activation("ELU", {} if self.alpha == 1 else {"alpha": self.alpha})


class GELU(Act):
    """Gaussian error linear unit, exact or by the tanh formula."""

    source = "Hendrycks & Gimpel, 2016, arXiv:1606.08415"
    approximate: Literal["none", "tanh"] = "none"
    """`none` computes the exact function, `tanh` its approximation."""

    def wire(self, x: Signal) -> Signal:
        return x.activation("GELU", {} if self.approximate == "none" else {"approximate": self.approximate})


class SiLU(Act):
    """Sigmoid-weighted linear unit."""

    source = "Elfwing et al., 2018, arXiv:1702.03118"

    def wire(self, x: Signal) -> Signal:
        return x.activation("SiLU")


class HardSwish(Act):
    """Sigmoid-weighted linear unit with a sigmoid of three straight pieces."""

    source = "Howard et al., 2019, arXiv:1905.02244"

    def wire(self, x: Signal) -> Signal:
        return x.activation("Hardswish")


class HardSigmoid(Act):
    """Sigmoid of three straight pieces."""

    source = "Courbariaux et al., 2015, arXiv:1511.00363"

    def wire(self, x: Signal) -> Signal:
        return x.activation("Hardsigmoid")


class Sigmoid(Act):
    """Logistic function, from 0 to 1."""

    def wire(self, x: Signal) -> Signal:
        return x.activation("Sigmoid")


class Softmax(Act):
    """Shares of the channels of each sample, which add up to 1."""

    def wire(self, x: Signal) -> Signal:
        return x.activation("Softmax", {"dim": 1})


class Tanh(Act):
    """Hyperbolic tangent, from -1 to 1."""

    def wire(self, x: Signal) -> Signal:
        return x.activation("Tanh")


class Mish(Act):
    """Mish."""

    source = "Misra, 2019, arXiv:1908.08681"

    def wire(self, x: Signal) -> Signal:
        return x.activation("Mish")


class Identity(Act):
    """No activation."""

    def wire(self, x: Signal) -> Signal:
        return x
