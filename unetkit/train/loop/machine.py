"""The machine that a run trains on: devices, threads, and whether its memory is enough."""

from __future__ import annotations

from collections.abc import Collection
from math import prod

import torch

from unetkit.data import covering_window
from unetkit.errors import Fault, SizeError
from unetkit.host import available_memory
from unetkit.planning import Execution, Plan, needed_memory
from unetkit.train.errors import TrainError
from unetkit.train.loop.network import recomputed
from unetkit.train.options import Machine
from unetkit.wording import gigabytes, size_text


def on_cpu(machine: Machine) -> bool:
    """Whether the network runs on the CPU."""
    return machine.accelerator == "cpu" or (machine.accelerator == "auto" and not torch.cuda.is_available())


def processes_of(machine: Machine) -> int:
    """Returns how many processes share a batch, each with batch statistics of its own; 1 where they share those too."""
    if not on_cpu(machine) or not isinstance(machine.devices, int):
        return 1
    return max(1, machine.devices) * machine.nodes


def check_memory(
    plan: Plan, size: tuple[int, ...], batch: int, *, optimizer_copies: int = 2, levels: Collection[int] = ()
) -> None:
    """Raises TrainError where a step needs more main memory than is free; it says the largest patch that fits.

    At some `levels` activations are computed again. bf16 counts as fp32, of which it needs 0.8 to 0.9 on the CPU.
    """
    again = recomputed(plan, levels)
    free, needed = available_memory(), step_bytes(plan, size, batch, optimizer_copies, again)
    if needed <= free:
        return
    largest = largest_patch(plan, size, batch, free, optimizer_copies, again)
    fits = f"training.patch={largest} fits" if largest else "no patch fits"
    message = f"a step of {batch} patches of {size_text(size)} needs {gigabytes(needed)}, free are {gigabytes(free)}"
    raise TrainError(Fault("memory", message, "training.patch", f"{fits}; or take a smaller batch."))


def step_bytes(plan: Plan, size: tuple[int, ...], batch: int, copies: int, again: Collection[str] = ()) -> int:
    """Returns the bytes of a training step with patches whose output is at least `size`; some blocks computed again."""
    found = covering_window(plan, size).input_size
    needed = needed_memory(plan, found, Execution(batch, channels_last=plan.channels_last), recomputed=again)
    image = 4 * batch * plan.spec.in_channels * prod(found)
    return needed.training + needed.weights * (2 + copies) + image


def largest_patch(
    plan: Plan, size: tuple[int, ...], batch: int, free: int, copies: int, again: Collection[str] = ()
) -> int:
    """Returns the largest patch of equal axes, smaller than `size`, whose step fits into so many bytes; 0 for none."""
    low, high = 0, max(size)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            fits = step_bytes(plan, (middle,) * plan.dims, batch, copies, again) <= free
        except SizeError:
            fits = True  # too small for the network: look above
        low, high = (middle, high) if fits else (low, middle)
    return low
