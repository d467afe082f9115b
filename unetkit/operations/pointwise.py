"""Activations and dropout: every output sample depends on the same input sample alone."""

from __future__ import annotations

from typing import Any

from unetkit.operations.operation import Axes, Layer, Operation, facts

INPLACE = frozenset({"ReLU", "LeakyReLU", "ELU"})
"""Activations whose backward pass is content with their output: they may overwrite their input."""


@facts
class Activation(Operation):
    """An activation of torch.nn by name, with its arguments; `weights` counts learned values (PReLU)."""

    name: str
    arguments: tuple[tuple[str, Any], ...] = ()
    weights: int = 0

    kind = "act"
    keeps_output = True

    def parameters(self, inputs: Axes) -> int:
        return self.weights

    def layer(self, inputs: Axes, dims: int) -> Layer:
        return Layer(f"nn.{self.name}", (), dict(self.arguments))


@facts
class Dropout(Operation):
    """Zeroes a share of the elements, or of whole channels, in training; nothing in evaluation."""

    share: float
    whole_channels: bool

    kind = "dropout"
    is_view = True
    mask_bytes = 4

    def layer(self, inputs: Axes, dims: int) -> Layer:
        return Layer(f"nn.Dropout{dims}d" if self.whole_channels else "nn.Dropout", (self.share,))
