"""A training step in half of its memory beside the same step that keeps everything: time, peak, gradients."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor

import unetkit
from benchmarks.comparison import FOLDER, Comparison, interleave, report, timed
from benchmarks.memory import peak
from unetkit.model.interface import arrange, arranged
from unetkit.planning import Execution, needed_memory
from unetkit.planning.recomputation import fitting
from unetkit.train.loop.recomputation import recompute

ROUNDS = 5
CASES: tuple[tuple[str, list[str], tuple[int, ...], int], ...] = (
    ("unet-same", ["channels={base: 32, levels: 5}"], (256, 256), 2),
    ("unet-small", [], (256, 256), 4),
)
"""Spec, overrides, size of the image and batch."""
SMALL = (("unet-small", ["channels=[8, 16, 32]"], (64, 64), 2),)


def step(planned: unetkit.Plan, image: Tensor, stretches: tuple[range, ...]) -> tuple[Callable[[], None], list[Tensor]]:
    """A call that computes the gradients of a step, and the gradients of the last call with the running statistics."""
    model = unetkit.build(planned.spec, seed=0)
    arrange(model, planned)
    recompute(model.train(), stretches)
    for weight in model.parameters():
        weight.grad = torch.zeros_like(weight)
    found = [*(weight.grad for weight in model.parameters() if weight.grad is not None), *model.buffers()]

    def call() -> None:
        for weight in model.parameters():
            if weight.grad is not None:
                weight.grad.zero_()
        outputs = model(image)
        outputs = [outputs] if isinstance(outputs, Tensor) else list(outputs)
        loss: Tensor = torch.stack([output.square().mean() for output in outputs]).sum()
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own

    return call, found


def compare(cases: Sequence[tuple[str, list[str], tuple[int, ...], int]], rounds: int) -> Iterator[Comparison]:
    """Yields peak memory and time, with one thread."""
    torch.set_num_threads(1)
    for name, overrides, size, batch in cases:
        planned = unetkit.plan(unetkit.load(name, overrides))
        run = Execution(batch, threads=1, channels_last=planned.channels_last)
        whole = needed_memory(planned, size, run).training
        again = fitting(planned, size, run, whole // 2)
        title = f"{name} {'×'.join(map(str, size))}, batch {batch}"
        if again is None:
            print(f"{title}: nothing fits half of {whole / 1e6:.0f} MB")
            continue
        torch.manual_seed(0)
        image = arranged(torch.rand(batch, planned.spec.in_channels, *size), planned)
        ours, found = step(planned, image, again.stretches(planned))
        theirs, wanted = step(planned, image, ())
        ours(), theirs()
        equal = all(map(torch.equal, found, wanted))
        print(f"{title}: gradients and running statistics are {'equal' if equal else 'NOT equal'}, bit for bit")
        print(f"  computed again: {again.text()}")
        yield Comparison(f"{title}: peak memory", [float(peak(ours))], [float(peak(theirs))], 0.51, "B")
        clock = time.process_time
        times = interleave(timed(ours, clock=clock), timed(theirs, clock=clock), rounds=rounds)
        yield Comparison(f"{title}: time", *times, wanted=1.35)


def main(*, small: bool = False, folder: Path = FOLDER) -> None:
    """Compares each case."""
    rows = compare(SMALL, 0) if small else compare(CASES, ROUNDS)
    report("training step in half of the memory / training step", list(rows), folder)


if __name__ == "__main__":
    main()
