"""Optimised networks beside the handwritten one: time and peak memory of inference at 512×512."""

from __future__ import annotations

import time
from collections.abc import Iterator

import torch
from torch import nn

import unetkit
from benchmarks.comparison import Comparison, Measure, interleave, report, timed
from benchmarks.memory import peak
from benchmarks.network import inference
from tests.model import reference
from unetkit.host.allocator import kept_memory

ROUNDS = 5
SIZE = (512, 512)


def kept(measure: Measure) -> Measure:
    """The same measurement as `predict` makes its calls: memory that is freed stays in the process."""

    def measured() -> float:
        with kept_memory():
            measure()  # the first call gets the memory
            return measure()

    return measured


def compare() -> Iterator[Comparison]:
    """Yields time with one thread and peak memory, in float32 and, where it is quicker here, in bfloat16."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    by_hand: nn.Module = reference.milesial(3, 2, bilinear=False)
    built = unetkit.build("unet-milesial")
    reference.copy_weights(by_hand, built)
    image = torch.randn(1, 3, *SIZE)
    theirs = inference(by_hand.eval(), image)
    for dtype, wanted, memory in (("fp32", 1 / 2.2, 0.45), ("bf16", 1 / 3.1, 0.25)):
        network = unetkit.optimize(built, size=SIZE, dtype=dtype, backend="torch")
        if network.dtype != torch.float32 or dtype == "fp32":
            ours = inference(network, image)
            with torch.no_grad():
                wanted_output, found = by_hand(image), network(image)
            error = float((found - wanted_output).abs().max() / (wanted_output.max() - wanted_output.min()))
            print(f"{dtype}: {network.reason or 'as asked'}; largest error {error:.1e} of the range")
            yield Comparison(f"{dtype}: peak memory", [float(peak(ours))], [float(peak(theirs))], memory, "B")
            times = interleave(
                kept(timed(ours, clock=time.process_time)), timed(theirs, clock=time.process_time), rounds=ROUNDS
            )
            yield Comparison(f"{dtype}: 1 thread", *times, wanted)


def main() -> None:
    """Compares the network of milesial/Pytorch-UNet."""
    report("optimised network / handwritten network, 512×512", list(compare()))


if __name__ == "__main__":
    main()
