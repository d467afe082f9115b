"""Checks third-party blocks: what the plan predicts against what the module does."""

from __future__ import annotations

import torch
from torch import nn

from unetkit.errors import BlockError, Fault
from unetkit.planning import Plan, Size, Step
from unetkit.wording import size_text


def third_party_blocks(planned: Plan) -> set[str]:
    """The names of the blocks with an operation that is not unetkit's own."""
    return {
        call.scope
        for call in planned.calls
        for node in planned.nodes[call.start : call.end]
        if node.operation is not None and node.operation.is_third_party
    }


def prove(planned: Plan, twin: nn.Module) -> None:
    """Raises BlockError where a third-party block has other weights, channels or sizes than the plan predicts.

    `twin` is the network on the meta device.
    """
    for more in (1, 2):  # even and odd
        size = _small_size(planned, more)
        if size is not None:
            _prove_at(planned, twin, size)


def _small_size(planned: Plan, more: int) -> Size | None:
    """The first accepted size that is `more` samples or further above the smallest."""
    sizes = [each.above((each.minimum or 1) + more) or each.minimum for each in planned.accepted]
    return None if None in sizes else tuple(size for size in sizes if size is not None)


def _prove_at(planned: Plan, twin: nn.Module, size: Size) -> None:
    names = third_party_blocks(planned)
    steps = {step.name: step for step in planned.at(size).steps if step.name in names}
    shapes: dict[str, tuple[int, ...]] = {}
    twin.eval()._forward_pre_hooks.clear()
    for name in names:
        keep = lambda module, inputs, output, name=name: shapes.__setitem__(name, tuple(output.shape[1:]))  # noqa: E731
        twin.get_submodule(name).register_forward_hook(keep)
    failure: Exception | None = None
    try:
        with torch.no_grad():
            twin(torch.empty((1, planned.spec.in_channels, *size), device="meta"))
    except (RuntimeError, ValueError) as error:
        failure = error
    for name in (name for name in steps if name in shapes):  # the cause comes before what follows from it
        _compare(planned, steps[name], twin.get_submodule(name), shapes[name])
    if failure is not None:
        name = next((name for name in steps if name not in shapes), next(iter(steps)))
        raise _mismatch(planned, name, f"it takes {size_text(steps[name].input_size)}", str(failure)) from failure


def _compare(planned: Plan, step: Step, module: nn.Module, shape: tuple[int, ...]) -> None:
    if shape != (step.channels, *step.output_size):
        plan_says = (
            f"{step.channels} channels of {size_text(step.output_size)} for an input of {size_text(step.input_size)}"
        )
        raise _mismatch(planned, step.name, plan_says, f"{shape[0]} channels of {size_text(shape[1:])}")
    weights = sum(weight.numel() for weight in module.parameters() if weight.requires_grad)
    if weights != step.parameters:
        raise _mismatch(planned, step.name, f"{step.parameters:,} parameters", f"{weights:,}")


def _mismatch(planned: Plan, name: str, plan_says: str, torch_says: str) -> BlockError:
    """The error for a block whose facts do not match what its module does."""
    kind = planned.spec.type_of(planned.spec.parts[name])
    owners = ", ".join(f"{owner} {version}" for owner, version in planned.spec.plugins.items())
    owner = f" (of {owners})" if "/" in kind else ""
    message = f"the facts of {kind!r}{owner} do not match what its module does: "
    message += f"the plan says {plan_says}; torch: {torch_says}"
    cure = "Correct its facts; unetkit plugin check shows more."
    return BlockError(planned.spec.blame(Fault("block-facts", message, name, cure), name))
