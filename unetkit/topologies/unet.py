"""The U."""

from __future__ import annotations

from unetkit.topologies.encoder import encode
from unetkit.topology import Net, Topology


class UNet(Topology):
    """A way down and a way up, joined at each level."""

    name = "U-Net"
    source = "Ronneberger, Fischer, Brox, 2015, arXiv:1505.04597"

    def wire(self, net: Net, image: int) -> dict[int | str, int]:
        *skips, x = encode(net, image)
        outputs: dict[int | str, int] = {net.last: x}
        for level in reversed(range(net.last)):
            skip, column = skips[level], net.last - level
            x = net.place(f"decoder.{level}.up", "up", level, "decoder", x, column=column, toward=skip)
            x = net.place(f"decoder.{level}.skip", "skip", level, "decoder", x, skip, column=column)
            x = net.place(f"decoder.{level}.block", "block", level, "decoder", x, column=column)
            outputs[level] = x
        return outputs
