"""The way down, which topologies have in common."""

from __future__ import annotations

from unetkit.topology import Net


def encode(net: Net, image: int, prefix: str = "", column: int = 0) -> tuple[int, ...]:
    """Places the blocks of all levels, with the ways down between them; returns the output of each, finest first.

    Encoders of one prefix share their weights.
    """
    outputs, x = list[int](), image
    for level in range(net.last):
        if level:
            x = net.place(f"{prefix}encoder.{level}.down", "down", level, "encoder", x, column=column)
        x = net.place(f"{prefix}encoder.{level}.block", "block", level, "encoder", x, column=column)
        outputs.append(x)
    if net.last:
        x = net.place(f"{prefix}bottleneck.down", "down", net.last, "bottleneck", x, column=column)
    x = net.place(f"{prefix}bottleneck.block", "block", net.last, "bottleneck", x, column=column)
    return (*outputs, x)
