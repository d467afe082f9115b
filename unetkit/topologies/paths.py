"""The way down, and the levels of the way up, which topologies have in common."""

from __future__ import annotations

from unetkit.topology import Backbone, Net


def encode(net: Net, image: int, prefix: str = "", column: int = 0) -> tuple[int, ...]:
    """Places the blocks of all levels, with the ways down between them; returns the output of each, finest first.

    Encoders of one prefix share their weights. At a level at which a backbone has no map, the output is the image.
    """
    if net.backbone is not None:
        return _encode_by_backbone(net, net.backbone, image, prefix, column)
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


def _encode_by_backbone(net: Net, backbone: Backbone, image: int, prefix: str, column: int) -> tuple[int, ...]:
    """Places the levels of a backbone, and the block of the bottleneck where one follows."""
    outputs, x = list[int](), image
    for level, has_map in enumerate(backbone.maps):
        if has_map:
            x = net.place_backbone(f"{prefix}encoder.{level}", level, x, column)
        outputs.append(x)
    if backbone.ends_in_block:
        x = net.place(f"{prefix}bottleneck.block", "block", net.last, "bottleneck", x, column=column)
        outputs[-1] = x
    return tuple(outputs)


def decode(net: Net, scope: str, level: int, x: int, *skips: int, column: int, channels: int | None = None) -> int:
    """Places the way up, the skip and the block of a level of the decoder; returns the output of the block.

    The way up leads to the resolution of the first of `skips`, which the skip merges with it. There is no skip at
    most levels at which a backbone has no map.
    """
    x = net.place(f"{scope}.up", "up", level, "decoder", x, column=column, channels=channels, toward=skips[0])
    if net.has_skip(level):
        x = net.place(f"{scope}.skip", "skip", level, "decoder", x, *skips, column=column, channels=channels)
    return net.place(f"{scope}.block", "block", level, "decoder", x, column=column, channels=channels)
