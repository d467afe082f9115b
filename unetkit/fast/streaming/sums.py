"""Sums over whole maps, made strip by strip in float64."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class Moments:
    """Mean and variance of each channel: each strip's are added to those before it (Chan et al., 1979)."""

    def __init__(self, channels: int) -> None:
        self.count = 0
        self.mean = torch.zeros(channels, dtype=torch.float64)
        self.squares = torch.zeros(channels, dtype=torch.float64)
        """Sums of squared distances from the mean."""

    def add(self, rows: Tensor) -> None:
        """Adds the samples of some rows (1, channels, rows, …)."""
        values = rows[0].flatten(1)
        variance, mean = torch.var_mean(values, 1, correction=0)
        count = values.shape[1]
        apart, total = mean.double().cpu() - self.mean, self.count + count
        self.squares += variance.double().cpu() * count + apart**2 * (self.count * count / total)
        self.mean += apart * (count / total)
        self.count = total

    def scaled(self, norm: Any, groups: int) -> tuple[Tensor, Tensor]:
        """Scale and shift of each channel by which a norm of so many groups multiplies and adds."""
        means = self.mean.reshape(groups, -1)
        mean = means.mean(1, keepdim=True)
        variance = (self.squares.reshape(groups, -1) / self.count + (means - mean) ** 2).mean(1, keepdim=True)
        scale = (1 / (variance + norm.eps).sqrt()).expand_as(means).flatten()
        shift = -mean.expand_as(means).flatten() * scale
        if norm.weight is not None:
            scale, shift = scale * norm.weight.detach().double().cpu(), shift * norm.weight.detach().double().cpu()
            shift = shift + norm.bias.detach().double().cpu()
        return scale, shift


class Largest:
    """The largest value of each channel."""

    def __init__(self, channels: int) -> None:
        self.value = torch.full((channels,), -torch.inf)

    def add(self, rows: Tensor) -> None:
        """Adds the samples of some rows (1, channels, rows, …)."""
        self.value = torch.maximum(self.value, rows[0].flatten(1).amax(1).float().cpu())
