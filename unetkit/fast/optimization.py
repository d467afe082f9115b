"""`unetkit.optimize`: the quickest network that computes the same, for inference."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn

from unetkit.errors import Fault, UnetkitError
from unetkit.fast.network import OptimizedNetwork
from unetkit.fast.passes import PASSES, use_winograd
from unetkit.fast.plan import OptimizedPlan
from unetkit.fast.timing import faster_by_winograd
from unetkit.model import for_inference
from unetkit.model.interface import plan_of
from unetkit.planning import natural_size
from unetkit.planning.spatial_graph import Size

_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
_ROUNDS = 2


def optimize(
    model: nn.Module, size: Size | None = None, dtype: str = "fp32", passes: Sequence[str] | None = None
) -> OptimizedNetwork:
    """The same function as a network of unetkit, with less work and memory, for inference alone.

    Passes over the plan fold batch norms into convolutions, leave out dropout, join maps without a copy, and let 3×3
    convolutions go by Winograd's algorithm where that is quicker here for images of `size` (by default the natural size
    of the spec); this is measured once per shape and machine. `passes` names the passes, all by default. Outputs
    differ by float rounding, about 1e-6 of their range. The network takes the same inputs, has a `plan`, stays in
    evaluation mode, and shares the weights that no pass changed.

    With `bf16` the network computes in bfloat16, if a short timing shows that this is quicker here; otherwise it stays
    with float32. `reason` says what was chosen and why.

    Raises UnetkitError for a module that unetkit did not build, for another number type, and for unknown passes.

    >>> from unetkit.model import build
    >>> network = optimize(build("unet-small"), size=(64, 64), passes=["fold_norms"])
    >>> network(torch.zeros(1, 1, 64, 64)).shape
    torch.Size([1, 4, 64, 64])
    """
    if dtype not in _DTYPES:
        raise UnetkitError(Fault("dtype", f"there is no number type {dtype!r}", cure="Known: fp32, bf16."))
    names = tuple(PASSES) if passes is None else tuple(passes)
    unknown = [name for name in names if name not in PASSES]
    if unknown:
        raise UnetkitError(Fault("passes", f"there is no pass {unknown[0]!r}", cure=f"Known: {', '.join(PASSES)}."))
    model = for_inference(model)
    original = plan_of(model)
    size = size or natural_size(original)
    device = next(model.parameters()).device
    plan = OptimizedPlan(original, {})
    for name in (name for name in PASSES if name in names and name != "winograd"):
        plan = PASSES[name](plan)
    exact = plan
    if "winograd" in names and device.type == "cpu":
        exact = use_winograd(plan, faster_by_winograd(plan, size))
    network = OptimizedNetwork(model, exact)
    if dtype == "fp32":
        return network
    rounded = OptimizedNetwork(model, plan, _DTYPES[dtype])
    seconds = [_seconds(each, size, device) for each in (network, rounded)]
    faster = seconds[1] < seconds[0]
    chosen = rounded if faster else network
    verb = "takes" if faster else "is not quicker here: it takes"
    chosen.reason = f"bfloat16 {verb} {seconds[1] / seconds[0]:.2f} times as long as float32"
    return chosen


def _seconds(network: OptimizedNetwork, size: Size, device: torch.device) -> float:
    """The least time of several calls for an image, after one to warm up."""
    plan = network.plan
    image = torch.zeros(1, plan.spec.in_channels, *size, device=device)
    vectors = [torch.zeros(1, plan.nodes[node].channels, device=device) for node in list(plan.inputs.values())[1:]]
    marks = [0.0]
    with torch.inference_mode():
        for _ in range(_ROUNDS + 1):
            network(image, *vectors)
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            marks.append(time.perf_counter())
    return min(later - earlier for earlier, later in pairwise(marks[1:]))
