"""Instance norm in place and with the channels last, with the activation after it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from unetkit.model.interface import CHANNELS_LAST
from unetkit.operations.fast import NORMALIZED_AT_ONCE

_WIDE = 1024
"""Numbers of a row: the samples of few channels lie beside one another, so that loops of torch are long."""


class FastNorm(nn.Module):
    """An instance norm with the activation after it, written over its input where that is allowed.

    Both passes over a map, for its moments and for its values, read parts that stay in the cache.
    """

    weight: Tensor | None
    bias: Tensor | None

    def __init__(self, norm: Any, activation: nn.Module | None, *, in_place: bool) -> None:
        super().__init__()
        self.eps, self.in_place = norm.eps, in_place
        self.activation = nn.Identity() if activation is None else activation
        """Writes over its input."""
        self.register_buffer("weight", None if norm.weight is None else norm.weight.detach())
        self.register_buffer("bias", None if norm.bias is None else norm.bias.detach())

    def forward(self, x: Tensor) -> Tensor:
        fitting = CHANNELS_LAST[x.dim() - 2]
        x = x.contiguous(memory_format=fitting) if self.in_place else x.clone(memory_format=fitting)
        for image in x:
            samples = image.movedim(0, -1).reshape(-1, len(image))
            beside = _beside(*samples.shape)
            scale, shift = (one.float().repeat(beside) for one in self._scale(*_moments(samples, beside)))
            for part in _parts(samples, beside):
                values = part.float()  # the part itself in float32
                self.activation(torch.addcmul(shift, values, scale, out=values))
                if values is not part:
                    part.copy_(values)
        return x

    def _scale(self, mean: Tensor, variance: Tensor) -> tuple[Tensor, Tensor]:
        """What each channel is multiplied by and what is added then, in float64."""
        scale = 1 / (variance + self.eps).sqrt()
        if self.weight is not None:
            scale = scale * self.weight.double()
        shift = -mean * scale
        return scale, shift if self.bias is None else shift + self.bias.double()


def _beside(count: int, channels: int) -> int:
    """How many samples make a row: a power of two that divides their number."""
    found = 1
    while count % (2 * found) == 0 and found * channels < _WIDE:
        found *= 2
    return found


def _parts(samples: Tensor, beside: int) -> Iterator[Tensor]:
    """Parts (rows, samples of a row × channels) of (samples, channels)."""
    width = samples.shape[1] * beside
    yield from torch.split(samples.view(-1, width), max(1, NORMALIZED_AT_ONCE // width))


def _moments(samples: Tensor, beside: int) -> tuple[Tensor, Tensor]:
    """Mean and variance of each channel, in float64: those of each part are added (Chan et al., 1979)."""
    channels, count = samples.shape[1], 0
    mean, squares = samples.new_zeros(2, channels, dtype=torch.float64)
    apart = torch.empty_like(next(_parts(samples, beside)), dtype=torch.float32)
    ones = apart.new_ones(len(apart))
    for part in _parts(samples, beside):
        values, more = part.float(), part.numel() // channels
        own = _sums(values, ones, beside) / more
        squared = torch.sub(values, own.repeat(beside), out=apart[: len(part)]).square_()
        difference, total = own.double() - mean, count + more
        squares += _sums(squared, ones, beside).double() + difference**2 * (count * more / total)
        mean, count = mean + difference * (more / total), total
    return mean, squares / count


def _sums(values: Tensor, ones: Tensor, beside: int) -> Tensor:
    """The sum of each channel."""
    return torch.mv(values.t(), ones[: len(values)]).view(beside, -1).sum(0)
