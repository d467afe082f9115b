"""Optimised networks beside the handwritten one: time and peak memory of inference at 512×512."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import nn

import unetkit
from benchmarks.comparison import FOLDER, Comparison, Measure, interleave, report, timed
from benchmarks.memory import peak
from benchmarks.network import inference
from tests.model import reference
from unetkit.host.allocator import kept_memory
from unetkit.wording import size_text

ROUNDS = 5
SIZE = (512, 512)


def kept(measure: Measure) -> Measure:
    """The same measurement as `predict` makes its calls: memory that is freed stays in the process."""

    def measured() -> float:
        with kept_memory():
            measure()  # the first call gets the memory
            return measure()

    return measured


def compare(size: tuple[int, int], rounds: int) -> Iterator[Comparison]:
    """Yields time with one thread and peak memory, in float32 and, where it is quicker here, in bfloat16."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    by_hand: nn.Module = reference.milesial(3, 2, bilinear=False)
    built = unetkit.build("unet-milesial")
    reference.copy_weights(by_hand, built)
    image = torch.randn(1, 3, *size)
    theirs = inference(by_hand.eval(), image)
    for dtype, wanted, memory in (("fp32", 1 / 2.2, 0.45), ("bf16", 1 / 3.1, 0.25)):
        network = unetkit.optimize(built, size=size, dtype=dtype, backend="torch")
        if network.dtype != torch.float32 or dtype == "fp32":
            ours = inference(network, image)
            with torch.no_grad():
                wanted_output, found = by_hand(image), network(image)
            error = float((found - wanted_output).abs().max() / (wanted_output.max() - wanted_output.min()))
            print(f"{dtype}: {network.reason or 'as asked'}; largest error {error:.1e} of the range")
            yield Comparison(f"{dtype}: peak memory", [float(peak(ours))], [float(peak(theirs))], memory, "B")
            times = interleave(
                kept(timed(ours, clock=time.process_time)), timed(theirs, clock=time.process_time), rounds=rounds
            )
            yield Comparison(f"{dtype}: 1 thread", *times, wanted)


EAGER: tuple[tuple[str, list[str], tuple[int, ...], float], ...] = (
    ("unet-small", [], (512, 512), 1 / 1.5),
    ("unet-nnunet", ["channels={base: 16, levels: 6, max: 320}"], (128, 128, 128), 1 / 1.8),
)
"""Spec, overrides, size, and the share of the eager network's time that is wanted."""
SMALL = (("unet-nnunet", ["channels={base: 2, levels: 6, max: 8}"], (64, 64, 64), 1 / 1.8),)


def beside_eager(
    spec: str, overrides: list[str], size: tuple[int, ...], wanted: float, rounds: int
) -> Iterator[Comparison]:
    """Yields time with one thread and peak memory beside those of the same network as it is built."""
    torch.set_num_threads(1)
    built = unetkit.build(unetkit.load(spec, overrides), seed=0).eval()
    image = torch.randn(1, built.spec.in_channels, *size)
    ours = inference(unetkit.optimize(built, size=size, backend="torch"), image)
    theirs = inference(built, image)
    name = f"{spec} {size_text(size)}"
    yield Comparison(f"{name}: peak memory", [float(peak(ours))], [float(peak(theirs))], 0.45, "B")
    clock = time.process_time
    times = interleave(kept(timed(ours, clock=clock)), timed(theirs, clock=clock), rounds=rounds)
    yield Comparison(f"{name}: 1 thread", *times, wanted)


def main(*, small: bool = False, folder: Path = FOLDER) -> None:
    """Compares the network of milesial/Pytorch-UNet with its own code, and others with themselves."""
    size, rounds = ((32, 32), 0) if small else (SIZE, ROUNDS)
    title = f"optimised network / handwritten network, {size_text(size)}"
    report(title, list(compare(size, rounds)), folder)
    rows = [row for case in (SMALL if small else EAGER) for row in beside_eager(*case, rounds)]
    report("optimised network / the same as it is built", rows, folder)


if __name__ == "__main__":
    main()
