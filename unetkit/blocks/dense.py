"""The dense block: each convolution reads all maps before it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from unetkit.block import Count
from unetkit.blocks.conv import ConvBlock
from unetkit.blocks.fields import Order, keeps_size
from unetkit.operations.operation import wiring_error
from unetkit.signal import Signal


class Dense(ConvBlock):
    """Layers that each read the input and the maps of all layers before, and add the same number of channels.

    That number, the growth, follows from the channels of the level: with `output: new` they are those of all layers,
    with `output: all` those of the input too.
    """

    source = "Huang et al., 2017, arXiv:1608.06993; Jégou et al., 2017, arXiv:1611.09326 (FC-DenseNet)"
    order: Order = "norm_act_conv"
    """The order of convolution, norm and activation."""
    layers: Count = 4
    """Convolutions in the block."""
    output: Literal["new", "all"] = "new"
    """Whether the output is made of the maps of the layers alone, or of the input's too."""

    def faults(self, dims: int) -> Iterator[tuple[str, str, str]]:
        yield from super().faults(dims)
        yield from keeps_size(self.kernel, self.padding)

    def wire(self, x: Signal, channels: int) -> Signal:
        added = channels - x.channels if self.output == "all" else channels
        if added < self.layers or added % self.layers:
            means = (
                f"{channels} channels, {x.channels} of them the input's,"
                if self.output == "all"
                else f"{channels} channels"
            )
            raise wiring_error(
                f"{means} cannot be divided among {self.layers} layers",
                "Choose other channels or another number of layers.",
            )
        maps = [x]
        for _ in range(self.layers):
            joined = maps[0].concat(*maps[1:]) if len(maps) > 1 else x
            maps.append(self.stage(joined, added // self.layers))
        kept = maps if self.output == "all" else maps[1:]
        return self.gated(kept[0].concat(*kept[1:]) if len(kept) > 1 else kept[0])
