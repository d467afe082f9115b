"""A direct convolution with an addition and an activation after it, in one call of oneDNN where torch has that."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

_CONVOLVE = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}
_NAMES: dict[type[nn.Module], str] = {nn.ReLU: "relu", nn.LeakyReLU: "leaky_relu", nn.SiLU: "swish"}
"""oneDNN's names of activations."""


class Window(NamedTuple):
    """How the kernel moves over the map; samples of zeros lie around it."""

    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int = 1


def convolution(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    window: Window,
    *,
    onto: Tensor | None = None,
    activation: nn.Module | None = None,
) -> Tensor:
    """The convolution, added to `onto` in place where that is given, and then the activation, which works in place."""
    if has_fusion(x):
        fuses = activation is None or onto is None or type(activation) is nn.ReLU  # a sum takes ReLU alone
        found = _fused(x, weight, bias, window, onto, activation if fuses else None)
        return found if fuses or activation is None else activation(found)
    found = _CONVOLVE[x.dim() - 2](x, weight, bias, *window)
    if onto is not None:
        found = onto.add_(found)
    return found if activation is None else activation(found)


def _fused(
    x: Tensor, weight: Tensor, bias: Tensor | None, window: Window, onto: Tensor | None, activation: nn.Module | None
) -> Tensor:
    onednn: Any = torch.ops.mkldnn
    name = "none" if activation is None else _NAMES[type(activation)]
    given = x, weight, bias, window.padding, window.stride, window.dilation, window.groups
    if onto is None:
        scalars = [activation.negative_slope] if isinstance(activation, nn.LeakyReLU) else []
        return onednn._convolution_pointwise(*given, name, scalars, "")  # type: ignore[no-any-return]
    onednn._convolution_pointwise_.binary(onto, *given, "add", 1.0, None if activation is None else name, [], "")
    return onto


def has_fusion(x: Tensor) -> bool:
    """Whether oneDNN computes convolutions of such maps together with what follows."""
    if x.device.type != "cpu" or x.dim() < 4 or not x.numel() or torch.compiler.is_compiling():
        return False
    return _computes(x.dtype)


@cache
def _computes(dtype: torch.dtype) -> bool:
    onednn: Any = torch.ops.mkldnn
    if not hasattr(onednn, "_convolution_pointwise"):
        return False
    return dtype == torch.float32 or (dtype == torch.bfloat16 and bool(onednn._is_mkldnn_bf16_supported()))
