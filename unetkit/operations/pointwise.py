"""Activations, dropout, scales, zero channels, positions: each sample depends on the same input sample alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from unetkit.geometry import Limit, Number, equal
from unetkit.operations.operation import Axes, Layer, Operation, facts, volume, wiring_error

_INPLACE = frozenset({"ReLU", "ReLU6", "LeakyReLU", "ELU"})
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
class StochasticDepth(Operation):
    """Zeroes a share of the images of a batch in training; nothing in evaluation (Huang et al., 2016)."""

    share: float

    kind = "stochastic depth"
    training_only = True
    stateless = True

    def layer(self, inputs: Axes, dims: int) -> Layer:
        return Layer("functional.StochasticDepth", (self.share,), arg_names=("share",))


@facts
class ChannelScale(Operation):
    """A signal times one learned number per channel, `initial` before training (Touvron et al., 2021)."""

    initial: float = 1.0

    kind = "scale"
    keeps_input = True
    holds_product = True

    def parameters(self, inputs: Axes) -> int:
        return inputs[0]

    def layer(self, inputs: Axes, dims: int) -> Layer:
        kwargs = {} if self.initial == 1 else {"initial": self.initial}
        return Layer("functional.ChannelScale", (inputs[0],), kwargs, arg_names=("channels",))


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


@facts
class ChannelSummary(Operation):
    """The mean and the largest value over the channels of each sample: two channels (Woo et al., 2018)."""

    kind = "summary"
    makes_map = True
    keeps_input = True
    keeps_output = True

    def channels(self, inputs: Axes) -> int:
        return 2

    def layer(self, inputs: Axes, dims: int) -> Layer:
        return Layer("functional.channel_summary")


@facts
class PositionEmbedding(Operation):
    """A signal plus a learned number for each channel and sample of a map of one size (Dosovitskiy et al., 2021)."""

    map_size: Axes

    kind = "positions"
    pointwise = False
    makes_map = True
    passes_gradient = True

    def limits(self, axis: int, sizes: tuple[Number, ...]) -> Iterable[Limit]:
        rule = f"positions are learned for {self.map_size[axis]} samples, here are {{0}}"
        return (equal(sizes[0], self.map_size[axis], rule),)

    def parameters(self, inputs: Axes) -> int:
        return inputs[0] * volume(self.map_size)

    def layer(self, inputs: Axes, dims: int) -> Layer:
        return Layer("functional.Positions", (inputs[0], self.map_size), arg_names=("channels", "size"))
