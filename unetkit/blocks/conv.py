"""Convolution blocks: single, double and residual, each with norm, activation, dropout and squeeze-excite."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from unetkit.block import Block, Count, PerAxis, Share
from unetkit.blocks.act import Identity, ReLU
from unetkit.blocks.fields import ActField, NormField, PaddingMode, centred, is_point, one_sample
from unetkit.blocks.norm import Batch, NoNorm
from unetkit.operations.operation import wiring_error
from unetkit.signal import Bias, Padding, Signal


class SingleConv(Block):
    """One convolution, followed by norm and activation."""

    kernel: PerAxis = 3
    """Samples that the convolution covers."""
    padding: Padding = "same"
    """`same` keeps the size, `valid` computes only where the kernel has all its samples."""
    padding_mode: PaddingMode = "zeros"
    """What stands outside the image."""
    dilation: PerAxis = 1
    """Distance between the samples of the kernel."""
    groups: Count = 1
    """Groups of channels that are convolved apart."""
    bias: Bias = "auto"
    """`auto`: none where a norm follows."""
    norm: NormField = Batch()
    """Norm of this block; the one of the spec unless given."""
    act: ActField = ReLU()
    """Activation of this block; the one of the spec unless given."""
    order: Literal["norm_act", "act_norm"] = "norm_act"
    """Whether the norm comes before or after the activation."""
    dropout: Share = 0.0
    """Share of values that are zeroed in training."""
    dropout_kind: Literal["element", "channel"] = "element"
    """Whether single values or whole channels are zeroed."""
    squeeze_excite: Count | None = None
    """Reduction of the channel gate (Hu et al., 2018, arXiv:1709.01507); none by default. Looks at the whole image."""

    def idle(self) -> dict[str, str]:
        reasons = one_sample(self.kernel, self.padding)
        if isinstance(self.norm, NoNorm):
            reasons["order"] = "there is no norm"
        elif isinstance(self.act, Identity):
            reasons["order"] = "there is no activation"
        if not self.dropout:
            reasons["dropout_kind"] = "dropout is 0"
        return reasons

    def faults(self, dims: int) -> Iterator[tuple[str, str, str]]:
        yield from centred(self.kernel, self.dilation, self.padding)

    def wire(self, x: Signal, channels: int) -> Signal:
        return self.gated(self.stage(x, channels))

    def convolve(self, x: Signal, channels: int) -> Signal:
        """The bare convolution."""
        return x.conv(
            channels,
            self.kernel,
            padding=self.padding,
            dilation=self.dilation,
            groups=self.groups,
            bias=self.bias,
            padding_mode=self.padding_mode,
        )

    def finish(self, x: Signal) -> Signal:
        """Returns x after norm and activation, in the order asked for."""
        if self.order == "norm_act":
            return x.norm(self.norm).act(self.act)
        return x.act(self.act).norm(self.norm)

    def stage(self, x: Signal, channels: int) -> Signal:
        """Returns x after convolution, norm, activation and dropout."""
        return self.dropped(self.finish(self.convolve(x, channels)))

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


class DoubleConv(SingleConv):
    """Two convolutions, each followed by norm and activation."""

    source = "Ronneberger, Fischer, Brox, 2015, arXiv:1505.04597"
    mid_channels: Count | Literal["output", "half_output", "half_input"] = "output"
    """Channels between the two: those of the output, half of them, half of the input's, or a number."""

    def wire(self, x: Signal, channels: int) -> Signal:
        x = self.stage(x, self.middle(x.channels, channels))
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


class Residual(SingleConv):
    """Two convolutions beside a shortcut, which is a 1×1 convolution where the channels differ.

    `post`: norm and activation after each convolution, the last activation after the sum. `pre`: before each.
    """

    source = "He et al., 2016, arXiv:1512.03385 (post) and arXiv:1603.05027 (pre)"
    activation: Literal["post", "pre"] = "post"

    def idle(self) -> dict[str, str]:
        reasons = super().idle()
        if self.activation == "post":
            reasons.setdefault("order", "after the sum comes the activation alone; use activation: pre")
        if isinstance(self.norm, NoNorm) and isinstance(self.act, Identity):
            reasons["activation"] = "there is neither norm nor activation"
        return reasons

    def wire(self, x: Signal, channels: int) -> Signal:
        if self.activation == "pre":
            y = self.convolve(self.finish(x), channels)
            y = self.convolve(self.dropped(self.finish(y)), channels)
            return self.gated(y).add(self.shortcut(x, y))
        y = self.dropped(self.convolve(x, channels).norm(self.norm).act(self.act))
        y = self.gated(self.convolve(y, channels).norm(self.norm))
        return y.add(self.shortcut(x, y)).act(self.act)

    def shortcut(self, x: Signal, y: Signal) -> Signal:
        """Returns x in the channels and the size of y."""
        if x.channels != y.channels:
            x = x.conv(y.channels, 1, name="shortcut")
            if self.activation == "post":
                x = x.norm(self.norm)
        if self.padding == "valid" and not is_point(self.kernel):
            x = x.crop_to(y)
        return x
