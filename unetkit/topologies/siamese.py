"""Several images, each with an encoder, into one decoder."""

from __future__ import annotations

from typing import Literal

from unetkit.topologies.paths import decode, encode
from unetkit.topology import Net, Topology


class Siamese(Topology):
    """An encoder for each image, with shared or own weights; the skip of each level merges their maps with the decoder.

    Its skip merges several maps: concat, difference.
    """

    source = "Caye Daudt et al., 2018, arXiv:1810.08462"
    weights: Literal["shared", "own"] = "shared"
    """Whether all encoders have the same weights, or each its own."""
    bottom: Literal["merge", "last"] = "merge"
    """What the decoder begins with: the deepest maps, merged by the skip, or that of the last image."""

    def wire(self, net: Net, image: int) -> dict[int | str, int]:
        prefixes = ["" if self.weights == "shared" else f"{name}." for name in net.images]
        images = zip(net.images.values(), prefixes, strict=True)
        encoders = [encode(net, one, prefix) for one, prefix in images]
        first, *others = [encoder[-1] for encoder in encoders]
        x = others[-1] if others else first
        if others and self.bottom == "merge":
            x = net.place("merge", "skip", net.last, "bottleneck", first, *others)
        outputs: dict[int | str, int] = {net.last: x}
        for level in reversed(range(net.last)):
            skips = [encoder[level] for encoder in encoders]
            x = outputs[level] = decode(net, f"decoder.{level}", level, x, *skips, column=net.last - level)
        return outputs
