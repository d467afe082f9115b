"""Heads: from the last feature map to the output."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from unetkit.block import Head, PerAxis
from unetkit.blocks.fields import PaddingMode, centred, one_sample
from unetkit.signal import Padding, Signal


class Conv(Head):
    """A convolution to the output channels, then an output activation or none."""

    source = "Ronneberger, Fischer, Brox, 2015, arXiv:1505.04597"
    kernel: PerAxis = 1
    """Samples that the convolution covers."""
    padding: Padding = "same"
    """`same` keeps the size, `valid` computes only where the kernel has all its samples."""
    padding_mode: PaddingMode = "zeros"
    """What stands outside the image."""
    bias: bool = True
    """Whether each output channel has a bias."""
    activation: Literal["none", "sigmoid", "softmax", "tanh"] = "none"
    """Activation of the output; losses on logits want none."""

    def idle(self) -> dict[str, str]:
        reasons = one_sample(self.kernel, self.padding)
        reasons.pop("dilation", None)
        return reasons

    def faults(self, dims: int) -> Iterator[tuple[str, str, str]]:
        yield from centred(self.kernel, 1, self.padding)

    def wire(self, x: Signal, channels: int) -> Signal:
        x = x.conv(channels, self.kernel, padding=self.padding, padding_mode=self.padding_mode, bias=self.bias)
        match self.activation:
            case "sigmoid":
                return x.activation("Sigmoid")
            case "softmax":
                return x.activation("Softmax", {"dim": 1})
            case "tanh":
                return x.activation("Tanh")
        return x
