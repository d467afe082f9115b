"""The optimised network of a network: all passes, or some of them, for one size of images."""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import nn

from unetkit.fast.network import OptimizedNetwork
from unetkit.fast.passes import PASSES, use_winograd
from unetkit.fast.plan import OptimizedPlan
from unetkit.fast.timing import faster_by_winograd
from unetkit.model import for_inference
from unetkit.model.interface import plan_of
from unetkit.planning import natural_size
from unetkit.planning.spatial_graph import Size


def optimized_network(
    model: nn.Module,
    size: Size | None = None,
    passes: Collection[str] = tuple(PASSES),
    dtype: torch.dtype = torch.float32,
) -> OptimizedNetwork:
    """The network after some passes, in the order of `PASSES`, for images of a size, by default the natural one.

    Winograd's algorithm, on the CPU in float32 alone, is used where it is quicker: this is measured.
    """
    model = for_inference(model)
    plan = OptimizedPlan(plan_of(model), {})
    device = next((weight.device for weight in model.parameters()), torch.device("cpu"))
    left_out = {"winograd"}
    if device.type != "cpu":
        left_out.add("normalize_in_place")
    if device.type != "cpu" or plan.dims == 3:  # strips are slow on a GPU, and cost a volume more time than they save
        left_out.add("upsample_late")
    for name in (name for name in PASSES if name in passes and name not in left_out):
        plan = PASSES[name](plan)
    if "winograd" in passes and device.type == "cpu" and dtype == torch.float32:
        plan = use_winograd(plan, faster_by_winograd(plan, size or natural_size(plan.original)))
    return OptimizedNetwork(model, plan, dtype)
