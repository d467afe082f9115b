"""UNet 3+: every level of the decoder reads all scales."""

from __future__ import annotations

from unetkit.topologies.paths import decode, encode
from unetkit.topology import Net, Topology


class UNet3Plus(Topology):
    """Full-scale skips: each level of the decoder merges the encoder's maps down to its level and all coarser maps.

    The skip brings the maps to one resolution, so that there is no way up, but to levels without a skip.
    """

    name = "UNet 3+"
    source = "Huang et al., 2020, arXiv:2004.08790"
    defaults = {"skip": "full_scale"}

    def wire(self, net: Net, image: int) -> dict[int | str, int]:
        encoder = encode(net, image)
        coarser = [encoder[-1]]
        outputs: dict[int | str, int] = {net.last: encoder[-1]}
        for level in reversed(range(net.last)):
            column = net.last - level
            if net.has_skip(level):
                finer = [encoder[one] for one in range(level) if net.has_skip(one)]
                skips = (encoder[level], *finer, *coarser[1:])
                x = net.place(f"decoder.{level}.skip", "skip", level, "decoder", coarser[0], *skips, column=column)
                x = net.place(f"decoder.{level}.block", "block", level, "decoder", x, column=column)
            else:
                x = decode(net, f"decoder.{level}", level, coarser[0], encoder[level], column=column)
            coarser.insert(0, x)
            outputs[level] = x
        return outputs
