"""Layers on maps whose axes come in another order: of a volume its longest one first, so that its rows are small."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import nn

from unetkit.fast.convolution import FastConvolution
from unetkit.fast.streaming.graph import RowGraph
from unetkit.model.blocks import layer_target
from unetkit.operations import Operation


def turned(module: Any, graph: RowGraph, index: int) -> Any:
    """What computes a node of a graph that is turned, with the same weights, from what computes it otherwise."""
    dims, operation = graph.plan.dims, graph.nodes[index].operation
    assert operation is not None, "an input is not computed"
    if isinstance(module, FastConvolution):
        return module.turned(graph.order)
    weights = {**module._parameters, **module._buffers}
    spatial = any(weight is not None and weight.dim() > dims for weight in weights.values())
    if operation == graph.plan.nodes[index].operation and not spatial:
        return module
    with torch.device("meta"):
        made = fresh(graph, index, operation)
    if not weights:
        return made
    for name, weight in weights.items():
        if weight is not None and weight.dim() > dims:
            first = weight.dim() - dims
            weights[name] = weight.permute(*range(first), *(first + axis for axis in graph.order)).contiguous()
    for own in (made._parameters, made._buffers):
        for name in own:
            weight = weights[name]
            own[name] = weight if weight is None or own is made._buffers else nn.Parameter(weight, requires_grad=False)
    return made.eval()


def fresh(graph: RowGraph, index: int, operation: Operation) -> Any:
    """The layer of an operation, with new weights where it has any."""
    channels = tuple(graph.nodes[source].channels for source in graph.nodes[index].inputs)
    layer = operation.layer(channels, graph.plan.dims)
    target = layer_target(layer, operation)
    return target(*layer.args, **layer.kwargs) if layer.is_module else partial(target, **layer.kwargs)
