"""The plan of an optimised network: the operations of another plan, rewritten one for one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from unetkit.operations import Operation
from unetkit.operations.fast import is_computed_late, is_late, keeps_shape
from unetkit.planning import Plan
from unetkit.planning.wiring import Wired
from unetkit.signal import Node


class OptimizedPlan(Plan):
    """A plan whose operations were rewritten: it has the same calls, nodes and sizes, and computes the same.

    An operation that another one does too is still there, and passes its input on.
    """

    releases_early = True

    def __init__(self, plan: Plan, operations: Mapping[int, Operation]) -> None:
        self.original: Plan = plan.original if isinstance(plan, OptimizedPlan) else plan
        """The plan of the network as its spec says it."""
        self.rewritten: dict[int, Operation] = {
            **(plan.rewritten if isinstance(plan, OptimizedPlan) else {}),
            **operations,
        }
        """The operations that differ from those of the spec, by node."""
        wired = Wired(plan.calls, plan._blocks, tuple(plan.outputs.items()), tuple(plan.inputs.items())[1:])
        super().__init__(plan.spec, wired, plan._preferred)

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """The image and all operations, in execution order."""
        return tuple(
            node._replace(operation=self.rewritten.get(index, node.operation))
            for index, node in enumerate(self.original.nodes)
        )

    @property
    def _operations(self) -> Iterator[tuple[str, Operation]]:
        for call in self.calls:
            for node in self.nodes[call.start : call.end]:
                if node.operation is not None:
                    yield f"{call.scope}.{node.name}", node.operation

    @cached_property
    def written_over(self) -> dict[int, int]:  # type: ignore[override]  # a fact of the class for all others
        """By convolution of a concatenation that is not stored a part that nothing else reads later."""
        last = {source: index for index, node in enumerate(self.nodes) for source in node.inputs}
        last |= dict.fromkeys((*self.outputs.values(), *self.inputs.values()), len(self.nodes))
        found = {}
        for index, node in enumerate(self.nodes):
            if node.operation is None or not keeps_shape(node.operation):
                continue
            (joined,) = node.inputs
            joining = self.nodes[joined].operation
            if joining is None or not is_late(joining) or last[joined] > index:
                continue
            for part in self.nodes[joined].inputs:
                operation = self.nodes[part].operation
                late = operation is not None and is_computed_late(operation)
                if self.nodes[part].channels == node.channels and last[part] == joined and not late:
                    found[index] = part
                    break
        return found

    def listing(self) -> list[str]:
        """The network as text: its operations, one a line, with where each is, its channels and what it reads."""
        lines = []
        for call in self.calls:
            for index in range(call.start, call.end):
                node = self.nodes[index]
                assert node.operation is not None, "a call has operations only"
                name = f"{call.scope}.{node.name}"
                lines.append(f"{index} {name}: {node.operation.label()} {node.channels} <- {node.inputs}")
        return lines

    def __repr__(self) -> str:
        return f"<Optimised plan of {self.spec}; {len(self.rewritten)} of {len(self.nodes) - 1} operations rewritten>"
