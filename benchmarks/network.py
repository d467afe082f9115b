"""A built network beside the handwritten one with the same weights: time and peak memory of inference and training."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

import unetkit
from benchmarks.comparison import FOLDER, Comparison, interleave, report, timed
from benchmarks.memory import peak
from tests.model import reference

ROUNDS = 11
CLOCKS = (("1 thread", 1, time.process_time), ("2 threads", 2, time.perf_counter))


@dataclass(frozen=True)
class Case:
    """A shipped spec, the same by hand, and an image size that suits both."""

    spec: str
    by_hand: Callable[[], nn.Module]
    image: tuple[int, ...]


CASES = (
    Case("unet-2015", lambda: reference.unet_2015(1, 2), (1, 1, 252, 252)),
    Case("unet-same", lambda: reference.unet_mode(1, 2, "same"), (1, 1, 192, 192)),
    Case("unet-milesial-bilinear", lambda: reference.milesial(3, 2, bilinear=True), (1, 3, 192, 192)),
)
SMALL = (Case("unet-same", lambda: reference.unet_mode(1, 2, "same"), (1, 1, 32, 32)),)


def inference(network: nn.Module, image: Tensor) -> Callable[[], None]:
    """Returns a call that computes the output and nothing else."""

    def call() -> None:
        network.eval()
        with torch.no_grad():
            network(image)

    return call


def training(network: nn.Module, image: Tensor) -> Callable[[], None]:
    """Returns a call that makes one step: forward, loss, backward, update."""
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-5)

    def call() -> None:
        network.train()
        network(image).square().mean().backward()
        optimizer.step()
        optimizer.zero_grad()  # last, so that no call begins with gradients held

    return call


def compare(case: Case, rounds: int) -> Iterator[Comparison]:
    """Yields peak memory, then time with one thread and with two, of inference and of a training step."""
    torch.manual_seed(0)
    by_hand = case.by_hand()
    built = unetkit.build(unetkit.load(case.spec))
    reference.copy_weights(by_hand, built)
    image = torch.randn(case.image)
    for name, action in (("inference", inference), ("training step", training)):
        ours, theirs = action(built, image), action(by_hand, image)
        torch.set_num_threads(1)
        bytes_ = [float(peak(ours))], [float(peak(theirs))]
        yield Comparison(f"{case.spec} {name}: peak memory", *bytes_, wanted=1.0, unit="B")
        # With one thread the time of the processor tells most: other programs do not add to it.
        for label, threads, clock in CLOCKS if rounds else CLOCKS[:1]:
            torch.set_num_threads(threads)
            times = interleave(timed(ours, clock=clock), timed(theirs, clock=clock), rounds=rounds)
            yield Comparison(f"{case.spec} {name}: {label}", *times, wanted=1.02)


def main(*, small: bool = False, folder: Path = FOLDER) -> None:
    """Compares each case."""
    cases, rounds = (SMALL, 0) if small else (CASES, ROUNDS)
    rows = [comparison for case in cases for comparison in compare(case, rounds)]
    report("built network / handwritten network", rows, folder)


if __name__ == "__main__":
    main()
