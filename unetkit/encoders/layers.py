"""What the families have in common: layers with the names that their weights have where they were published."""

from __future__ import annotations

from unetkit.operations import BatchNorm
from unetkit.signal import Signal

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
) -> Signal:
    """A convolution without bias, and a batch norm; `names` are theirs."""
    conv, after = names
    return x.conv(channels, kernel, stride=stride, groups=groups, bias=False, name=conv).apply(norm, name=after)
