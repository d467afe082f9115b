"""How long a training step takes: a few are made, on random numbers."""

from __future__ import annotations

from statistics import median
from time import perf_counter

from unetkit.study.arm import Arm

DEFAULT_STEPS = 3


def seconds_per_step(arm: Arm, steps: int) -> float:
    """Returns the median seconds of so many training steps of an arm, after one that warms up, on one thread."""
    import torch  # planning alone needs none

    from unetkit.model import build
    from unetkit.spec import load

    assert arm.facts is not None, "an arm that cannot be built has no steps"
    spec = load(arm.values()["spec"])
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as each run of a study has
    try:
        model = build(spec).train()
        optimizer = torch.optim.AdamW(model.parameters())
        batch = arm.training["batch"]
        image = torch.randn(batch, spec.in_channels, *arm.facts.input_size)
        labels = torch.zeros(batch, *arm.facts.output_size, dtype=torch.long)
        taken = []
        for _ in range(steps + 1):
            start = perf_counter()
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(image), labels)
            torch.autograd.backward(loss)
            optimizer.step()
            taken.append(perf_counter() - start)
    finally:
        torch.set_num_threads(threads)
    return median(taken[1:])
