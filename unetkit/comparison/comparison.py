"""What differs between two networks: settings, costs, and the components that it concerns."""

from __future__ import annotations

from typing import Any, NamedTuple

from unetkit.language import Difference, differences
from unetkit.lazy import call_late
from unetkit.planning import (
    Memory,
    Plan,
    Size,
    SizedPlan,
    common_size,
    kept_by_level,
    natural_size,
    needed_memory,
)
from unetkit.topology import MAP_SLOTS


class LevelCosts(NamedTuple):
    """The costs of one level. `channels` are those of its first block and, where they differ, of its last.

    `kept` are the bytes of its maps that the backward pass of a training needs, for one image in fp32.
    """

    level: int
    channels: tuple[int, ...]
    parameters: int
    macs: int
    kept: int


class Costs(NamedTuple):
    """The costs of a network at an image size."""

    input_size: Size
    output_size: Size
    parameters: int
    macs: int
    receptive_field: tuple[int | None, ...]
    memory: Memory
    levels: tuple[LevelCosts, ...]

    def json(self) -> dict[str, Any]:
        """The costs as plain values."""
        plain = {key: list(value) if isinstance(value, tuple) else value for key, value in self._asdict().items()}
        levels = [level._asdict() | {"channels": list(level.channels)} for level in self.levels]
        return plain | {"memory": self.memory.json(), "levels": levels}


class Comparison(NamedTuple):
    """Two networks, their costs, and the settings that differ."""

    old: Plan
    new: Plan
    old_costs: Costs
    new_costs: Costs
    settings: tuple[Difference, ...]

    @property
    def same(self) -> bool:
        """Whether both are the same network."""
        return self.old.digest == self.new.digest

    @property
    def names(self) -> tuple[str, str]:
        """What the two are called."""
        old, new = self.old.spec.name or "first", self.new.spec.name or "second"
        return old, new if new != old else "changed"

    @property
    def sized(self) -> tuple[SizedPlan, SizedPlan]:
        """Both at the sizes of their costs."""
        return self.old.at(self.old_costs.input_size), self.new.at(self.new_costs.input_size)

    @property
    def changed(self) -> tuple[frozenset[str], frozenset[str]]:
        """The names of the components in each that differ, or that the other does not have."""
        return changed_components(self.new, self.old), changed_components(self.old, self.new)

    def _repr_html_(self) -> str:
        return str(call_late("unetkit.comparison.output", "comparison_html", self))

    def json(self) -> dict[str, Any]:
        """The comparison as plain values."""
        return {
            "old": _identity(self.old) | self.old_costs.json(),
            "new": _identity(self.new) | self.new_costs.json(),
            "same": self.same,
            "differences": [one._asdict() for one in self.settings],
        }


def compare(old: Plan, new: Plan, size: Size | None = None) -> Comparison:
    """Compares two networks at a size, by default one that fits both; else each at its own.

    Raises SizeError if a size that is given does not fit both.

    >>> from unetkit.language import load
    >>> from unetkit.planning import plan
    >>> found = compare(plan(load("unet-2015")), plan(load("unet-milesial")))
    >>> found.new_costs.parameters - found.old_costs.parameters, found.new_costs.input_size
    (7040, (572, 572))
    """
    shared = common_size(old, new) if size is None else size
    old_costs, new_costs = (_costs(each, shared or natural_size(each)) for each in (old, new))
    return Comparison(old, new, old_costs, new_costs, tuple(differences(old.spec, new.spec)))


def changed_components(base: Plan, other: Plan) -> frozenset[str]:
    """The names of the components of a network whose settings differ from the base, or that the base does not have.

    Mere consequences of a change, such as the input channels of a block, do not count.
    """
    before, after = _components(base), _components(other)
    return frozenset(name for name, each in after.items() if before.get(name) != each)


def _components(network: Plan) -> dict[str, tuple[object, int]]:
    """Each component by name, and its output channels where it determines them."""
    nodes, parts = network.nodes, network.spec.parts
    return {
        call.scope: (parts.get(call.scope), nodes[call.output].channels if call.slot in MAP_SLOTS else 0)
        for call in network.calls
    }


def _identity(plan: Plan) -> dict[str, Any]:
    return {"name": plan.spec.name, "digest": plan.digest}


def _costs(plan: Plan, size: Size) -> Costs:
    values, kept = plan.describe(size), kept_by_level(plan, size)
    levels = []
    for level in values["levels"]:
        sides = [side["channels"] for side in (level["encoder"], level["decoder"]) if side]
        number = level["level"]
        levels.append(
            LevelCosts(number, tuple(dict.fromkeys(sides)), level["parameters"], level["macs"], kept.get(number, 0))
        )
    return Costs(
        input_size=tuple(values["input_size"]),
        output_size=tuple(values["output_size"]),
        parameters=plan.parameters,
        macs=values["macs"],
        receptive_field=tuple(plan.receptive_field),
        memory=needed_memory(plan, size),
        levels=tuple(levels),
    )
