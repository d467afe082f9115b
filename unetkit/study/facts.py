"""The facts about an arm that follow from its plan, for one patch of its training."""

from __future__ import annotations

from typing import Any

from unetkit.planning import Plan
from unetkit.planning.memory import OPTIMIZER_COPIES, training_bytes
from unetkit.planning.sized import Size
from unetkit.study.arm import Facts

PATCH = {1: 2048, 2: 128, 3: 48}
"""Samples of the output per axis of a patch, by dims."""
BATCH = 8


def facts_of(made: Plan, training: dict[str, Any]) -> Facts:
    """Returns the facts of a plan for one patch of the training."""
    size = covering_size(made, patch_of(made, training))
    sized = made.at(size)
    weights = made.parameters * 4 * (2 + OPTIMIZER_COPIES["adam"])
    return Facts(
        digest=made.digest,
        parameters=made.parameters,
        macs=sized.macs,
        memory=training_bytes(made, size, batch=training.get("batch", BATCH)) + weights,
        receptive_field=made.receptive_field,
        input_size=size,
        output_size=sized.output_size,
    )


def patch_of(made: Plan, training: dict[str, Any]) -> Size:
    """Returns the size that the output of a patch has at least."""
    patch = training.get("patch") or PATCH[made.dims]
    return (patch,) * made.dims if isinstance(patch, int) else tuple(patch)


def covering_size(made: Plan, wanted: Size) -> Size:
    """Returns the least fitting input whose output has at least so many samples; raises SizeError where none has."""
    found = list(wanted)
    while True:
        for axis, sizes in enumerate(made.fitting):
            above = sizes.above(found[axis])
            if above is None:
                made.output_size(wanted)  # which says what does not fit
                raise AssertionError("a network that takes a size has one above it")
            found[axis] = above
        output = made.output_size(tuple(found))
        short = [axis for axis in range(made.dims) if output[axis] < wanted[axis]]
        if not short:
            return tuple(found)
        for axis in short:
            found[axis] += wanted[axis] - output[axis]
