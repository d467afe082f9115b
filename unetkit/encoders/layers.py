"""What the families have in common: layers with the names that their weights have where they were published."""

from __future__ import annotations

from unetkit.operations import BatchNorm, ChannelNormalization
from unetkit.signal import Padding, Signal

BATCH_NORM = BatchNorm(1e-5, 0.1, True)
"""Batch normalisation as torch does it by default."""


def conv_norm(  # noqa: PLR0913 - the arguments of a convolution, by name
    x: Signal,
    channels: int,
    kernel: int,
    *,
    stride: int = 1,
    groups: int = 1,
    names: tuple[str, str],
    norm: BatchNorm = BATCH_NORM,
    padding: Padding = "same",
) -> Signal:
    """A convolution without bias, and a batch norm; `names` are theirs."""
    conv, after = names
    x = x.conv(channels, kernel, stride=stride, groups=groups, padding=padding, bias=False, name=conv)
    return x.apply(norm, name=after)


def batch_norm(eps: float, momentum: float) -> BatchNorm:
    """Batch normalisation with other numbers than torch's."""
    return BatchNorm(eps, momentum, True)


def layer_norm(eps: float) -> ChannelNormalization:
    """Layer normalisation over the channels of each sample."""
    return ChannelNormalization(eps)
