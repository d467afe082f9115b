"""A convolution of one map, or of several that are never joined, with weights of its own."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from unetkit.fast.direct import Window, convolution, has_fusion
from unetkit.fast.late import LateMap
from unetkit.fast.winograd import original_kernel, transformed_kernel, winograd
from unetkit.model.interface import CHANNELS_LAST
from unetkit.operations.fast import TILE, tiles_at_once

_STRIP = 1 << 20
"""Numbers of the output of a convolution of several parts that are computed at once."""
_WEIGHTS = 1 << 22
"""Weights of a convolution of one part that are read at once."""
_BLOCK = 64
"""Channels of the output of which a multiple is computed at once."""
_SLICES = 8
"""Strips of a volume that goes by Winograd's algorithm, which transforms slices between two of them twice."""


class FastConvolution(nn.Module):
    """A convolution with weights of its own, of one map or of several that are not joined, and an activation."""

    weight: Tensor
    bias: Tensor | None

    def __init__(
        self,
        layer: Any,
        weight: Tensor,
        bias: Tensor | None,
        *,
        by_winograd: bool,
        activation: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.activation = activation
        self.dims = weight.dim() - 2
        self.stride, self.padding, self.dilation = layer.stride, layer.padding, layer.dilation
        self.groups, self.mode = layer.groups, layer.padding_mode
        self.around = layer._reversed_padding_repeated_twice
        self.by_winograd = by_winograd
        self.kernel = tuple(weight.shape[2:])
        self.register_buffer("weight", self._laid(weight))
        self.register_buffer("bias", bias)

    @classmethod
    def of(cls, layer: Any, *, by_winograd: bool) -> FastConvolution:
        """A convolution with the weights of torch's."""
        bias = None if layer.bias is None else layer.bias.detach()
        return cls(layer, layer.weight.detach(), bias, by_winograd=by_winograd)

    def turned(self, order: tuple[int, ...]) -> FastConvolution:
        """The same on maps of which number `order[i]` of the axes becomes number i."""
        made = copy(self)
        for name in ("stride", "padding", "dilation", "kernel"):
            setattr(made, name, tuple([getattr(self, name)[axis] for axis in order]))
        made.around = [width for axis in reversed(order) for width in self.around[2 * (self.dims - 1 - axis) :][:2]]
        weight = original_kernel(self.weight, self.dims) if self.by_winograd else self.weight
        weight = weight.permute(0, 1, *(2 + axis for axis in order))
        made.by_winograd = self.by_winograd and made.kernel[-2:] == self.kernel[-2:]
        made._buffers = {**self._buffers, "weight": made._laid(weight)}
        return made

    def _laid(self, weight: Tensor) -> Tensor:
        """The weights as they are read."""
        if self.by_winograd:
            return transformed_kernel(weight)
        return weight.to(memory_format=CHANNELS_LAST[self.dims]) if self.dims > 1 else weight

    def forward(self, x: Tensor | tuple[Tensor | LateMap, ...], over: Tensor | None = None) -> Tensor:
        """The convolution; `over` is the part, of the size of the output, over which the output is written."""
        parts = (x,) if isinstance(x, Tensor) else x
        stored = [part for part in parts if isinstance(part, Tensor)]
        if over is not None or len(stored) < len(parts):
            return self._in_strips(parts, over)
        if len(parts) > 1 and not self.by_winograd and not has_fusion(stored[0]):  # which adds without a second map
            return self._in_strips(parts, over)
        return self._of(stored, self.padding)

    def _of(self, parts: Sequence[Tensor], padding: tuple[int, ...]) -> Tensor:
        """The convolution of all parts, and the activation."""
        if self.by_winograd:
            found = winograd(parts, self.weight, self.bias, padding)
            return found if self.activation is None else self.activation(found)
        if self.mode != "zeros":
            parts, padding = [functional.pad(parts[0], self.around, mode=self.mode)], (0,) * self.dims
        window = Window(self.stride, padding, self.dilation, self.groups)
        if len(parts) == 1 and self._channels_at_once < len(self.weight):
            return self._by_channels(parts[0], window)
        kernels = torch.split(self.weight, [part.shape[1] for part in parts], 1) if len(parts) > 1 else (self.weight,)
        total: Tensor | None = None
        for number, (part, kernel) in enumerate(zip(parts, kernels, strict=True), start=1):
            bias = self.bias if total is None else None
            activation = self.activation if number == len(parts) else None
            total = convolution(part, kernel, bias, window, onto=total, activation=activation)
        assert total is not None, "there is a part"
        return total

    @property
    def _channels_at_once(self) -> int:
        """Channels of the output that are computed at once: oneDNN copies the weights for each call."""
        if self.groups > 1:
            return len(self.weight)
        return max(_BLOCK, _WEIGHTS // (self.weight.numel() // len(self.weight)) // _BLOCK * _BLOCK)

    def _by_channels(self, x: Tensor, window: Window) -> Tensor:
        """The convolution, some channels of the output after the others."""
        weights = torch.split(self.weight, self._channels_at_once)
        biases = [None] * len(weights) if self.bias is None else torch.split(self.bias, self._channels_at_once)
        pairs = zip(weights, biases, strict=True)
        return torch.cat([convolution(x, *pair, window, activation=self.activation) for pair in pairs], 1)

    def _in_strips(self, parts: Sequence[Tensor | LateMap], over: Tensor | None) -> Tensor:
        """The convolution of all parts in strips along the first axis, so that little is held twice."""
        output = self._empty(parts) if over is None else over
        size, stride, padding, reach = output.shape[2], self.stride[0], self.padding[0], self._reach
        rows = max(self._strip_rows(output), padding)
        waiting: tuple[Tensor, Tensor] | None = None  # a strip is written when the next one has read its rows
        for first in range(0, size, rows):
            strip = output.narrow(2, first, min(rows, size - first))
            low = first * stride - padding
            high = (first + strip.shape[2] - 1) * stride - padding + reach
            found = self._of([_rows(part, low, high) for part in parts], (0, *self.padding[1:]))
            if waiting is not None:
                waiting[0].copy_(waiting[1])
            waiting = strip, found
        assert waiting is not None, "an output has rows"
        waiting[0].copy_(waiting[1])
        return output

    @property
    def _reach(self) -> int:
        """Rows of the input that a row of the output is made of."""
        reach: int = self.dilation[0] * (self.kernel[0] - 1) + 1
        return reach

    def _strip_rows(self, output: Tensor) -> int:
        """Rows of the output that are computed at once."""
        size = output.shape[2]
        rows = max(1, _STRIP * size // output.numel())
        if not self.by_winograd:
            return rows
        if self.dims == 3:
            return max(rows, -(-size // _SLICES))
        step = TILE * tiles_at_once(-(-output.shape[3] // TILE), output.shape[1])[1]
        return step * max(1, rows // 2 // step)

    def _empty(self, parts: Sequence[Tensor | LateMap]) -> Tensor:
        """Memory for the output."""
        size = [
            (n + 2 * p - d * (k - 1) - 1) // s + 1
            for n, p, d, k, s in zip(
                parts[0].shape[2:], self.padding, self.dilation, self.kernel, self.stride, strict=True
            )
        ]
        like = next(part if isinstance(part, Tensor) else part.x for part in parts)
        fitting = CHANNELS_LAST[self.dims] if self.dims > 1 else torch.contiguous_format
        channels = self.weight.shape[-1 if self.by_winograd else 0]
        return torch.empty((len(like), channels, *size), dtype=like.dtype, device=like.device, memory_format=fitting)


def _rows(x: Tensor | LateMap, low: int, high: int) -> Tensor:
    """The rows `low` … high − 1 along the first spatial axis, zeros where there are none."""
    size = x.shape[2]
    inside = x.narrow(2, min(max(low, 0), size), max(0, min(high, size) - max(low, 0)))
    before, after = max(0, min(-low, high - low)), max(0, high - max(size, low))
    if not before and not after:
        return inside
    return functional.pad(inside, (*(0, 0) * (x.dim() - 3), before, after))
