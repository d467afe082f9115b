"""Which operations may write their output over their input."""

from __future__ import annotations

from unetkit.operations.pointwise import INPLACE, Activation
from unetkit.planning.planned import Plan


def readers(planned: Plan) -> dict[int, int]:
    """Returns how often each signal is read."""
    counts: dict[int, int] = {planned.output: 1}
    for node in planned.nodes:
        for index in node.inputs:
            counts[index] = counts.get(index, 0) + 1
    return counts


def may_overwrite(planned: Plan, index: int, shared: dict[int, int]) -> bool:
    """Whether an operation may write its output over its input: nobody else reads it, and no backward pass needs it."""
    node = planned.nodes[index]
    if not isinstance(node.operation, Activation) or node.operation.name not in INPLACE:
        return False
    source = planned.nodes[node.inputs[0]]
    return source.operation is not None and not source.operation.keeps_output and shared[node.inputs[0]] == 1
