"""How a network runs, and the memory that one operation borrows meanwhile."""

from __future__ import annotations

from math import prod
from typing import NamedTuple


class MapShape(NamedTuple):
    """A feature map: its channels and its size along each axis."""

    channels: int
    size: tuple[int, ...]


class Execution(NamedTuple):
    """How a network runs: batch size, bytes per number, threads, and the memory format of images and weights."""

    batch: int = 1
    itemsize: int = 4
    threads: int = 2
    """Only one thread differs: torch then computes 1×1 convolutions without copies."""
    channels_last: bool = False
    """Training and prediction use it, as it needs less memory, where the plan's `channels_last` is true."""
    channel_block: int = 16
    """Channels that oneDNN keeps together: 16 with AVX-512. `onednn.block_size` says how many on this processor."""

    def bytes(self, channels: int, size: tuple[int, ...]) -> int:
        """Bytes of a feature map."""
        return self.batch * channels * prod(size) * self.itemsize


class Workspace(NamedTuple):
    """Bytes that one operation borrows at its peak.

    `forward` counts beside its input and output, `backward` with the gradients of its inputs. `weights` is the backward
    pass of an operation whose input needs no gradient.
    """

    forward: int = 0
    backward: int = 0
    weights: int = 0
