"""Atrous spatial pyramid pooling: dilated convolutions and the whole image, side by side."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from unetkit.block import Block, Count
from unetkit.blocks.act import ReLU
from unetkit.blocks.fields import ActField, NormField
from unetkit.blocks.norm import Batch
from unetkit.signal import Signal


class ASPP(Block):
    """A 1×1 convolution, dilated 3×3 convolutions and the mean over the image side by side, then a 1×1 convolution.

    Norm and activation follow each. The part of the last convolution that reads the mean is one of its own, whose
    result is added: the same as if the mean stood beside the maps at every sample.
    """

    source = "Chen et al., 2017, arXiv:1706.05587 (DeepLabv3)"
    rates: Annotated[tuple[Count, ...], Field(min_length=1)] = (6, 12, 18)
    """The dilations of the 3×3 convolutions."""
    norm: NormField = Batch()
    """Norm after each convolution; the one of the spec unless given."""
    act: ActField = ReLU()
    """Activation after each norm; the one of the spec unless given."""

    def wire(self, x: Signal, channels: int) -> Signal:
        image = x.global_avg_pool().conv(channels, 1, bias=True, name="image").norm(self.norm).act(self.act)
        maps = [x.conv(channels, 1, name="point").norm(self.norm).act(self.act)]
        for rate in self.rates:
            maps.append(x.conv(channels, 3, dilation=rate, name=f"rate{rate}").norm(self.norm).act(self.act))
        y = maps[0].concat(*maps[1:]).conv(channels, 1, bias=False, name="merge")
        return y.shift(image.conv(channels, 1, bias=False, name="merge_image")).norm(self.norm).act(self.act)
