"""A U-Net with several blocks per level and a skip from each of them."""

from __future__ import annotations

from typing import Annotated

from unetkit.block import Block, Count, Inset
from unetkit.topology import Net, Topology


class SkipPerBlock(Topology):
    """Several blocks per level, each with a skip of its own; the decoder has one block more, for the way down.

    As in the U-Nets of diffusion models: a stem before the first level gives a skip too.
    """

    source = "Ho et al., 2020, arXiv:2006.11239"
    blocks: Count = 2
    """Blocks of each level of the encoder."""
    stem: Annotated[Block | None, Inset("block", lists=True)] = None
    """The block before the first level, at its channels; none unless given."""

    def wire(self, net: Net, image: int) -> dict[int | str, int]:
        x, skips = image, list[tuple[int, int]]()  # with their levels
        if self.stem is not None:
            x = net.place("stem", "block", 0, "encoder", x, component=self.stem)
            skips.append((0, x))
        for level in range(net.last + 1):
            if level:
                x = net.place(f"encoder.{level}.down", "down", level, "encoder", x)
                skips.append((level, x))
            for number in range(self.blocks):
                x = net.place(f"encoder.{level}.{number}.block", "block", level, "encoder", x)
                skips.append((level, x))
        x = net.place("bottleneck.block", "block", net.last, "bottleneck", x)
        outputs: dict[int | str, int] = {}
        for level in reversed(range(net.last + 1)):
            column, channels = 1 + net.last - level, (*net.decoder_channels, net.channels[-1])
            wide = channels[level]
            own = [skip for at, skip in reversed(skips) if at == level]
            if level < net.last:
                x = net.place(
                    f"decoder.{level}.up",
                    "up",
                    level,
                    "decoder",
                    x,
                    column=column,
                    channels=channels[level + 1],
                    toward=own[0],
                )
            for number, skip in enumerate(own):
                scope = f"decoder.{level}.{number}"
                x = net.place(f"{scope}.skip", "skip", level, "decoder", x, skip, column=column, channels=wide)
                x = net.place(f"{scope}.block", "block", level, "decoder", x, column=column, channels=wide)
            outputs[level] = x
        return outputs
