"""Gates: what the image says of each channel, or the channels of each sample, weighs the map."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from unetkit.block import Block, Count, PerAxis, Skip
from unetkit.blocks.fields import centred, entered
from unetkit.blocks.skip import Aligned
from unetkit.operations.operation import wiring_error
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
        weights = _channel_weights(mean, self.reduction, self.bias)
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


class GlobalPool(Block):
    """One sample for the whole image: the mean of each channel, or its largest value."""

    source = "Lin et al., 2014, arXiv:1312.4400"
    example = {"heads": {"output": {}, "presence": {"head": ["global_pool", "conv"], "when": "training"}}}
    method: Literal["mean", "max"] = "mean"
    """What the image says of a channel: its mean, or its largest value."""

    def wire(self, x: Signal, channels: int) -> Signal:
        x = entered(x, channels)
        return x.global_max_pool() if self.method == "max" else x.global_avg_pool()


class ClassGate(Skip):
    """Keeps a map where the most likely class of the whole image is not class 0; otherwise it is zero.

    It merges the maps that a head reads. The second has a channel for each class; its largest values decide.
    """

    source = "Huang et al., 2020, arXiv:2004.08790 (UNet 3+, classification-guided module)"
    example = {
        "heads": {
            "output": {"at": ["mask", "presence"], "merge": {"type": "class_gate"}, "head": []},
            "mask": {"when": "never"},
            "presence": {"channels": 2, "head": ["global_pool", "conv"], "when": "training"},
        }
    }

    def wire(self, x: Signal, skip: Signal) -> Signal:  # type: ignore[override]  # one class decides
        return x.mask_by_class(skip.global_max_pool())


class ChannelGate(Aligned):
    """Weighs each channel of the decoder's map by what the whole image says of both maps, then concatenates both.

    Two 1×1 convolutions make weights of the mean of each map over the image; the weights of both are added.
    """

    source = "Fan et al., 2020, doi:10.1109/ACCESS.2020.3025372 (MA-Net)"
    reduction: Count = 16
    """By how much the channels are divided between the two convolutions."""
    bias: bool = True
    """Whether the convolutions have biases."""

    def wire(self, x: Signal, skip: Signal) -> Signal:  # type: ignore[override]  # it weighs by one map
        return super().wire(x, skip)

    def merge(self, x: Signal, *skips: Signal) -> Signal:
        (skip,) = skips
        _check_equal("channel_gate", x, skip)
        weights = []
        for name, one in (("encoder", skip), ("decoder", x)):
            with x.scope(name):
                mean = one.global_avg_pool()
                weights.append(_channel_weights(mean, self.reduction, self.bias).activation("Sigmoid"))
        return x.gate(weights[1].add(weights[0]), whole=True).concat(skip)


class UpdateGate(Aligned):
    """Weighs the encoder's map and adds to it, both by gates of the decoder's map, then concatenates both maps.

    Of the decoder's map a 1×1 convolution makes three maps. The first, added to the encoder's, gives by another such
    convolution the weights of that; the second weighs the third, as in an LSTM.
    """

    source = "Han et al., 2022, doi:10.1016/j.knosys.2022.109512 (ConvUNeXt)"

    def wire(self, x: Signal, skip: Signal) -> Signal:  # type: ignore[override]  # it weighs one map
        return super().wire(x, skip)

    def merge(self, x: Signal, *skips: Signal) -> Signal:
        (skip,) = skips
        _check_equal("update_gate", x, skip)
        count = skip.channels
        gates = x.conv(3 * count, 1, bias=True, name="gates")
        keep = gates.channel_range(0, count).add(skip).conv(count, 1, bias=True, name="keep").activation("Sigmoid")
        share = gates.channel_range(count, count).activation("Sigmoid")
        new = gates.channel_range(2 * count, count).activation("Tanh").gate(share)
        return skip.gate(keep).add(new).conv(count, 1, bias=True, name="update").concat(x)


def _check_equal(name: str, x: Signal, skip: Signal) -> None:
    """Raises BlockError where decoder and encoder differ in channels."""
    if x.channels != skip.channels:
        message = f"{name} needs equal channels, decoder has {x.channels}, encoder has {skip.channels}"
        raise wiring_error(message, "Let the way up go to the channels of the encoder.")


def _channel_weights(mean: Signal, reduction: int, bias: bool) -> Signal:
    """What two 1×1 convolutions make of the mean of each channel: a number for each, before the sigmoid."""
    hidden = mean.conv(max(1, mean.channels // reduction), 1, bias=bias, name="squeeze").activation("ReLU")
    return hidden.conv(mean.channels, 1, bias=bias, name="excite")
