"""Blocks of others are believed once they were seen: what the plan says of them is held against what they do."""

from __future__ import annotations

import torch
from torch import nn

from unetkit.errors import BlockError, Fault
from unetkit.planning import Plan
from unetkit.planning.sized import Size, Step
from unetkit.wording import size_text


def foreign(planned: Plan) -> set[str]:
    """Returns the names of the blocks that have an operation which is not unetkit's own."""
    return {
        span.scope
        for span in planned.spans
        for node in planned.nodes[span.start : span.end]
        if node.operation is not None and node.operation.is_third_party
    }


def prove(planned: Plan, twin: nn.Module) -> None:
    """Raises BlockError where a block of others has other weights, channels or sizes than the plan says.

    `twin` is the network on the meta device.
    """
    for more in (1, 2):  # even and odd
        size = small(planned, more)
        if size is not None:
            prove_at(planned, twin, size)


def prove_at(planned: Plan, twin: nn.Module, size: Size) -> None:
    """Raises BlockError where a block of others is not what the plan says for one size."""
    names = foreign(planned)
    steps = {step.name: step for step in planned.at(size).steps if step.name in names}
    seen: dict[str, tuple[int, ...]] = {}
    twin.eval()._forward_pre_hooks.clear()
    for name in names:
        keep = lambda module, taken, given, name=name: seen.__setitem__(name, tuple(given.shape[1:]))  # noqa: E731
        twin.get_submodule(name).register_forward_hook(keep)
    shape = (1, planned.spec.in_channels, *size)
    failure: Exception | None = None
    try:
        with torch.no_grad():
            twin(torch.empty(shape, device="meta"))
    except (RuntimeError, ValueError) as error:
        failure = error
    for name in (name for name in steps if name in seen):  # what comes first, before what follows from it
        compare(planned, steps[name], twin.get_submodule(name), seen[name])
    if failure is not None:
        name = next((name for name in steps if name not in seen), next(iter(steps)))
        raise untrue(planned, name, f"it takes {size_text(steps[name].input_size)}", str(failure)) from failure


def compare(planned: Plan, step: Step, module: nn.Module, shape: tuple[int, ...]) -> None:
    """Raises BlockError where a block is not what the plan says."""
    if shape != (step.channels, *step.output_size):
        said = f"{step.channels} channels of {size_text(step.output_size)} for an input of {size_text(step.input_size)}"
        raise untrue(planned, step.name, said, f"{shape[0]} channels of {size_text(shape[1:])}")
    weights = sum(weight.numel() for weight in module.parameters() if weight.requires_grad)
    if weights != step.parameters:
        raise untrue(planned, step.name, f"{step.parameters:,} parameters", f"{weights:,}")


def small(planned: Plan, more: int) -> Size | None:
    """Returns a size that the network takes, so many samples above the smallest or soon after."""
    found = [sizes.above((sizes.minimum or 1) + more) or sizes.minimum for sizes in planned.accepted]
    return None if None in found else tuple(size for size in found if size is not None)


def untrue(planned: Plan, name: str, said: str, done: str) -> BlockError:
    """Returns the error for a block whose facts do not match what its module does."""
    part = planned.spec.parts[name]
    kind = planned.spec.type_of(part)
    owners = ", ".join(f"{owner} {version}" for owner, version in planned.spec.plugins.items())
    owner = f" (of {owners})" if "/" in kind else ""
    message = f"the facts of {kind!r}{owner} do not match what its module does: the plan says {said}; torch: {done}"
    cure = "Repair its facts; unetkit plugin check says more."
    return BlockError(planned.spec.blame(Fault("block-facts", message, name, cure), name))
