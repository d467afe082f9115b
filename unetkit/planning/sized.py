"""A plan at one input size: what each block gets, gives and costs."""

from __future__ import annotations

from typing import Any, NamedTuple

from unetkit.lazy import call_late
from unetkit.planning.spatial_graph import Size
from unetkit.planning.wiring import Call
from unetkit.signal import Node
from unetkit.wording import size_text


class FeatureMap(NamedTuple):
    """The result of one operation that makes a new map: what made it, its channels and its size."""

    label: str
    channels: int
    size: Size


class Step(NamedTuple):
    """One block at one input size. `skip_channels` and `skip_size` are those of the map that a skip merges."""

    name: str
    slot: str
    type: str
    level: int
    side: str
    in_channels: int
    channels: int
    input_size: Size
    output_size: Size
    parameters: int
    macs: int
    skip_channels: int | None
    skip_size: Size | None
    maps: tuple[FeatureMap, ...]

    def json(self) -> dict[str, Any]:
        """The step as plain values."""
        return {
            "name": self.name,
            "type": self.type,
            "level": self.level,
            "side": self.side,
            "in_channels": self.in_channels,
            "channels": self.channels,
            "input_size": list(self.input_size),
            "output_size": list(self.output_size),
            "parameters": self.parameters,
            "macs": self.macs,
        }


class SizedPlan(NamedTuple):
    """All blocks of a network at one input size, in execution order. `sizes` has the size of every signal."""

    plan: Any
    input_size: Size
    output_size: Size
    sizes: tuple[Size, ...]
    macs: int
    steps: tuple[Step, ...]

    def __repr__(self) -> str:
        sizes = f"{size_text(self.input_size)} -> {size_text(self.output_size)}"
        return f"<{self.plan.spec} at {sizes}; {self.macs:,} multiply-adds>"

    def _repr_html_(self) -> str:
        return str(call_late("unetkit.notebook", "sized_html", self))

    def _repr_svg_(self) -> str:
        return str(call_late("unetkit.notebook", "sized_svg", self))


def step(nodes: tuple[Node, ...], sizes: tuple[Size, ...], call: Call, kind: str, costs: tuple[int, int]) -> Step:
    """What one block does at one size; `costs` are its parameters and multiply-adds."""
    first, skip = call.inputs[0], call.inputs[1] if len(call.inputs) > 1 else None
    return Step(
        name=call.scope,
        slot=call.slot,
        type=kind,
        level=call.level,
        side=call.side,
        in_channels=nodes[first].channels,
        channels=nodes[call.output].channels,
        input_size=sizes[first],
        output_size=sizes[call.output],
        parameters=costs[0],
        macs=costs[1],
        skip_channels=None if skip is None else nodes[skip].channels,
        skip_size=None if skip is None else sizes[skip],
        maps=tuple(
            FeatureMap(operation.label(), nodes[index].channels, sizes[index])
            for index in range(call.start, call.end)
            if (operation := nodes[index].operation) is not None and operation.makes_map
        ),
    )
