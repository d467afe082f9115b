"""The U."""

from __future__ import annotations

from unetkit.topologies.paths import decode, encode
from unetkit.topology import Net, Topology


class UNet(Topology):
    """A way down and a way up, joined at each level."""

    name = "U-Net"
    source = "Ronneberger, Fischer, Brox, 2015, arXiv:1505.04597"

    def wire(self, net: Net, image: int) -> dict[int | str, int]:
        *skips, x = encode(net, image)
        outputs: dict[int | str, int] = {net.last: x}
        for level in reversed(range(net.last)):
            x = outputs[level] = decode(net, f"decoder.{level}", level, x, skips[level], column=net.last - level)
        return outputs
