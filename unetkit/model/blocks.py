"""From the blocks of a plan to torch.fx modules."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import fx, nn
from torch.fx.graph import PythonCode

from unetkit import functional
from unetkit.module_tree import leaves, module_tree
from unetkit.operations import Layer, Operation
from unetkit.planning import Plan
from unetkit.planning.wiring import Call
from unetkit.signal import input_names


class SharedCodeGraph(fx.Graph):
    """An fx graph that shares generated code with equal graphs: many blocks are equal, and generating is slow."""

    _codes: ClassVar[dict[Any, PythonCode]] = {}

    def python_code(self, root_module: str, **options: Any) -> PythonCode:
        """The code of the graph, as fx generates it."""
        nodes = tuple((node.op, node.name, node.target, str(node.args), str(node.kwargs)) for node in self.nodes)
        key = (root_module, nodes, str(options))
        if key not in self._codes:
            self._codes[key] = super().python_code(root_module, **options)
        return self._codes[key]


def block_module(planned: Plan, call: Call, overwriting: frozenset[int]) -> fx.GraphModule:
    """One block as a module. `overwriting` are the nodes that write their output over their input."""
    root = nn.Module()
    for index in leaves(module_tree(_first_uses(planned, call))):  # as a seed fills them in generated code
        node, layer = planned.nodes[index], planned.layer(index)
        inplace = {"inplace": True} if index in overwriting else {}
        add_module(root, node.name, layer_target(layer, node.operation)(*layer.args, **layer.kwargs, **inplace))
    graph = SharedCodeGraph()
    names = input_names(len(call.inputs), call.conditions)
    signals = {index: graph.placeholder(name) for index, name in zip(call.inputs, names, strict=True)}
    for index in range(call.start, call.end):
        node, layer = planned.nodes[index], planned.layer(index)
        inputs = tuple(signals[source] for source in node.inputs)
        if layer.is_module:
            signals[index] = graph.call_module(node.name, inputs)
        else:
            target = layer_target(layer, node.operation)
            signals[index] = graph.call_function(target, (inputs,) if layer.joins else inputs, dict(layer.kwargs))
    graph.output(signals[call.output])
    kind = planned.spec.type_of(planned.spec.parts[call.scope])
    return fx.GraphModule(root, graph, class_name=kind.title().replace("_", ""))


def _first_uses(planned: Plan, call: Call) -> dict[str, int]:
    """The first node of each module of a block by name; later ones share its weights."""
    found: dict[str, int] = {}
    for index in range(call.start, call.end):
        if planned.layer(index).is_module:
            found.setdefault(planned.nodes[index].name, index)
    return found


def layer_target(layer: Layer, operation: Operation | None) -> Any:
    """The class or function of a layer: of torch.nn, torch, unetkit.functional, or of the operation's package."""
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
