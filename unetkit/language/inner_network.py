"""A network as a block of another: a topology whose frame of keys stands in a slot for blocks."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from pydantic import create_model

from unetkit.block import Block, Component
from unetkit.language.canonical import place_frame
from unetkit.signal import Signal
from unetkit.topology import Layout, Topology, call_arguments, layout


class InnerNetwork(Block):
    """A network within a block. It has no head; its output has the channels that the block is asked for."""

    topology: Topology
    channels: tuple[int, ...]
    decoder_channels: tuple[int, ...]
    parts: tuple[tuple[str, Component], ...]
    """The component of each position."""

    def layout(self, channels: int) -> Layout:
        """The positions and how they are joined, where the output has so many channels."""
        if not self.decoder_channels:
            return layout(self.topology, (channels,), (), ())
        return layout(self.topology, self.channels, (channels, *self.decoder_channels[1:]), ())

    def written(self, write: Callable[[Component], Any]) -> Any:
        form: dict[str, Any] = {**write(self.topology), "channels": list(self.channels)}
        positions = layout(self.topology, self.channels, self.decoder_channels, ()).open_positions
        place_frame(form, positions, {scope: write(part) for scope, part in self.parts})
        if self.decoder_channels != self.channels[:-1]:
            form.setdefault("decoder", {})["channels"] = list(self.decoder_channels)
        return form

    def wire(self, x: Signal, channels: int) -> Signal:
        network, parts, signals = self.layout(channels), dict(self.parts), [x]
        for placement in network.placements:
            position = placement.position
            first, *others = (signals[signal] for signal in placement.inputs)
            toward = None if placement.toward is None else signals[placement.toward]
            part = placement.component or parts[position.scope]
            with x.within(position.scope):
                arguments = call_arguments(placement, part, first, toward)
                signals.append(first.place(position.scope, part, *others, **arguments))
        ((_, output),) = network.outputs
        return signals[output]


@cache
def inner_network(topology: type[Topology]) -> type[InnerNetwork]:
    """The class of the blocks that are networks of a topology."""
    doc = f"A network within a block: {topology.__doc__}"
    return create_model(f"{topology.__name__}Block", __base__=InnerNetwork, __module__=__name__, __doc__=doc)
