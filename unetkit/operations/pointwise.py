"""Activations, dropout and zero channels: every output sample depends on the same input sample alone."""

from __future__ import annotations

from typing import Any

from unetkit.operations.operation import Axes, Layer, Operation, facts, wiring_error

_INPLACE = frozenset({"ReLU", "LeakyReLU", "ELU"})
"""Activations that may write over their input, since their backward pass needs the output alone."""

_FROM_OUTPUT = _INPLACE | {"Sigmoid", "Softmax", "Tanh"}
"""Activations whose backward pass needs their output alone."""


@facts
class Activation(Operation):
    """An activation of torch.nn by name, with its arguments; `weights` counts learned values (PReLU)."""

    name: str
    arguments: tuple[tuple[str, Any], ...] = ()
    weights: int = 0

    kind = "act"

    @property
    def activation(self) -> str:  # type: ignore[override]  # a fact of the class for all others
        return self.name

    @property
    def overwrites(self) -> bool:  # type: ignore[override]  # a fact of the class for all others
        return self.name in _INPLACE

    @property
    def keeps_output(self) -> bool:  # type: ignore[override]  # a fact of the class for all others
        return self.name in _FROM_OUTPUT

    @property
    def keeps_input(self) -> bool:  # type: ignore[override]  # a fact of the class for all others
        return self.name not in _FROM_OUTPUT

    @property
    def stateless(self) -> bool:  # type: ignore[override]  # a fact of the class for all others
        return not self.weights

    @property
    def holds_product(self) -> bool:  # type: ignore[override]  # a fact of the class for all others
        return bool(self.weights)

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
    training_only = True
    stateless = True

    @property
    def mask_bytes(self) -> int:  # type: ignore[override]  # a fact of the class for all others
        """A mask with a number per sample; next to nothing where whole channels are dropped."""
        return 0 if self.whole_channels else 4

    def layer(self, inputs: Axes, dims: int) -> Layer:
        return Layer(f"nn.Dropout{dims}d" if self.whole_channels else "nn.Dropout", (self.share,), arg_names=("p",))


@facts
class ChannelPadding(Operation):
    """Channels of zeros after those of the signal, `out` in all (He et al., 2016, option A)."""

    out: int

    kind = "pad channels"
    makes_map = True

    def channels(self, inputs: Axes) -> int:
        if inputs[0] > self.out:
            raise wiring_error(
                f"{inputs[0]} channels cannot be padded to {self.out}",
                "Pad where the channels grow, or use a convolution.",
            )
        return self.out

    def layer(self, inputs: Axes, dims: int) -> Layer:
        return Layer("functional.pad_channels", (), {"channels": self.out})
