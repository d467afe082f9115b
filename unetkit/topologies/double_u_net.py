"""DoubleU-Net: two U-Nets, of which the second reads the image weighed by the output of the first."""

from __future__ import annotations

from typing import Annotated

from unetkit.block import Block, Inset, Skip
from unetkit.topologies.paths import decode, encode
from unetkit.topology import Net, Side, Topology


class DoubleUNet(Topology):
    """Two U-Nets: the second reads the image merged with a mask of the first, and its skips are of both encoders.

    The first has the encoder of the spec. The encoder of the second has the blocks and the channels of the decoder. The
    block of the bottleneck ends both. A head may also read the mask: `mask`.
    """

    name = "DoubleU-Net"
    source = "Jha et al., 2020, arXiv:2006.04868"
    example = {
        "topology": {
            "type": "double_u_net",
            "mask": {"type": "single_conv", "kernel": 1, "act": "sigmoid"},
            "between": "multiply",
        }
    }
    mask: Annotated[Block, Inset("block", lists=True)]
    """Computes the mask, of one channel, from the last features of the first network."""
    between: Annotated[Skip, Inset("skip", lists=True)]
    """How the mask and the image become what the second network reads: by `multiply`, for example."""

    def wire(self, net: Net, image: int) -> dict[int | str, int]:
        first = encode(net, image)
        x, column = first[-1], net.last
        for level in reversed(range(net.last)):
            x = decode(net, f"decoder.{level}", level, x, first[level], column=column - level)
        mask = net.place("mask", "block", 0, "decoder", x, column=column, channels=1, component=self.mask)
        column += 1
        x = net.place(
            "between", "skip", 0, "decoder", mask, image,
            column=column, channels=1, component=self.between,
        )  # fmt: skip
        second = list[int]()
        for level in range(net.last):
            x = net.place(f"second.encoder.{level}.block", "block", level, "decoder", x, column=column)
            second.append(x)
            side: Side = "encoder" if level + 1 < net.last else "bottleneck"
            x = net.place(
                f"second.encoder.{level}.down", "down", level + 1, side, x,
                column=column, channels=net.decoder_channels[level],
            )  # fmt: skip
        x = net.place("second.bottleneck.block", "block", net.last, "bottleneck", x, column=column)
        outputs: dict[int | str, int] = {net.last: x}
        for level in reversed(range(net.last)):
            skips = first[level], second[level]
            at = column + net.last - level
            x = outputs[level] = decode(net, f"second.decoder.{level}", level, x, *skips, column=at)
        return outputs | {"mask": mask}
