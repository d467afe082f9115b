"""From plan to torch.fx modules: one per block, and one for the network that calls them in order."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any

import torch
from torch import fx, nn

from unetkit import functional
from unetkit.language import Spec, load
from unetkit.model.graph import SharedCodeGraph
from unetkit.model.init import Uninitialized, initialize
from unetkit.model.network import Network
from unetkit.model.proof import foreign, prove
from unetkit.operations import Layer, Operation
from unetkit.planning import Plan, plan
from unetkit.planning.memory import overwriting
from unetkit.signal import Call


def build(spec: Spec | str | PathLike[str] | Mapping[str, Any], seed: int | None = None) -> nn.Module:
    """Returns the network of a spec: input (N, in_channels, *spatial), output (N, out_channels, *spatial).

    The spec may also be given as a path, a name, or plain values. `seed` makes the initial weights repeatable, and
    leaves torch's own random state alone. The module has the attributes `spec` and `plan`. It raises SizeError for an
    image that does not fit.

    >>> build({"unetkit": 1, "in_channels": 1, "out_channels": 2, "channels": [4, 8]})(torch.zeros(1, 1, 8, 8)).shape
    torch.Size([1, 2, 8, 8])
    """
    asked = spec if isinstance(spec, Spec) else load(spec)
    with torch.random.fork_rng(enabled=seed is not None):
        if seed is not None:
            torch.manual_seed(seed)
        network = assemble(plan(asked))
        initialize(network, asked.init)
    check_foreign(network.plan)
    return network


def check_foreign(planned: Plan) -> None:
    """Raises BlockError where a block of others is not what the plan says."""
    if foreign(planned):
        with torch.device("meta"), Uninitialized():
            twin = assemble(planned)
        prove(planned, twin)


def assemble(planned: Plan) -> Network:
    """Returns the network of a plan, with torch's own initial weights."""
    root = nn.Module()
    graph = SharedCodeGraph()
    over = overwriting(planned)
    image = graph.placeholder("x")
    signals: dict[int, fx.Node] = {0: image}
    if planned.pads:
        sets = tuple((sizes.start, sizes.period, sizes.remainders) for sizes in planned.preferred_sizes)
        signals[0] = graph.call_function(functional.pad_image, (image, sets, planned.spec.odd_sizes.padding))
    for span in planned.spans:
        add_module(root, span.scope, block(planned, span, over))
        signals[span.output] = graph.call_module(span.scope, tuple(signals[index] for index in span.inputs))
    output = signals[planned.output]
    if planned.pads:
        output = graph.call_function(functional.cut_padding, (output, signals[0], image))
    graph.output(output)
    return Network(root, graph, class_name="UNet").know(planned)


def block(planned: Plan, span: Call, over: frozenset[int]) -> fx.GraphModule:
    """Returns one block as a module whose inputs and operations are those of the span."""
    root = nn.Module()
    graph = SharedCodeGraph()
    names = ("x", "skip")
    signals = {index: graph.placeholder(name) for index, name in zip(span.inputs, names, strict=False)}
    for index in range(span.start, span.end):
        node = planned.nodes[index]
        layer = planned.layer(index)
        inputs = tuple(signals[source] for source in node.inputs)
        if layer.is_module:
            kwargs = dict(layer.kwargs)
            if index in over:
                kwargs["inplace"] = True
            root.add_module(node.name, target(layer, node.operation)(*layer.args, **kwargs))
            signals[index] = graph.call_module(node.name, inputs)
        elif layer.joins:
            signals[index] = graph.call_function(target(layer, node.operation), (inputs,), dict(layer.kwargs))
        else:
            signals[index] = graph.call_function(target(layer, node.operation), inputs, dict(layer.kwargs))
    graph.output(signals[span.output])
    return fx.GraphModule(
        root, graph, class_name=planned.spec.type_of(planned.spec.parts[span.scope]).title().replace("_", "")
    )


def target(layer: Layer, operation: Operation | None) -> Any:
    """Returns what a layer's name stands for: in torch.nn, torch, unetkit.functional, or where its operation says."""
    if layer.home and operation is not None:
        return operation.import_layer(layer)
    space, _, attribute = layer.name.partition(".")
    return getattr({"nn": nn, "torch": torch, "functional": functional}[space], attribute)


def add_module(root: nn.Module, name: str, module: nn.Module) -> None:
    """Adds a module under a dotted name, with plain modules for the parts before the last dot."""
    *parents, last = name.split(".")
    for part in parents:
        if not hasattr(root, part):
            root.add_module(part, nn.Module())
        root = root.get_submodule(part)
    root.add_module(last, module)
