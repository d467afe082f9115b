"""The memory that images and training steps need, checked before any image is read."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import prod

import torch

from unetkit.data import covering_window
from unetkit.data.overview.footprint import footprint
from unetkit.errors import Fault, SizeError
from unetkit.host import available_memory
from unetkit.operations.onednn import block_size
from unetkit.planning import Execution, Plan, needed_memory, plan
from unetkit.topology import MAP_SLOTS
from unetkit.train.machine import Machine, TrainError
from unetkit.train.network_checks import check_samples
from unetkit.train.run_keys import PATCH
from unetkit.train.runspec import RunSpec
from unetkit.wording import gigabytes, plural, size_text


def check_run_memory(run: RunSpec, machine: Machine) -> None:
    """Raises UnetkitError where cached images and a training step on the CPU need more memory than is available.

    Also where patches are too small for a normalization layer. Only file headers are read.
    """
    images = footprint(run.data)
    if images is None:
        return
    planned, size, step = plan(run.network), patch_size(run, images.least), 0
    check_samples(run, planned, size, processes=num_processes(machine))
    if on_cpu(machine):
        training, copies = run.training, run.optimizer.copies
        recomputed = recomputed_blocks(planned, training.checkpointing)
        step = check_step_memory(planned, size, training.batch, copies, recomputed)
    free = available_memory()
    if not run.data.cache or images.num_bytes + step <= free:
        return
    needed = f"{plural(images.num_pairs, 'image')} need{'s' * (images.num_pairs == 1)} {gigabytes(images.num_bytes)}"
    needed += f" and a step {gigabytes(step)}" if step else ""
    cure = "Set data.cache=false to read images from disk for each patch, and data.workers=2 to do so in parallel."
    raise TrainError(Fault("memory", f"{needed}, {gigabytes(free)} are available", "data.cache", cure))


def patch_size(run: RunSpec, smallest: Sequence[int]) -> tuple[int, ...]:
    """The minimum size of a patch's output, given the smallest image size along each axis."""
    patch = run.training.patch
    if isinstance(patch, tuple):
        return patch
    return (patch,) * run.spec.dims if patch else tuple(min(PATCH[run.spec.dims], n) for n in smallest)


def on_cpu(machine: Machine) -> bool:
    """Whether the network runs on the CPU."""
    return machine.accelerator == "cpu" or (machine.accelerator == "auto" and not torch.cuda.is_available())


def num_processes(machine: Machine) -> int:
    """The number of processes that share a batch with separate batch statistics; 1 where they are synchronised."""
    if not on_cpu(machine) or not isinstance(machine.devices, int):
        return 1
    return max(1, machine.devices) * machine.nodes


def check_step_memory(
    plan: Plan, size: tuple[int, ...], batch: int, copies: int, recomputed: Collection[str] = ()
) -> int:
    """The bytes of a training step; raises TrainError, with the largest patch that fits, if they are not available.

    bf16 is counted as fp32: on the CPU it needs 0.8 to 0.9 times as much.
    """
    needed, free = step_bytes(plan, size, batch, copies, recomputed), available_memory()
    if needed <= free:
        return needed
    largest = largest_patch(plan, size, batch, free, copies, recomputed)
    fits = f"training.patch={largest} fits" if largest else "No patch fits"
    message = f"a step of {batch} patches of {size_text(size)} needs {gigabytes(needed)}"
    message += f", {gigabytes(free)} are available"
    raise TrainError(Fault("memory", message, "training.patch", f"{fits}; or reduce training.batch."))


def recomputed_blocks(plan: Plan, levels: Collection[int]) -> tuple[str, ...]:
    """The blocks at the given levels, whose activations are recomputed in the backward pass.

    >>> from unetkit.planning import plan
    >>> from unetkit.language import load
    >>> recomputed_blocks(plan(load("unet-same")), [0, 4])
    ('encoder.0.block', 'bottleneck.block', 'decoder.0.block')
    """
    return tuple(call.scope for call in plan.calls if call.slot in MAP_SLOTS and call.level in levels)


def step_bytes(plan: Plan, size: tuple[int, ...], batch: int, copies: int, recomputed: Collection[str] = ()) -> int:
    """The bytes of a training step with patches whose output is at least `size`.

    `copies`: numbers that the optimizer stores for each weight.
    """
    input_size = covering_window(plan, size).input_size
    needed = needed_memory(
        plan,
        input_size,
        Execution(batch, channels_last=plan.channels_last, channel_block=block_size()),
        recomputed=recomputed,
    )
    images = 4 * batch * plan.spec.in_channels * prod(input_size)
    return needed.training + needed.weights * (2 + copies) + images


def largest_patch(
    plan: Plan, size: tuple[int, ...], batch: int, free: int, copies: int, recomputed: Collection[str] = ()
) -> int:
    """The largest patch with equal axes, smaller than `size`, whose step fits into `free` bytes; 0 for none."""
    low, high = 0, max(size)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            fits = step_bytes(plan, (middle,) * plan.dims, batch, copies, recomputed) <= free
        except SizeError:
            fits = True  # too small for the network, so search above
        low, high = (middle, high) if fits else (low, middle)
    return low
