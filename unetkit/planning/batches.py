"""What operations ask of a batch in training alone: batch norm has no variance over a single value."""

from __future__ import annotations

from unetkit.planning.planned import Plan
from unetkit.planning.sized import Size
from unetkit.wording import size_text


def training_fault(plan: Plan, size: Size, batch: int) -> str:
    """Returns the rule that training with batches of images of an accepted size breaks, or nothing.

    >>> from unetkit.planning import plan
    >>> from unetkit.language import load
    >>> training_fault(plan(load("unet-same")), (16, 16), 1)
    'bottleneck.block.norm1: batch norm needs more than one value per channel in training, here is 1×1 in a batch of 1'
    >>> training_fault(plan(load("unet-same")), (16, 16), 2)
    ''
    """
    sizes = plan.at(size).sizes
    for index, node in enumerate(plan.nodes):
        if node.operation is not None:
            rule = node.operation.training_limit(sizes[node.inputs[0]], batch)
            if rule:
                shape = size_text(sizes[node.inputs[0]])
                return f"{plan.span_of(index).scope}.{node.name}: {rule}, here is {shape} in a batch of {batch}"
    return ""
