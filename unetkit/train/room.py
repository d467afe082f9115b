"""Whether images and a step fit into the memory together, told before an image is read."""

from __future__ import annotations

from unetkit.data.overview.footprint import Footprint, footprint
from unetkit.errors import Fault
from unetkit.host import available_memory
from unetkit.planning import plan
from unetkit.train.errors import TrainError
from unetkit.train.loop.machine import check_memory, on_cpu, processes_of, step_bytes
from unetkit.train.loop.network import recomputed
from unetkit.train.options import Machine
from unetkit.train.run_keys import PATCH
from unetkit.train.runspec import RunSpec
from unetkit.train.samples import check_samples
from unetkit.wording import gigabytes


def check_room(run: RunSpec, machine: Machine) -> None:
    """Raises UnetkitError where images that stay in memory, and a step on the CPU, need more than is free.

    Or where the patches leave a norm too few samples.
    """
    found = footprint(run.data)
    if found is None:
        return
    training, planned = run.training, plan(run.spec)
    size, copies, step = patch_of(run, found), run.optimizer.copies, 0
    check_samples(run, planned, size, processes=processes_of(machine))
    if on_cpu(machine):
        check_memory(planned, size, training.batch, optimizer_copies=copies, levels=training.checkpointing)
        again = recomputed(planned, training.checkpointing)
        step = step_bytes(planned, size, training.batch, copies, again)
    free = available_memory()
    if not run.data.cache or found.num_bytes + step <= free:
        return
    parts = f"{found.num_pairs:,} images need {gigabytes(found.num_bytes)}"
    parts += f" and a step {gigabytes(step)}" if step else ""
    cure = "Set data.cache=false: images are then read again each time, with data.workers=2 beside the training."
    raise TrainError(Fault("memory", f"{parts}, free are {gigabytes(free)}", "data.cache", cure))


def patch_of(run: RunSpec, found: Footprint) -> tuple[int, ...]:
    """Returns the size that a patch's output holds at least, as far as headers tell."""
    patch = run.training.patch
    if isinstance(patch, tuple):
        return patch
    return (patch,) * run.spec.dims if patch else tuple(min(PATCH[run.spec.dims], n) for n in found.least)
