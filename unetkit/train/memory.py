"""The memory that images and training steps need, checked before any image is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from unetkit.data import covering_window
from unetkit.data.overview.footprint import footprint
from unetkit.errors import Fault, SizeError
from unetkit.host import available_memory
from unetkit.operations.onednn import block_size
from unetkit.planning import Execution, Plan, Size, needed_memory, plan
from unetkit.planning.recomputation import Recomputation, fitting, least_peak, of_levels
from unetkit.train.machine import Machine, TrainError
from unetkit.train.network_checks import check_samples
from unetkit.train.run_keys import PATCH
from unetkit.train.runspec import RunSpec
from unetkit.wording import gigabytes, num_bytes, plural, size_text


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
        stretches = recomputation(run, planned, size).stretches(planned)
        step = check_step_memory(planned, size, training.batch, copies, stretches)
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


def check_step_memory(planned: Plan, size: Size, batch: int, copies: int, stretches: Sequence[range] = ()) -> int:
    """The bytes of a training step; raises TrainError, with the largest patch that fits, if they are not available.

    `stretches` are computed again. bf16 is counted as fp32: on the CPU it needs 0.8 to 0.9 times as much.
    """
    needed, free = step_bytes(planned, size, batch, copies, stretches), available_memory()
    if needed <= free:
        return needed
    message = f"a step of {batch} patches of {size_text(size)} needs {gigabytes(needed)}"
    message += f", {gigabytes(free)} are available"
    cure = _smaller(
        largest_patch(planned, size, lambda patch: step_bytes(planned, patch, batch, copies, stretches) <= free)
    )
    raise TrainError(Fault("memory", message, "training.patch", cure))


def recomputation(run: RunSpec, planned: Plan, size: Size) -> Recomputation:
    """What a step computes again in its backward pass; raises TrainError where nothing fits the budget of memory."""
    training, copies = run.training, run.optimizer.copies
    if training.memory is None:
        return of_levels(planned, training.checkpointing)
    budget = num_bytes(training.memory)

    def left(patch: Size) -> int:
        return budget - _beside_activations(planned, patch, training.batch, copies)

    def fits(patch: Size) -> bool:
        return least_peak(planned, *_step(planned, patch, training.batch)) <= left(patch)

    found = fitting(planned, *_step(planned, size, training.batch), left(size))
    if found is None:
        least = least_peak(planned, *_step(planned, size, training.batch)) + budget - left(size)
        message = f"a step of {training.batch} patches of {size_text(size)} needs at least {gigabytes(least)}"
        cure = _smaller(largest_patch(planned, size, fits))
        raise run.blame(Fault("memory", message, cure=cure), "training", "memory")
    return found


def step_bytes(planned: Plan, size: Size, batch: int, copies: int, stretches: Sequence[range] = ()) -> int:
    """The bytes of a training step with patches whose output is at least `size`.

    `copies`: numbers that the optimizer stores for each weight.
    """
    activations = needed_memory(planned, *_step(planned, size, batch), recomputed=stretches).training
    return activations + _beside_activations(planned, size, batch, copies)


def _step(planned: Plan, size: Size, batch: int) -> tuple[Size, Execution]:
    """The size of the input of a step, and how it is computed on the CPU."""
    run = Execution(batch, channels_last=planned.channels_last, channel_block=block_size())
    return covering_window(planned, size).input_size, run


def _beside_activations(planned: Plan, size: Size, batch: int, copies: int) -> int:
    """The bytes of weights, gradients, what the optimizer keeps, and images."""
    input_size, run = _step(planned, size, batch)
    return run.itemsize * planned.parameters * (2 + copies) + run.bytes(planned.spec.in_channels, input_size)


def largest_patch(planned: Plan, size: Size, fits: Callable[[Size], bool]) -> int:
    """The largest patch with equal axes, smaller than `size`, that fits; 0 for none."""
    low, high = 0, max(size)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            enough = fits((middle,) * planned.dims)
        except SizeError:
            enough = True  # too small for the network, so search above
        low, high = (middle, high) if enough else (low, middle)
    return low


def _smaller(largest: int) -> str:
    """The cure for a step that needs too much."""
    return f"{f'training.patch={largest} fits' if largest else 'No patch fits'}; or reduce training.batch."
