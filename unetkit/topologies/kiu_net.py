"""KiU-Net: beside a U that goes down first, one that goes up first."""

from __future__ import annotations

from typing import Annotated

from unetkit.block import Inset, Skip
from unetkit.topology import Net, Side, Topology

_STEPS = 4
"""Columns in the figure for each level: the first branch, its way on, the second branch, its way on."""


class KiUNet(Topology):
    """Two branches: one goes down and then up, as a U-Net; the other up, beyond full resolution, and then down.

    Both have the blocks, ways and skips that the spec says. The skip of level 0 merges them at full resolution. Levels
    halve the resolution, and double that of the second branch.
    """

    name = "KiU-Net"
    source = "Valanarasu et al., 2020, arXiv:2006.04878"
    exchange: Annotated[Skip | None, Inset("skip", lists=True)] = None
    """How each branch takes in the map of the other after each way, as `resample` does; not at all unless given."""

    def wire(self, net: Net, image: int) -> dict[int | str, int]:
        x, y, pairs = image, image, list[tuple[int, int]]()  # the maps of both branches
        for level in range(net.last):
            column = _STEPS * level
            x = net.place(f"encoder.{level}.block", "block", level, "encoder", x, column=column)
            y = net.place(f"over.encoder.{level}.block", "block", level, "encoder", y, column=column + 2)
            x = self._down(net, f"encoder.{level + 1}", level + 1, x, column + 1)
            y = net.place(
                f"over.encoder.{level + 1}.up", "up", level, "decoder", y,
                column=column + 3, toward=image, finer=2 ** (level + 1),
            )  # fmt: skip
            x, y = self._exchanged(net, "encoder", level + 1, x, y, column + _STEPS)
            pairs.append((x, y))
        column = _STEPS * net.last
        x = net.place("bottleneck.block", "block", net.last, "bottleneck", x, column=column)
        y = net.place("over.bottleneck.block", "block", net.last, "bottleneck", y, column=column + 2)
        outputs: dict[int | str, int] = {net.last: x}
        for level in reversed(range(net.last)):
            column = _STEPS * (2 * net.last - level)
            toward = pairs[level - 1][0] if level else image
            x = net.place(f"decoder.{level}.up", "up", level, "decoder", x, column=column - 3, toward=toward)
            y = self._down(net, f"over.decoder.{level}", level + 1, y, column - 1)
            skip = y
            if level:
                x, y = self._exchanged(net, "decoder", level, x, y, column)
                skip, other = pairs[level - 1]
                y = net.place(f"over.decoder.{level}.skip", "skip", level, "decoder", y, other, column=column + 2)
                y = net.place(f"over.decoder.{level}.block", "block", level, "decoder", y, column=column + 2)
            x = net.place(f"decoder.{level}.skip", "skip", level, "decoder", x, skip, column=column)
            x = outputs[level] = net.place(f"decoder.{level}.block", "block", level, "decoder", x, column=column)
        return outputs

    def _down(self, net: Net, scope: str, level: int, x: int, column: int) -> int:
        """The way down to a level of the first branch, or from one of the second."""
        side: Side = "encoder" if level < net.last else "bottleneck"
        return net.place(f"{scope}.down", "down", level, side, x, column=column)

    def _exchanged(self, net: Net, path: str, level: int, x: int, y: int, column: int) -> tuple[int, int]:
        """The maps of both branches, each with that of the other."""
        if self.exchange is None:
            return x, y
        places = ((f"{path}.{level}.exchange", x, y, column), (f"over.{path}.{level}.exchange", y, x, column + 2))
        first, second = (
            net.place(scope, "skip", level, "encoder", own, other, column=at, component=self.exchange)
            for scope, own, other, at in places
        )
        return first, second
