"""U-Net++: a grid of nodes between encoder and decoder."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from unetkit.topologies.paths import decode, encode
from unetkit.topology import Net, Topology


class UNetPlusPlus(Topology):
    """Dense nested skips: each node merges all nodes to its left on its level with the node below.

    Nodes have the channels of the encoder, the last of each level those of the decoder. A head may also read the nodes
    of level 0, where the grid begins there: `column_1`, `column_2`, …; what only deeper columns need is then left out.
    """

    name = "U-Net++"
    source = "Zhou et al., 2018, arXiv:1807.10165"
    finest: Annotated[int, Field(ge=0, le=64)] = 0
    """The finest level of the grid; finer ones have one node, as where an encoder begins with a stride."""

    def wire(self, net: Net, image: int) -> dict[int | str, int]:
        rows, names = [[x] for x in encode(net, image)], dict[int | str, int]()
        for column in range(1, net.last + 1):
            for level in range(net.last + 1 - column):
                is_last = column == net.last - level
                if level < self.finest and not is_last:
                    continue
                if not (is_last or net.has_skip(level)):
                    continue
                channels = net.decoder_channels[level] if is_last else net.channels[level]
                scope, x = f"decoder.{level}.{column}", rows[level + 1][-1]
                x = decode(net, scope, level, x, *rows[level], column=column, channels=channels)
                rows[level].append(x)
                if level == 0:
                    names[f"column_{column}"] = x
        return names | {level: row[-1] for level, row in enumerate(rows)}
