"""What this machine reaches at best: arithmetic of convolutions and matrix products, and copies in main memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import nn

from unetkit.fast.convolution import FastConvolution
from unetkit.host import has_native_bf16

_CHANNELS, _SAMPLES, _ROWS, _COPIED = 256, 64, 1024, 1 << 26
"""Channels and samples per axis of the convolutions, rows of the square matrices, numbers that are copied."""


class Peaks(NamedTuple):
    """GFLOP/s by kind of arithmetic, and GB/s of main memory. A multiply-add is two operations.

    `winograd` counts the operations of the direct sum, of which Winograd's algorithm needs fewer.
    """

    direct: float
    winograd: float
    matmul: float
    bf16: float | None
    """Of the direct convolution; None where the processor has no bfloat16 of its own."""
    bandwidth: float
    """Read and written."""


def measured_peaks(clock: Callable[[], float] = time.perf_counter, rounds: int = 5) -> Peaks:
    """The peaks with torch's present number of threads, by a clock in seconds; the best of several rounds counts."""

    def least(call: Callable[[], object]) -> float:
        """The nanoseconds of the quickest of several calls, after one to warm up."""
        call()
        found = []
        for _ in range(rounds):
            start = clock()
            call()
            found.append(clock() - start)
        return 1e9 * max(1e-9, min(found))

    layer = nn.Conv2d(_CHANNELS, _CHANNELS, 3, padding=1)
    image = torch.rand(1, _CHANNELS, _SAMPLES, _SAMPLES).to(memory_format=torch.channels_last)
    direct, fast = (FastConvolution.of(layer, by_winograd=choice) for choice in (False, True))
    operations = 2 * layer.weight.numel() * _SAMPLES**2
    matrix, numbers = torch.rand(_ROWS, _ROWS), torch.rand(_COPIED)
    target = torch.empty_like(numbers)
    with torch.inference_mode():
        half = None
        if has_native_bf16():
            short, quick = image.bfloat16(), FastConvolution.of(layer, by_winograd=False).bfloat16()
            half = operations / least(lambda: quick(short))
        return Peaks(
            direct=operations / least(lambda: direct(image)),
            winograd=operations / least(lambda: fast(image)),
            matmul=2 * _ROWS**3 / least(lambda: matrix @ matrix),
            bf16=half,
            bandwidth=2 * numbers.nbytes / least(lambda: target.copy_(numbers)),
        )
