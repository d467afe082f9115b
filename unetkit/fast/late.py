"""Maps that are never stored: what reads them computes the rows that it needs."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from unetkit import functional

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
    """A transposed convolution, kernel and stride equal, that is computed by what reads it.

    It is a matrix product of each sample, whose results lie beside one another.
    """

    weight: Tensor
    bias: Tensor | None

    def __init__(self, module: Any) -> None:
        super().__init__()
        weight = module.weight.detach()
        self.stride, self.channels = tuple(module.stride), weight.shape[1]
        self.register_buffer("weight", weight.movedim(1, -1).reshape(len(weight), -1))
        self.register_buffer("bias", None if module.bias is None else module.bias.detach())

    def forward(self, x: Tensor) -> LateMap:
        return LateMap(self, x)

    def rows(self, x: Tensor) -> Tensor:
        """What the transposed convolution gives for a map."""
        size, dims = x.shape[2:], len(self.stride)
        products = (x.movedim(1, -1).reshape(-1, len(self.weight)) @ self.weight).view(
            len(x), *size, *self.stride, self.channels
        )
        if self.bias is not None:
            products.add_(self.bias)
        axes = [one for axis in range(dims) for one in (1 + axis, 1 + dims + axis)]
        found = products.permute(0, *axes, 1 + 2 * dims)
        return found.reshape(len(x), *(n * s for n, s in zip(size, self.stride, strict=True)), self.channels).movedim(
            -1, 1
        )

    def convolution(self) -> Any:
        """The transposed convolution as a layer of torch, with the same weights."""
        kind = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)[len(self.stride) - 1]
        with torch.device("meta"):
            made = kind(len(self.weight), self.channels, self.stride, stride=self.stride)
        weight = self.weight.view(-1, *self.stride, self.channels).movedim(-1, 1)
        bias = self.weight.new_zeros(self.channels) if self.bias is None else self.bias
        made.weight, made.bias = (nn.Parameter(one, requires_grad=False) for one in (weight, bias))
        return made


class LatePadding(nn.Module):
    """Zeros around a map, which may be computed late."""

    def forward(self, x: Tensor | LateMap, like: Tensor) -> Tensor | LateMap:
        return x.padded_like(like) if isinstance(x, LateMap) else functional.pad_to(x, like)
