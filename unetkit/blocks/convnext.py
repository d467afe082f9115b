"""The ConvNeXt block."""

from __future__ import annotations

from collections.abc import Iterator

from unetkit.block import Block, Count, PerAxis
from unetkit.blocks.act import GELU
from unetkit.blocks.fields import OwnAct, OwnNorm, PaddingMode, centred, is_point
from unetkit.blocks.norm import LayerNorm
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
