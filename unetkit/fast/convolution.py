"""A convolution of one map, or of several that are never joined, with weights of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from unetkit.fast.winograd import transformed_kernel, winograd
from unetkit.model.interface import CHANNELS_LAST

_STRIP_BYTES = 8_000_000
"""Output of a convolution of several parts that is computed at once."""


class FastConvolution(nn.Module):
    """A convolution with weights of its own, of one map or of several that are not joined."""

    weight: Tensor
    bias: Tensor | None

    def __init__(self, layer: Any, weight: Tensor, bias: Tensor | None, *, by_winograd: bool) -> None:
        super().__init__()
        self.dims = weight.dim() - 2
        self.stride, self.padding, self.dilation = layer.stride, layer.padding, layer.dilation
        self.groups, self.mode = layer.groups, layer.padding_mode
        self.around = layer._reversed_padding_repeated_twice
        self.convolve = (functional.conv1d, functional.conv2d, functional.conv3d)[self.dims - 1]
        self.by_winograd = by_winograd
        if by_winograd:
            weight = transformed_kernel(weight)
        elif self.dims > 1:
            weight = weight.to(memory_format=CHANNELS_LAST[self.dims])
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias)

    @classmethod
    def of(cls, layer: Any, *, by_winograd: bool) -> FastConvolution:
        """A convolution with the weights of torch's."""
        bias = None if layer.bias is None else layer.bias.detach()
        return cls(layer, layer.weight.detach(), bias, by_winograd=by_winograd)

    def forward(self, x: Tensor | tuple[Tensor, ...]) -> Tensor:
        parts = (x,) if isinstance(x, Tensor) else x
        if self.by_winograd:
            return winograd(parts, self.weight, self.bias, self.padding)
        if len(parts) == 1:
            padding = self.padding
            if self.mode != "zeros":
                parts, padding = (functional.pad(parts[0], self.around, mode=self.mode),), 0
            return self.convolve(parts[0], self.weight, self.bias, self.stride, padding, self.dilation, self.groups)
        return self._sum(parts)

    def _sum(self, parts: Sequence[Tensor]) -> Tensor:
        """The sum of the convolutions of all parts, in strips along the first axis so that little is held twice."""
        kernels = torch.split(self.weight, [part.shape[1] for part in parts], dim=1)
        kernel, stride, padding, step = (
            self.weight.shape[2],
            self.stride[0],
            self.padding[0],
            self.dilation[0],
        )
        size = [
            (n + 2 * p - d * (k - 1) - 1) // s + 1
            for n, p, d, k, s in zip(
                parts[0].shape[2:], self.padding, self.dilation, self.weight.shape[2:], self.stride, strict=True
            )
        ]
        shape = (len(parts[0]), self.weight.shape[0], *size)
        fitting = CHANNELS_LAST[self.dims] if self.dims > 1 else torch.contiguous_format
        output = torch.empty(shape, dtype=parts[0].dtype, device=parts[0].device, memory_format=fitting)
        rows = max(1, _STRIP_BYTES * size[0] // (output.numel() * output.element_size()))
        for first in range(0, size[0], rows):
            strip = output.narrow(2, first, min(rows, size[0] - first))
            low = first * stride - padding
            high = (first + strip.shape[2] - 1) * stride - padding + step * (kernel - 1) + 1
            for number, (part, weight) in enumerate(zip(parts, kernels, strict=True)):
                read = _rows(part, low, high)
                bias = None if number else self.bias
                found = self.convolve(read, weight, bias, self.stride, (0, *self.padding[1:]), self.dilation)
                strip.add_(found) if number else strip.copy_(found)
        return output


def _rows(x: Tensor, low: int, high: int) -> Tensor:
    """The rows `low` … high − 1 along the first spatial axis, zeros where there are none."""
    size = x.shape[2]
    inside = x.narrow(2, min(max(low, 0), size), max(0, min(high, size) - max(low, 0)))
    before, after = max(0, min(-low, high - low)), max(0, high - max(size, low))
    if not before and not after:
        return inside
    return functional.pad(inside, (*(0, 0) * (x.dim() - 3), before, after))
