"""The size at which a network is shown: one that people use, accepted, with no sample padded or dropped on the way."""

from __future__ import annotations

from unetkit.errors import SizeError
from unetkit.planning import Plan, SizedPlan

USUAL = {1: (1024, 4096), 2: (512, 572), 3: (128, 132)}
"""Sizes to try first, by dims: what images have, and what the valid networks of the papers were given."""


def at_natural_size(plan: Plan) -> SizedPlan | None:
    """Returns the plan at its natural size; None where no size near the usual ones fits."""
    usual = USUAL[plan.dims]
    try:
        near = [sizes.above(usual[0]) or sizes.minimum or 0 for sizes in (plan.fitting if plan.pads else plan.accepted)]
    except OverflowError:  # sizes that repeat after more than 65536 samples are nothing to show
        return None
    candidates = [(size,) * plan.dims for size in usual] + [tuple(near)]
    fitting = []
    for size in candidates:
        try:
            fitting.append(plan.at(size))
        except SizeError:
            continue
    return next((sized for sized in fitting if as_it_is(sized)), fitting[0] if fitting else None)


def as_it_is(sized: SizedPlan) -> bool:
    """Whether the image is not padded, and each of its samples has a say."""
    nodes = sized.plan.nodes
    return sized.sizes[0] == sized.input_size and not any(
        node.operation.dropped(axis, tuple(sized.sizes[source][axis] for source in node.inputs))
        for node in nodes
        if node.operation is not None
        for axis in range(sized.plan.dims)
    )
