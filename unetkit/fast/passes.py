"""Passes: from a plan to one that computes the same for inference with less work. Each stands alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection

from unetkit.fast.plan import OptimizedPlan
from unetkit.operations import Operation
from unetkit.operations.fast import (
    Absorbed,
    by_winograd,
    computed_later,
    computes_activation,
    folded,
    is_absorbed,
    is_late,
    joined_later,
    normalized_in_place,
    passes_rows_on,
    reads_size_alone,
    takes_parts,
)
from unetkit.planning import Plan

Pass = Callable[[Plan], OptimizedPlan]


def fold_norms(plan: Plan) -> OptimizedPlan:
    """Batch norms become part of the weights of the convolutions before them."""
    changes: dict[int, Operation] = {}
    outputs, readers, shared = set(plan.outputs.values()), _readers(plan), _shared(plan)
    for index, node in enumerate(plan.nodes):
        source = node.inputs[0] if node.inputs else 0
        first = plan.nodes[source].operation
        if node.operation is None or first is None or source in outputs or {source, index} & shared:
            continue
        together = folded(first, node.operation) if len(readers[source]) == 1 else None
        if together is not None and source not in changes:
            changes[source], changes[index] = together, Absorbed(node.operation.label())
    return OptimizedPlan(plan, changes)


def normalize_in_place(plan: Plan) -> OptimizedPlan:
    """Instance norms write over their input, with the channels last."""
    changes: dict[int, Operation] = {}
    for index, node in enumerate(plan.nodes):
        found = normalized_in_place(node.operation) if node.operation is not None and plan.dims > 1 else None
        if found is not None:
            changes[index] = found
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


def fuse_activations(plan: Plan) -> OptimizedPlan:
    """Activations become part of the convolutions and instance norms before them, which write what they give."""
    changes: dict[int, Operation] = {}
    outputs, readers, shared = set(plan.outputs.values()), _readers(plan), _shared(plan)
    fused = set[int]()
    for index, node in enumerate(plan.nodes):
        if node.operation is None or not node.operation.activation:
            continue
        (source,), between = node.inputs, [index]
        while (operation := plan.nodes[source].operation) is not None and is_absorbed(operation):
            between.append(source)
            (source,) = plan.nodes[source].inputs
        alone = all(len(readers[one]) == 1 and one not in outputs for one in (*between[1:], source))
        if operation is None or not alone or source in fused or {*between, source} & shared:
            continue
        if computes_activation(operation, node.operation):
            changes[index] = Absorbed(node.operation.label())
            fused.add(source)
    return OptimizedPlan(plan, changes)


def join_late(plan: Plan) -> OptimizedPlan:
    """Concatenations are not stored where convolutions alone read them: the convolution of each part is summed."""
    changes: dict[int, Operation] = {}
    outputs, readers = set(plan.outputs.values()), _readers(plan)
    for index, node in enumerate(plan.nodes):
        late = joined_later(node.operation) if node.operation is not None else None
        if late is None or not readers[index] or index in outputs or _parts_joined(plan, node.inputs):
            continue
        reading = [plan.nodes[reader] for reader in readers[index]]
        if all(one.inputs == (index,) and one.operation and takes_parts(one.operation) for one in reading):
            changes[index] = late
    return OptimizedPlan(plan, changes)


def upsample_late(plan: Plan) -> OptimizedPlan:
    """Transposed convolutions are not stored where one convolution alone reads them as a part of a concatenation.

    It computes their rows as it needs them.
    """
    changes: dict[int, Operation] = {}
    readers = _readers(plan)
    for index, node in enumerate(plan.nodes):
        late = computed_later(node.operation) if node.operation is not None else None
        if late is None or passes_rows_on(late):
            continue
        for passed in _rows_on_the_way(plan, index, readers):
            operation = plan.nodes[passed].operation
            found = computed_later(operation) if operation is not None else None
            if found is not None:
                changes[passed] = found
    return OptimizedPlan(plan, changes)


def _rows_on_the_way(plan: Plan, index: int, readers: dict[int, list[int]]) -> list[int]:
    """The nodes that pass the rows of a map on to a concatenation that is not stored; none where others read them."""
    path, outputs = [index], set(plan.outputs.values())
    while path[-1] not in outputs:
        values = [reader for reader in readers[path[-1]] if not _reads_size_alone(plan, reader, path[-1])]
        operation = plan.nodes[values[0]].operation if len(values) == 1 else None
        if operation is None:
            return []
        if is_late(operation):
            return path if len(readers[values[0]]) == 1 else []
        if not passes_rows_on(operation):
            return []
        path.append(values[0])
    return []


def _reads_size_alone(plan: Plan, reader: int, source: int) -> bool:
    node = plan.nodes[reader]
    return node.operation is not None and reads_size_alone(node.operation, node.inputs.index(source))


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
    "normalize_in_place": normalize_in_place,
    "fuse_activations": fuse_activations,
    "join_late": join_late,
    "upsample_late": upsample_late,
    "winograd": use_winograd,
}
"""All passes by name, in the order in which they are applied."""


def _readers(plan: Plan) -> dict[int, list[int]]:
    """The nodes that read each node, once for each time."""
    found: dict[int, list[int]] = defaultdict(list)
    for index, node in enumerate(plan.nodes):
        for source in node.inputs:
            found[source].append(index)
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
