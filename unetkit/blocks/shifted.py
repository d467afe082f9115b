"""A block of 1×1 convolutions before which channels move, so that samples meet their neighbours."""

from __future__ import annotations

from typing import Literal

from unetkit.block import Block, Count
from unetkit.blocks.act import GELU
from unetkit.blocks.fields import OwnAct, OwnNorm, entered
from unetkit.blocks.norm import LayerNorm
from unetkit.signal import Signal


class ShiftedMLP(Block):
    """Norm, two 1×1 convolutions beside a shortcut; before each, groups of channels move along one axis.

    Between them stand a depthwise 3×3 convolution and the activation. The channels move along the first axis, then
    along the last.
    """

    source = "Valanarasu & Patel, 2022, arXiv:2203.04967 (UNeXt)"
    groups: Literal[3, 5, 7] = 5
    """Groups of channels, each moved by another number of samples: with 5 from -2 to 2."""
    expansion: Count = 1
    """By how much the channels grow between the convolutions."""
    norm: OwnNorm = LayerNorm(eps=1e-5)
    """Norm before the first move."""
    act: OwnAct = GELU()
    """Activation after the depthwise convolution."""

    def wire(self, x: Signal, channels: int) -> Signal:
        x = entered(x, channels)
        wide = channels * self.expansion
        y = x.norm(self.norm).shift_samples(0, self.groups).conv(wide, 1, bias=True, name="expand")
        y = y.conv(wide, 3, groups=wide, bias=True, name="depthwise").act(self.act)
        y = y.shift_samples(x.dims - 1, self.groups).conv(channels, 1, bias=True, name="reduce")
        return x.add(y)
