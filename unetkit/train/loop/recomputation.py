"""Trains a network with some stretches of its operations computed again in the backward pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from unetkit import functional
from unetkit.model.blocks import layer_target
from unetkit.model.interface import named_outputs
from unetkit.model.network import Network
from unetkit.planning import Plan


def recompute(model: Network, stretches: Sequence[range]) -> None:
    """Makes a network compute stretches of its nodes again in the backward pass, in place of keeping what they make.

    Gradients, running statistics and random numbers are those of the network as it is.
    """
    if stretches:
        forward, again = model.forward, _Recomputing(model, stretches)

        def recomputing(*inputs: Any) -> Any:
            return again(*inputs) if torch.is_grad_enabled() else forward(*inputs)

        model.forward = recomputing  # a wrapper module would change the names of the weights


class _Step(NamedTuple):
    """A node: what computes it, and what it reads."""

    call: Any
    inputs: tuple[int, ...]


class _Stretch:
    """Consecutive nodes as one function of the signals that they read to those that others read."""

    def __init__(self, steps: dict[int, _Step], nodes: range, last: dict[int, int]) -> None:
        self.steps = {index: steps[index] for index in nodes if index in steps}
        read = {source for step in self.steps.values() for source in step.inputs}
        self.inputs = tuple(sorted(read.difference(nodes)))
        self.outputs = tuple(index for index in self.steps if last[index] > nodes[-1])
        self.releases = {index: [one for one in (*nodes, *self.inputs) if last[one] == index] for index in nodes}
        self.buffers = [
            buffer for step in self.steps.values() if isinstance(step.call, nn.Module) for buffer in step.call.buffers()
        ]

    def __call__(self, *inputs: Any) -> tuple[Any, ...]:
        signals = dict(zip(self.inputs, inputs, strict=True))
        for index, step in self.steps.items():
            signals[index] = step.call(*[signals[source] for source in step.inputs])
            for done in self.releases[index]:
                signals.pop(done, None)
        return tuple([signals[index] for index in self.outputs])

    def contexts(self) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
        """What holds while it is computed, and while it is computed again."""
        return nullcontext(), _unchanged(self.buffers)


@contextmanager
def _unchanged(buffers: Sequence[Tensor]) -> Iterator[None]:
    """Puts buffers back as they were: running statistics count a batch once."""
    before = [buffer.clone() for buffer in buffers]
    try:
        yield
    finally:
        with torch.no_grad():
            for buffer, value in zip(buffers, before, strict=True):
                buffer.copy_(value)


class _Recomputing:
    """The forward pass of a network, node by node."""

    def __init__(self, model: Network, stretches: Sequence[range]) -> None:
        self.plan = plan = model.plan
        steps = _steps(model, plan)
        count = len(plan.nodes)
        last = {index: index for index in range(count)}
        for index, step in steps.items():
            last |= dict.fromkeys(step.inputs, index)
        last |= dict.fromkeys(plan.outputs.values(), count)
        starts = {stretch.start: stretch for stretch in stretches}
        self.stretches: list[tuple[_Stretch, bool]] = []
        """Each with whether it is computed again."""
        index = 1
        while index < count:
            again = starts.get(index)
            nodes = again or range(index, min([one for one in starts if one > index], default=count))
            self.stretches.append((_Stretch(steps, nodes, last), again is not None))
            index = nodes.stop
        self.last = last

    def __call__(self, image: Tensor, *vectors: Tensor) -> Any:
        plan, mode = self.plan, self.plan.spec.odd_sizes.padding
        x = functional.pad_image(image, plan.padding_rule, mode) if mode else image
        signals: dict[int, Any] = {0: x}
        signals |= zip(list(plan.inputs.values())[1:], vectors, strict=True)
        for stretch, again in self.stretches:
            inputs = [signals[source] for source in stretch.inputs]
            for source in stretch.inputs:
                if self.last[source] <= max(stretch.steps, default=0):
                    del signals[source]
            if again:
                made = checkpoint(stretch, *inputs, use_reentrant=False, context_fn=stretch.contexts)
            else:
                made = stretch(*inputs)
            del inputs
            signals |= zip(stretch.outputs, made, strict=True)
        outputs = [signals[node] for node in plan.outputs.values()]
        for place, name in enumerate(plan.outputs):
            if plan.pads and plan.is_full(name):
                outputs[place] = functional.cut_padding(outputs[place], x, image)
        return named_outputs(tuple(plan.outputs), outputs)


def _steps(model: Network, plan: Plan) -> dict[int, _Step]:
    """What computes each node, but inputs."""
    found = {}
    for call in plan.calls:
        if plan.is_input(call):
            continue
        for index in range(call.start, call.end):
            node, layer = plan.nodes[index], plan.layer(index)
            if layer.is_module:
                found[index] = _Step(model.get_submodule(f"{call.scope}.{node.name}"), node.inputs)
            else:
                function = layer_target(layer, node.operation)
                found[index] = _Step(_function(function, layer.kwargs, joins=layer.joins), node.inputs)
    return found


def _function(function: Any, arguments: Any, *, joins: bool) -> Any:
    """A function of tensors with its further arguments; `joins`: it takes the tensors as one list."""
    if joins:
        return lambda *inputs: function(inputs, **arguments)
    return lambda *inputs: function(*inputs, **arguments)
