"""UNETR: an encoder that stays at the coarsest level, whose maps go up to the levels of the decoder."""

from __future__ import annotations

from unetkit.block import Count
from unetkit.operations.operation import wiring_error
from unetkit.topologies.paths import decode
from unetkit.topology import Net, Topology
from unetkit.wording import plural


class UNETR(Topology):
    """The ways down follow one another, and at the last level stages of the encoder's blocks.

    The map of each stage goes up to a level of the decoder, whose skip it is: by ways up to the channels of that level,
    with a block after each but the first. The encoder's block of level 0 reads the image. Levels halve the resolution.
    """

    source = "Hatamizadeh et al., 2021, arXiv:2103.10504"
    blocks: tuple[Count, ...] = ()
    """Blocks of each stage, of which there is one for each level between; one block each unless given."""

    def wire(self, net: Net, image: int) -> dict[int | str, int]:
        counts = self.blocks or (1,) * max(0, net.last - 1)
        if len(counts) != max(0, net.last - 1):
            message = f"this network has {plural(max(0, net.last - 1), 'stage')}, blocks has {len(counts)}"
            raise wiring_error(message, "Give a number for each level but the first and the last.")
        x = image
        for level in range(1, net.last):
            x = net.place(f"encoder.{level}.down", "down", level, "encoder", x)
        if net.last:
            x = net.place("bottleneck.down", "down", net.last, "bottleneck", x, column=1)
        stages = list[int]()
        for stage, count in enumerate(counts, 1):
            for number in range(count):
                x = net.place(f"encoder.{stage}.{number}.block", "block", net.last, "encoder", x, column=stage)
            stages.append(x)
        x = net.place("bottleneck.block", "block", net.last, "bottleneck", x, column=net.last)
        outputs: dict[int | str, int] = {net.last: x}
        skips = [net.place("encoder.0.block", "block", 0, "encoder", image, column=2)] if net.last else []
        skips += [self._projected(net, level, stage, image) for level, stage in enumerate(stages, 1)]
        for level in reversed(range(net.last)):
            column = 2 * net.last - level
            x = outputs[level] = decode(net, f"decoder.{level}", level, x, skips[level], column=column)
        return outputs

    def _projected(self, net: Net, target: int, x: int, image: int) -> int:
        """A map of the last level at a finer one, with its channels."""
        channels = net.decoder_channels[target]
        for level in reversed(range(target, net.last)):
            scope, factor = f"projection.{target}.{level}", 2**level
            x = net.place(
                f"{scope}.up", "up", level, "decoder", x,
                column=target, channels=channels, toward=image, coarser=factor,
            )  # fmt: skip
            if level < net.last - 1:
                x = net.place(f"{scope}.block", "block", level, "decoder", x, column=target, channels=channels)
        return x
