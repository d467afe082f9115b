"""What is drawn of a plan: its components at work; of a network of one level the networks within its blocks too."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from unetkit.language.inner_network import InnerNetwork
from unetkit.planning.sized import step
from unetkit.planning.wiring import Call
from unetkit.sequence import Sequence

if TYPE_CHECKING:
    from unetkit.block import Component
    from unetkit.planning import Plan, SizedPlan
    from unetkit.planning.sized import Step
    from unetkit.topology import Position


class Drawn(NamedTuple):
    """A component at work. One within a block has the name of that block, and a position of its own."""

    step: Step
    call: Call


def drawn(plan: SizedPlan) -> list[Drawn]:
    """All that is drawn, in execution order."""
    whole = [Drawn(*each) for each in zip(plan.steps, plan.plan.calls, strict=True)]
    if any(one.call.level for one in whole):
        return whole
    found, columns = list[Drawn](), 0
    for one in whole:
        part, call = plan.plan.spec.parts[one.call.scope], _moved(one.call, columns)
        if not _has_network(part):
            found.append(Drawn(one.step, call))
            continue
        opened = _Opened(plan.plan, one.call)
        opened.open(part, call, "")
        found += [Drawn(step(plan.plan.nodes, plan.sizes, each, kind, (0, 0)), each) for kind, each in opened.calls]
        columns += opened.columns
    return found


class _Opened:
    """The components within a block: their types and calls, and the columns that they have in the figure."""

    def __init__(self, plan: Plan, block: Call) -> None:
        self.plan = plan
        self.block = block
        self.inner = {one.scope: one for one in plan.inner(block)}
        self.calls: list[tuple[str, Call]] = []
        self.columns = 0

    def open(self, part: Component, call: Call, scope: str) -> None:
        """Adds a component or what it consists of, whose scopes begin so."""
        if isinstance(part, Sequence) and _has_network(part):
            for number, item in enumerate(part.items):
                found = self.call(f"{scope}{number}", call.position)
                if found is not None:
                    self.open(item.part, found, f"{scope}{number}.")
        elif isinstance(part, InnerNetwork):
            positions = part.layout(self.plan.nodes[call.output].channels).positions
            for position in positions:
                found = self.call(f"{scope}{position.scope}", position._replace(scope=call.scope))
                if found is not None:
                    self.add(self.inner[f"{scope}{position.scope}"].part, found)
            self.columns += 1 + max(position.column for position in positions)
        else:
            self.add(part, call)
            self.columns += 1

    def add(self, part: Component, call: Call) -> None:
        """Adds a component, right of those that were opened before."""
        kind = self.plan.spec.types.get(type(part)) or type(part).__name__
        self.calls.append((kind, _moved(call, self.columns)))

    def call(self, scope: str, position: Position) -> Call | None:
        """The component of a scope at work; None where it has no operation."""
        if scope in self.inner:
            one = self.inner[scope]
            return Call(position, one.start, one.end, one.inputs, one.output, one.conditions)
        for index in range(self.block.start, self.block.end):
            if self.plan.nodes[index].name == scope:  # a norm or an activation
                return Call(position, index, index + 1, self.plan.nodes[index].inputs, index)
        return None


def _has_network(part: Component) -> bool:
    """Whether a component is a network, or a list with one."""
    items = part.items if isinstance(part, Sequence) else ()
    return isinstance(part, InnerNetwork) or any(_has_network(item.part) for item in items)


def _moved(call: Call, columns: int) -> Call:
    """A call farther to the right in the figure."""
    return call._replace(position=call.position._replace(column=call.position.column + columns))
