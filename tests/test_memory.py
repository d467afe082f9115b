"""The planned memory against every allocation that torch makes on the CPU.

Whether oneDNN copies what goes into a convolution depends on its choice of kernel, on threads and processor: the plan
counts the copies, so that it is exact where they are made, and on the safe side where they are not.
"""

from __future__ import annotations

import pytest
import torch

import unetkit
from benchmarks.memory import peak
from unetkit.planning import needed_memory

NARROW = "channels={base: 16, levels: 5}"
CASES: dict[str, tuple[str, list[str], tuple[int, ...]]] = {
    "valid": ("unet-2015", [NARROW], (252, 252)),
    "padded": ("unet-same", [NARROW], (256, 256)),
    "pad": ("unet-pad", [NARROW], (252, 252)),
    "bilinear": ("unet-milesial-bilinear", ["channels=[16,32,64,64]", "decoder.channels=[16,16,32]"], (256, 256)),
    "strided": ("unet-strided", [], (256, 256)),
    "1D": ("unet-1d", [], (65536,)),
    "3D": ("unet-3d", ["channels=[16,32,64,64]"], (92, 92, 92)),
    "residual": ("unet-small", ["block=residual"], (256, 256)),
    "attention": ("unet-small", ["skip=attention"], (256, 256)),
}


@pytest.mark.parametrize("case", CASES)
def test_inference_never_needs_more_than_planned_and_little_less(case: str) -> None:
    name, overrides, size = CASES[case]
    model = unetkit.build(unetkit.load(name, overrides), seed=0).eval()
    spec = unetkit.load(name, overrides)
    image = torch.rand(1, spec.in_channels, *size)
    with torch.no_grad():
        model(image)
        measured = peak(lambda: model(image))
    planned = needed_memory(unetkit.plan(spec), size).inference
    assert measured / 1.01 <= planned <= measured * 1.35


@pytest.mark.parametrize("case", CASES)
def test_planned_training_memory_is_near_the_allocations(case: str) -> None:
    name, overrides, size = CASES[case]
    spec = unetkit.load(name, overrides)
    model = unetkit.build(spec, seed=0)
    image = torch.rand(1, spec.in_channels, *size)
    for weight in model.parameters():
        weight.grad = torch.zeros_like(weight)

    def step() -> None:
        output: torch.Tensor = model(image)
        output.backward(torch.ones_like(output))  # type: ignore[no-untyped-call]  # torch's own

    step()
    planned = needed_memory(unetkit.plan(spec), size).training
    assert planned == pytest.approx(peak(step), rel=0.1)


def test_memory_grows_with_the_batch_and_the_number_type() -> None:
    plan = unetkit.plan(unetkit.load("unet-same"))
    one = needed_memory(plan, (256, 256))
    many = needed_memory(plan, (256, 256), batch=4)
    half = needed_memory(plan, (256, 256), itemsize=2)
    assert one.inference < many.inference <= 4 * one.inference
    assert half.inference == pytest.approx(one.inference / 2, rel=0.05)
    assert one.weights == one.gradients == plan.parameters * 4
    assert one.optimizer == 2 * one.weights
