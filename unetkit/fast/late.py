"""Maps that are never stored: what reads them computes the rows that it needs."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from unetkit import functional

_TRANSPOSED = {1: nn.functional.conv_transpose1d, 2: nn.functional.conv_transpose2d, 3: nn.functional.conv_transpose3d}
_WEIGHTS = 1 << 19
"""Weights of a transposed convolution that are read at once: oneDNN copies them for each call."""
Widths = tuple[tuple[int, int], ...]
"""Zeros before and after, by axis."""


class LateMap:
    """What a transposed convolution would give, with zeros around it; kernel and stride are equal."""

    def __init__(self, layer: LateUpsampling, x: Tensor, around: Widths = ()) -> None:
        self.layer, self.x = layer, x
        self.around = around or ((0, 0),) * len(layer.stride)
        size = [n * s + sum(w) for n, s, w in zip(x.shape[2:], layer.stride, self.around, strict=True)]
        self.shape = torch.Size((len(x), layer.channels, *size))

    def dim(self) -> int:
        """The number of axes, with those of images and channels."""
        return len(self.shape)

    def narrow(self, axis: int, first: int, count: int) -> Tensor:
        """Rows along the first spatial axis."""
        assert axis == 2, "rows alone are computed late"
        before, stride = self.around[0][0], self.layer.stride[0]
        inner = stride * self.x.shape[2]
        low, high = (min(max(0, row - before), inner) for row in (first, first + count))
        start = low // stride
        found = self.layer.rows(self.x.narrow(2, start, -(-high // stride) - start)) if high > low else None
        if found is None:
            return self.x.new_zeros((*self.shape[:2], count, *self.shape[3:]))
        found = found.narrow(2, low - start * stride, high - low)
        widths = [*self.around[:0:-1], (low + before - first, first + count - high - before)]
        flat = [width for pair in widths for width in pair]
        return nn.functional.pad(found, flat) if any(flat) else found

    def padded_like(self, like: Tensor) -> LateMap:
        """The same with zeros around it, in the spatial size of `like`; the odd zero goes to the far end."""
        lacks = [have - own for have, own in zip(like.shape[2:], self.shape[2:], strict=True)]
        around = tuple(
            (before + lack // 2, after + lack - lack // 2)
            for (before, after), lack in zip(self.around, lacks, strict=True)
        )
        return LateMap(self.layer, self.x, around)


class LateUpsampling(nn.Module):
    """A transposed convolution, kernel and stride equal, that is computed by what reads it."""

    weight: Tensor
    bias: Tensor | None

    def __init__(self, module: Any) -> None:
        super().__init__()
        self.stride, self.channels = tuple(module.stride), module.out_channels
        self.register_buffer("weight", module.weight.detach())
        self.register_buffer("bias", None if module.bias is None else module.bias.detach())

    def forward(self, x: Tensor) -> LateMap:
        return LateMap(self, x)

    def rows(self, x: Tensor) -> Tensor:
        """What the transposed convolution gives for a map, some channels after the others."""
        transposed = _TRANSPOSED[len(self.stride)]
        count = max(1, _WEIGHTS * self.channels // self.weight.numel())
        if count >= self.channels:
            return transposed(x, self.weight, self.bias, self.stride)
        size = [n * s for n, s in zip(x.shape[2:], self.stride, strict=True)]
        found = x.new_empty((len(x), *size, self.channels)).movedim(-1, 1)
        for first in range(0, self.channels, count):
            part = slice(first, first + count)
            bias = None if self.bias is None else self.bias[part]
            found[:, part] = transposed(x, self.weight[:, part], bias, self.stride)
        return found


class LatePadding(nn.Module):
    """Zeros around a map, which may be computed late."""

    def forward(self, x: Tensor | LateMap, like: Tensor) -> Tensor | LateMap:
        return x.padded_like(like) if isinstance(x, LateMap) else functional.pad_to(x, like)
