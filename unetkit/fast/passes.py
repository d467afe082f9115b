"""Passes: from a plan to one that computes the same for inference with less work. Each stands alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection

from unetkit.fast.plan import OptimizedPlan
from unetkit.operations import Operation
from unetkit.operations.fast import Absorbed, by_winograd, folded, joined_later, takes_parts
from unetkit.planning import Plan

Pass = Callable[[Plan], OptimizedPlan]


def fold_norms(plan: Plan) -> OptimizedPlan:
    """Batch norms become part of the weights of the convolutions before them."""
    changes: dict[int, Operation] = {}
    readers, shared = _readers(plan), _shared(plan)
    for index, node in enumerate(plan.nodes):
        source = node.inputs[0] if node.inputs else 0
        first = plan.nodes[source].operation
        if node.operation is None or first is None or readers[source] > 1 or {source, index} & shared:
            continue
        together = folded(first, node.operation)
        if together is not None and source not in changes:
            changes[source], changes[index] = together, Absorbed(node.operation.label())
    return OptimizedPlan(plan, changes)


def drop_dropout(plan: Plan) -> OptimizedPlan:
    """Operations that do something in training only are left out."""
    return OptimizedPlan(
        plan,
        {
            index: Absorbed(node.operation.label())
            for index, node in enumerate(plan.nodes)
            if node.operation is not None and node.operation.training_only
        },
    )


def join_late(plan: Plan) -> OptimizedPlan:
    """Concatenations are not stored where convolutions alone read them: the convolution of each part is summed."""
    changes: dict[int, Operation] = {}
    outputs = set(plan.outputs.values())
    for index, node in enumerate(plan.nodes):
        late = joined_later(node.operation) if node.operation is not None else None
        readers = [each for each in plan.nodes if index in each.inputs]
        reads = all(each.inputs == (index,) and each.operation and takes_parts(each.operation) for each in readers)
        if late is not None and readers and reads and index not in outputs and not _parts_joined(plan, node.inputs):
            changes[index] = late
    return OptimizedPlan(plan, changes)


def use_winograd(plan: Plan, nodes: Collection[int] | None = None) -> OptimizedPlan:
    """3×3 convolutions go by Winograd's algorithm: all that can, or those of `nodes`."""
    changes = {}
    for index in winograd_nodes(plan) if nodes is None else nodes:
        operation = plan.nodes[index].operation
        fast = by_winograd(operation) if operation is not None else None
        if fast is not None:
            changes[index] = fast
    return OptimizedPlan(plan, changes)


def winograd_nodes(plan: Plan) -> list[int]:
    """The nodes that can go by Winograd's algorithm."""
    return [
        index
        for index, node in enumerate(plan.nodes)
        if node.operation is not None and by_winograd(node.operation) is not None
    ]


PASSES: dict[str, Pass] = {
    "fold_norms": fold_norms,
    "drop_dropout": drop_dropout,
    "join_late": join_late,
    "winograd": use_winograd,
}
"""All passes by name, in the order in which they are applied."""


def _readers(plan: Plan) -> Counter[int]:
    """How often each node is read, by operations and as an output."""
    found = Counter(plan.outputs.values())
    for node in plan.nodes:
        found.update(node.inputs)
    return found


def _shared(plan: Plan) -> set[int]:
    """The nodes whose module others call too."""
    names = {
        index: f"{call.scope}.{plan.nodes[index].name}" for call in plan.calls for index in range(call.start, call.end)
    }
    count = Counter(names.values())
    return {index for index, name in names.items() if count[name] > 1}


def _parts_joined(plan: Plan, inputs: tuple[int, ...]) -> bool:
    """Whether a part of a concatenation is one itself."""
    return any(
        operation is not None and joined_later(operation) is not None
        for operation in (plan.nodes[index].operation for index in inputs)
    )
