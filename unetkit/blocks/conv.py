"""Convolution blocks: single and double, each with norm, activation, dropout and squeeze-excite."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, Self

from unetkit.block import Block, Count, PerAxis, Share
from unetkit.blocks.act import Identity, ReLU
from unetkit.blocks.fields import (
    ActField,
    Groups,
    NormField,
    Order,
    PaddingMode,
    centred,
    entered,
    group_count,
    one_sample,
)
from unetkit.blocks.norm import Batch, NoNorm
from unetkit.operations.operation import wiring_error
from unetkit.signal import Bias, Padding, Signal


class ConvBlock(Block):
    """The base of blocks of convolutions with norm and activation."""

    kernel: PerAxis = 3
    """Samples that the convolution covers."""
    padding: Padding = "same"
    """`same` keeps the size, `valid` computes only where the kernel has all its samples."""
    padding_mode: PaddingMode = "zeros"
    """What stands outside the image."""
    dilation: PerAxis = 1
    """Distance between the samples of the kernel."""
    groups: Groups = 1
    """Groups of channels that are convolved apart; `depthwise`: each input channel by itself."""
    bias: Bias = "auto"
    """`auto`: none where a norm follows."""
    norm: NormField = Batch()
    """Norm of this block; the one of the spec unless given."""
    act: ActField = ReLU()
    """Activation of this block; the one of the spec unless given."""
    order: Order = "conv_norm_act"
    """The order of convolution, norm and activation; `norm_act_conv` is the pre-activation of He et al., 2016."""
    dropout: Share = 0.0
    """Share of values that are zeroed in training."""
    dropout_kind: Literal["element", "channel"] = "element"
    """Whether single values or whole channels are zeroed."""
    squeeze_excite: Count | None = None
    """Reduction of the channel gate (Hu et al., 2018, arXiv:1709.01507); none by default. Looks at the whole image."""

    def idle(self) -> dict[str, str]:
        reasons = one_sample(self.kernel, self.padding)
        if isinstance(self.norm, NoNorm) and isinstance(self.act, Identity):
            reasons["order"] = "there is neither norm nor activation"
        if not self.dropout:
            reasons["dropout_kind"] = "dropout is 0"
        return reasons

    def faults(self, dims: int) -> Iterator[tuple[str, str, str]]:
        yield from centred(self.kernel, self.dilation, self.padding)

    @property
    def steps(self) -> tuple[str, ...]:
        """The order of a stage: conv, norm and act."""
        return tuple(self.order.split("_"))

    def stage(self, x: Signal, channels: int, stride: PerAxis = 1) -> Signal:
        """Returns x after convolution, norm and activation in their order, and dropout."""
        for step in self.steps:
            x = self.convolve(x, channels, stride) if step == "conv" else self.finish(x, step)
        return self.dropped(x)

    def convolve(self, x: Signal, channels: int, stride: PerAxis = 1) -> Signal:
        """The bare convolution."""
        return x.conv(
            channels,
            self.kernel,
            stride=stride,
            padding=self.padding,
            dilation=self.dilation,
            groups=group_count(self.groups, x),
            bias=self.bias,
            padding_mode=self.padding_mode,
        )

    def finish(self, x: Signal, step: str) -> Signal:
        """Returns x after the norm or the activation."""
        return x.norm(self.norm) if step == "norm" else x.act(self.act)

    def dropped(self, x: Signal) -> Signal:
        """Returns x after dropout."""
        return x.dropout(self.dropout, whole_channels=self.dropout_kind == "channel")

    def gated(self, x: Signal) -> Signal:
        """Returns x with each channel weighted by what the whole image says (squeeze and excite)."""
        if self.squeeze_excite is None:
            return x
        hidden = max(1, x.channels // self.squeeze_excite)
        gate = x.global_avg_pool()
        gate = gate.conv(hidden, 1, name="squeeze").activation("ReLU")
        gate = gate.conv(x.channels, 1, name="excite").activation("Sigmoid")
        return x.gate(gate, whole=True)


class SingleConv(ConvBlock):
    """One convolution with norm and activation."""

    stride: PerAxis = 1
    """Samples from one window to the next; above 1 the block itself leads to a coarser map."""

    def wire(self, x: Signal, channels: int) -> Signal:
        return self.gated(self.stage(x, channels, self.stride))

    def again(self) -> Self:
        """The block where it is repeated: the first alone moves by the stride."""
        return self.model_copy(update={"stride": 1})


class DoubleConv(SingleConv):
    """Two convolutions, each with norm and activation; the first may move by a stride."""

    source = "Ronneberger, Fischer, Brox, 2015, arXiv:1505.04597"
    mid_channels: Count | Literal["output", "half_output", "half_input"] = "output"
    """Channels between the two: those of the output, half of them, half of the input's, or a number."""

    def wire(self, x: Signal, channels: int) -> Signal:
        x = self.stage(x, self.middle(x.channels, channels), self.stride)
        x = self.stage(x, channels)
        return self.gated(x)

    def middle(self, inputs: int, channels: int) -> int:
        """The channels between the two convolutions."""
        if isinstance(self.mid_channels, int):
            return self.mid_channels
        whole = inputs if self.mid_channels == "half_input" else channels
        if self.mid_channels == "output":
            return whole
        if whole % 2:
            raise wiring_error(f"mid_channels: {self.mid_channels} needs an even number of channels, not {whole}")
        return whole // 2


class DropoutAlone(Block):
    """Zeroes a share of the values, or of whole channels, in training."""

    source = "Srivastava et al., 2014, jmlr.org/papers/v15/srivastava14a.html"
    share: Share = 0.5
    """Share of values that are zeroed in training."""
    whole_channels: bool = False
    """Whether whole channels are zeroed, not single values."""

    def wire(self, x: Signal, channels: int) -> Signal:
        return entered(x, channels).dropout(self.share, whole_channels=self.whole_channels)
