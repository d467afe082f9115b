"""Gates: what the image says of each channel, or the channels of each sample, weighs the map."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from unetkit.block import Block, Count, PerAxis
from unetkit.blocks.fields import centred, entered
from unetkit.signal import Bias, Signal


class _Gate(Block):
    """The base of blocks that weigh their input; a 1×1 convolution first leads to other channels."""

    def wire(self, x: Signal, channels: int) -> Signal:
        return self.weighed(entered(x, channels))

    def weighed(self, x: Signal) -> Signal:
        """The map times its weights."""
        raise NotImplementedError


class ChannelAttention(_Gate):
    """Weighs each channel by what two 1×1 convolutions make of the mean over the whole image (squeeze and excitation).

    With `pool: mean_max` the convolutions are applied to the largest values too, and both results are added.
    """

    source = "Hu et al., 2018, arXiv:1709.01507; mean_max: Woo et al., 2018, arXiv:1807.06521 (CBAM)"
    reduction: Count = 16
    """By how much the channels are divided between the two convolutions."""
    bias: bool = True
    """Whether the convolutions have biases."""
    pool: Literal["mean", "mean_max"] = "mean"
    """What the image says of a channel: its mean, or its mean and its largest value."""

    def weighed(self, x: Signal) -> Signal:
        mean = x.global_avg_pool()
        hidden = mean.conv(max(1, x.channels // self.reduction), 1, bias=self.bias, name="squeeze").activation("ReLU")
        weights = hidden.conv(x.channels, 1, bias=self.bias, name="excite")
        if self.pool == "mean_max":
            weights = weights.add(weights.reapply(mean, x.global_max_pool()))
        return x.gate(weights.activation("Sigmoid"), whole=True)


class SpatialAttention(_Gate):
    """Weighs each sample by what a convolution makes of its channels.

    It reads their mean and their largest value, or with `reads: channels` all of them.
    """

    source = "Woo et al., 2018, arXiv:1807.06521 (CBAM); channels: Roy et al., 2018, arXiv:1803.02579 (scSE)"
    reads: Literal["summary", "channels"] = "summary"
    """What the convolution reads: the mean and the largest value over the channels, or the channels."""
    kernel: PerAxis = 7
    """Samples that the convolution covers."""
    bias: Bias = False
    """Whether the convolution has a bias."""

    def faults(self, dims: int) -> Iterator[tuple[str, str, str]]:
        yield from centred(self.kernel, 1, "same")

    def weighed(self, x: Signal) -> Signal:
        read = x.channel_summary() if self.reads == "summary" else x
        return x.gate(read.conv(1, self.kernel, bias=self.bias, name="weight").activation("Sigmoid"))
