"""Blocks of a depthwise convolution and two 1×1 convolutions around an activation: ConvNeXt and MedNeXt."""

from __future__ import annotations

from collections.abc import Iterator

from unetkit.block import Block, Count, PerAxis, Up
from unetkit.blocks.act import GELU
from unetkit.blocks.fields import OwnAct, OwnNorm, PaddingMode, centred, is_point
from unetkit.blocks.norm import Instance, LayerNorm
from unetkit.operations.operation import per_axis, wiring_error
from unetkit.signal import Signal


class ConvNeXt(Block):
    """A depthwise convolution, norm, and two 1×1 convolutions around an activation, beside a shortcut."""

    source = "Liu et al., 2022, arXiv:2201.03545"
    kernel: PerAxis = 7
    """Samples that the depthwise convolution covers."""
    padding_mode: PaddingMode = "zeros"
    """What stands outside the image."""
    expansion: Count = 4
    """By how much the channels grow between the 1×1 convolutions."""
    norm: OwnNorm = LayerNorm()
    """Norm after the depthwise convolution; the one of the spec does not apply here."""
    act: OwnAct = GELU()
    """Activation between the 1×1 convolutions; the one of the spec does not apply here."""

    def idle(self) -> dict[str, str]:
        return {"padding_mode": "a kernel of 1 covers one sample"} if is_point(self.kernel) else {}

    def faults(self, dims: int) -> Iterator[tuple[str, str, str]]:
        yield from centred(self.kernel, 1, "same")

    def wire(self, x: Signal, channels: int) -> Signal:
        if x.channels != channels:
            x = x.conv(channels, 1, name="project")
        y = x.conv(channels, self.kernel, groups=channels, padding_mode=self.padding_mode, name="depthwise")
        y = y.norm(self.norm).conv(channels * self.expansion, 1, name="expand").act(self.act)
        return x.add(y.conv(channels, 1, name="reduce"))


class MedNeXt(Block):
    """A depthwise convolution, norm, and two 1×1 convolutions around an activation, beside a shortcut.

    The shortcut is a 1×1 convolution where stride or channels change.
    """

    source = "Roy et al., 2023, arXiv:2303.09975"
    kernel: PerAxis = 3
    """Samples that the depthwise convolution covers."""
    stride: PerAxis = 1
    """Stride of the depthwise convolution and of the shortcut."""
    expansion: Count = 2
    """By how much the channels grow between the 1×1 convolutions."""
    norm: OwnNorm = Instance()
    """Norm after the depthwise convolution; the one of the spec does not apply here."""
    act: OwnAct = GELU()
    """Activation between the 1×1 convolutions; the one of the spec does not apply here."""

    def faults(self, dims: int) -> Iterator[tuple[str, str, str]]:
        yield from centred(self.kernel, 1, "same")

    def again(self) -> Block:
        return self.model_copy(update={"stride": 1})

    def wire(self, x: Signal, channels: int) -> Signal:
        y = x.conv(x.channels, self.kernel, stride=self.stride, groups=x.channels, bias=True, name="depthwise")
        y = y.norm(self.norm).conv(x.channels * self.expansion, 1, name="expand").act(self.act)
        y = y.conv(channels, 1, name="reduce")
        changes = x.channels != channels or max(per_axis(self.stride, x.dims, "stride")) > 1
        return y.add(x.conv(channels, 1, stride=self.stride, name="shortcut") if changes else x)


class MedNeXtUp(Up):
    """The MedNeXt block with transposed convolutions, which leave out the first sample along each axis: it is zero."""

    source = "Roy et al., 2023, arXiv:2303.09975"
    kernel: PerAxis = 3
    """Samples that one sample spreads to in the depthwise convolution."""
    expansion: Count = 2
    """By how much the channels grow between the 1×1 convolutions."""
    norm: OwnNorm = Instance()
    """Norm after the depthwise convolution; the one of the spec does not apply here."""
    act: OwnAct = GELU()
    """Activation between the 1×1 convolutions; the one of the spec does not apply here."""

    def faults(self, dims: int) -> Iterator[tuple[str, str, str]]:
        yield from centred(self.kernel, 1, "same")

    def wire(self, x: Signal, channels: int, stride: tuple[int, ...]) -> Signal:
        if max(stride) > 2:
            raise wiring_error(f"mednext leads up by a stride of 2, here it is {max(stride)}", "Use another way up.")
        y = x.transposed_conv(
            x.channels, stride, self.kernel, groups=x.channels, bias=True, output_padding=False, name="depthwise"
        )
        y = y.norm(self.norm).conv(x.channels * self.expansion, 1, name="expand").act(self.act)
        shortcut = x.transposed_conv(channels, stride, 1, output_padding=False, name="shortcut")
        y = y.conv(channels, 1, name="reduce").add(shortcut)
        return y.pad(tuple(step - 1 for step in stride), 0)
