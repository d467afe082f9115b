"""UNet 3+: every level of the decoder reads all scales."""

from __future__ import annotations

from unetkit.topologies.paths import encode
from unetkit.topology import Net, Topology


class UNet3Plus(Topology):
    """Full-scale skips: each level of the decoder merges the encoder's maps down to its level and all coarser maps.

    The skip brings the maps to one resolution, so that there is no way up.
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
            skips = (encoder[level], *encoder[:level], *coarser[1:])
            x = net.place(f"decoder.{level}.skip", "skip", level, "decoder", coarser[0], *skips, column=column)
            x = net.place(f"decoder.{level}.block", "block", level, "decoder", x, column=column)
            coarser.insert(0, x)
            outputs[level] = x
        return outputs
