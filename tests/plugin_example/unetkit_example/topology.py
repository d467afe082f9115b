"""A topology: how the components of a network are joined."""

from unetkit.plugin import Count, Net, Topology


class Decoders(Topology):
    """One encoder and several decoders, each of which also reads the maps of those before it.

    A head may read an earlier decoder: `decoder_1`, `decoder_2`, ….
    """

    source = "Valanarasu et al., 2020, arXiv:2006.04878"
    decoders: Count = 2
    """How many decoders."""

    def wire(self, net: Net, image: int) -> dict[int | str, int]:
        maps = self.encode(net, image)
        outputs: dict[int | str, int] = {net.last: maps[-1][0]}
        for number in range(1, self.decoders + 1):
            x = maps[-1][0]
            for level in reversed(range(net.last)):
                scope, column = f"decoder{number}.{level}", number * net.last - level
                x = net.place(f"{scope}.up", "up", level, "decoder", x, column=column, toward=maps[level][0])
                x = net.place(f"{scope}.skip", "skip", level, "decoder", x, *maps[level], column=column)
                x = net.place(f"{scope}.block", "block", level, "decoder", x, column=column)
                maps[level].append(x)
                outputs[level] = x
            outputs[f"decoder_{number}"] = x
        return outputs

    def encode(self, net: Net, image: int) -> list[list[int]]:
        """Places the way down; returns the map of each level in a list, to which decoders add theirs."""
        maps, x = list[list[int]](), image
        for level in range(net.last):
            if level:
                x = net.place(f"encoder.{level}.down", "down", level, "encoder", x)
            x = net.place(f"encoder.{level}.block", "block", level, "encoder", x)
            maps.append([x])
        if net.last:
            x = net.place("bottleneck.down", "down", net.last, "bottleneck", x)
        x = net.place("bottleneck.block", "block", net.last, "bottleneck", x)
        return [*maps, [x]]
