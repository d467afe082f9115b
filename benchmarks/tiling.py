"""Tiled inference beside MONAI's sliding_window_inference (512, overlap 0.25): multiply-adds, and pixels per second.

Further arguments: the size of the image, and the rounds. `python -m benchmarks.tiling 4096 3`
"""

from __future__ import annotations

import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from monai.inferers.utils import sliding_window_inference
from torch import Tensor, nn

import unetkit
from benchmarks.comparison import FOLDER, Comparison, interleave, report, timed
from unetkit.host.allocator import kept_memory
from unetkit.planning import Plan
from unetkit.tiling import plan_tiles, ready

NETWORKS = {
    "valid": [],
    "padded": ["block={type: double_conv, padding: same, norm: none}", "skip.align=same"],
}
WINDOW, OVERLAP = 512, 0.25
MEMORY = 1_000_000_000


class Ours:
    """Predicts an image by tiles, and keeps what share of the time the network took."""

    def __init__(self, model: nn.Module, image: Tensor) -> None:
        self.model, self.image = model, image
        self.shares: list[float] = []
        self.seconds = 0.0
        model.register_forward_pre_hook(lambda *_: self.count(-time.perf_counter()))
        model.register_forward_hook(lambda *_: self.count(time.perf_counter()))

    def count(self, seconds: float) -> None:
        """Adds to the time of the network."""
        self.seconds += seconds

    def __call__(self) -> None:
        self.seconds = 0.0
        took = timed(lambda: unetkit.predict(self.model, self.image, memory=MEMORY))()
        self.shares.append(self.seconds / took)


class Theirs:
    """Predicts an image by MONAI's windows; `alike` with the memory format and the allocator settings of ours."""

    def __init__(self, model: nn.Module, image: Tensor, *, alike: bool) -> None:
        self.format = torch.channels_last if alike else torch.contiguous_format
        self.model = model.to(memory_format=self.format)
        self.image, self.alike = image[None], alike

    def __call__(self) -> None:
        kept: Any = kept_memory() if self.alike else nullcontext()
        with torch.inference_mode(), kept:
            image = self.image.contiguous(memory_format=self.format)
            sliding_window_inference(image, (WINDOW, WINDOW), 1, self.model, overlap=OVERLAP)


def tile_macs(ours: Ours) -> float:
    """Returns the multiply-adds of the tiles, as a multiple of the whole image's."""
    with ready(ours.model) as runner:
        tiles = plan_tiles(runner, tuple(ours.image.shape[1:]), memory=MEMORY)
    return tiles.macs / tiles.whole_macs


def window_macs(plan: Plan, size: int) -> float:
    """Returns the multiply-adds of MONAI's windows, as a multiple of the whole image's."""
    step = int(WINDOW * (1 - OVERLAP))
    count = max(1, -(-(size - WINDOW) // step) + 1)
    return count**2 * plan.at((WINDOW, WINDOW)).macs / plan.at((size, size)).macs


def main(size: int = 2048, rounds: int = 3, *, small: bool = False, folder: Path = FOLDER) -> None:
    """Prints the multiply-adds, the share of the network, and seconds beside those of MONAI, which pads."""
    if small:
        size, rounds = 96, 0
    image = torch.from_numpy(np.random.default_rng(0).random((1, size, size), np.float32))
    rows = []
    for name, overrides in NETWORKS.items():
        spec = unetkit.load("unet-2015", overrides=["channels=[16,32,64,128,256]", *overrides])
        ours = Ours(unetkit.build(spec, seed=0), image)
        if name == "padded":
            for label, alike, wanted in (("as shipped", False, 1 / 2.5), ("same settings", True, 1 / 1.4)):
                theirs = Theirs(unetkit.build(spec, seed=0).eval(), image, alike=alike)
                times = interleave(timed(ours), timed(theirs), rounds=rounds)
                rows.append(Comparison(f"{name}, {size}², MONAI {label}", *times, wanted=wanted))
            print(f"{name}: MONAI's multiply-adds are {window_macs(unetkit.plan(spec), size):.2f} × the whole image's")
        else:
            for _ in range(max(1, rounds)):
                ours()
        share = float(np.median(ours.shares))
        print(
            f"{name}: multiply-adds {tile_macs(ours):.3f} × the whole image's; {share:.1%} of the time in the network"
        )
    report(f"tiles / MONAI's windows of {WINDOW}, overlap {OVERLAP}", rows, folder)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
