"""`unetkit.optimize`: the quickest network that computes the same, for inference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from numpy.typing import NDArray
from torch import nn

from unetkit.backends.available import BACKENDS
from unetkit.backends.backend import NUMBER_TYPES, Request
from unetkit.backends.choice import quickest
from unetkit.errors import Fault, UnetkitError
from unetkit.fast.passes import PASSES
from unetkit.model import for_inference
from unetkit.model.interface import plan_of
from unetkit.planning import natural_size
from unetkit.planning.spatial_graph import Size

_DTYPES = (*NUMBER_TYPES, "int8")


def optimize(
    model: nn.Module,
    size: Size | None = None,
    dtype: str = "fp32",
    passes: Sequence[str] | None = None,
    *,
    backend: str = "auto",
    images: Sequence[NDArray[Any]] = (),
) -> Any:
    """The same function as a network of unetkit, quicker and with less memory, for inference alone.

    Passes over the plan fold batch norms into convolutions, leave out dropout, join maps without a copy, and let 3×3
    convolutions go by Winograd's algorithm where that is quicker here for images of `size` (by default the natural size
    of the spec); this is measured once per shape and machine. `passes` names the passes, all by default. Outputs
    differ by float rounding, about 1e-6 of their range. The network takes the same inputs, has a `plan`, stays in
    evaluation mode, and shares the weights that no pass changed.

    `backend` is torch, compile, onnxruntime, openvino, or auto: the quickest of them by a short timing, which is kept
    for this network, size, number type and machine. With auto and `dtype` bf16, fp16 or int8 the network computes so
    only where that is quicker here than float32 by torch. int8 is calibrated on `images`, arrays
    (in_channels, *spatial) as the network takes them. Of the result, `reason` says what was chosen and why, `dtype` is
    the number type, and `difference` the largest difference from float32 for noise, as a share of the output's range.

    Raises UnetkitError for a module that unetkit did not build, for unknown options, and where a backend that is asked
    for cannot run the network.

    >>> from unetkit.model import build
    >>> network = optimize(build("unet-small"), size=(64, 64), passes=["fold_norms"], backend="torch")
    >>> network(torch.zeros(1, 1, 64, 64)).shape
    torch.Size([1, 4, 64, 64])
    """
    names = tuple(PASSES) if passes is None else tuple(passes)
    for key, what, given, known in (
        ("dtype", "number type", [dtype], _DTYPES),
        ("passes", "pass", names, tuple(PASSES)),
        ("backend", "backend", [backend], ("auto", *BACKENDS)),
    ):
        unknown = [name for name in given if name not in known]
        if unknown:
            raise UnetkitError(Fault(key, f"there is no {what} {unknown[0]!r}", cure=f"Known: {', '.join(known)}."))
    model = for_inference(model)
    plan = plan_of(model)
    request = Request(model, plan, size or natural_size(plan), dtype, names, images)
    if dtype == "int8" and not images:
        cure = "Give images=[...], normalised as in training."
        raise UnetkitError(Fault("calibration", "int8 is calibrated on images, and there are none", cure=cure))
    if backend == "auto":
        network, dtype, reason, difference = quickest(request)
    else:
        obstacle = BACKENDS[backend].obstacle(request)
        if obstacle:
            raise UnetkitError(Fault("backend", f"{backend} cannot be used: {obstacle}", cure="Use backend auto."))
        network, reason, difference = BACKENDS[backend].make(request), "as asked", None
    made: Any = network
    made.dtype, made.reason, made.difference = NUMBER_TYPES.get(dtype, torch.int8), reason, difference
    return made
