"""Whether patches leave norms enough samples to train with, known from the plan before the first step."""

from __future__ import annotations

from collections.abc import Iterator

from unetkit.document.document import override
from unetkit.errors import Fault, UnetkitError
from unetkit.language import spec_of
from unetkit.planning import Plan, covering_size, plan, training_fault
from unetkit.train.errors import TrainError
from unetkit.train.runspec import RunSpec

GROWTH = 8
"""Times that a patch is made larger, in search of one that suffices."""
BATCHES = (2, 4)
"""Batches that are tried, in search of one that suffices."""


def check_samples(run: RunSpec, made: Plan, size: tuple[int, ...], *, processes: int = 1) -> None:
    """Raises SpecError, or TrainError where no patch is given, if a norm has too few samples to train with.

    Batch norm needs several values per channel over the batch of a process, instance norm over each image. What the
    error proposes was planned, and suffices.
    """
    batch = run.training.batch // processes
    message = shortage(made, size, batch)
    if message:
        cures = list(remedies(run, made, size, processes))
        cure = f"Take {' or '.join(cures)}." if cures else "Take a network with fewer levels."
        fault = Fault("size-too-small", message, "training.patch", cure)
        raise TrainError(fault) if run.training.patch is None else run.blame(fault, "training", "patch")


def shortage(made: Plan, size: tuple[int, ...], batch: int) -> str:
    """Returns why a network cannot be trained with so many patches whose output holds at least `size`, or nothing."""
    try:
        return training_fault(made, covering_size(made, size), batch)
    except UnetkitError as error:
        if any(fault.code != "size-too-small" for fault in error.faults):
            raise
        return error.faults[0].message


def remedies(run: RunSpec, made: Plan, size: tuple[int, ...], processes: int) -> Iterator[str]:
    """Yields the settings that suffice, each alone: a larger patch, a larger batch, another norm."""
    batch = run.training.batch // processes
    patch = larger_patch(made, max(size), batch)
    if patch:
        yield f"training.patch={patch}"
    for larger in BATCHES:
        if larger > batch and not shortage(made, size, larger):
            yield f"training.batch={larger * processes}"
            break
    if other_norm(run, size, batch):
        yield "norm: layer in the spec"


def larger_patch(made: Plan, low: int, batch: int) -> int:
    """Returns a patch of equal axes, larger than one that does not suffice, that just does; 0 where none is found."""
    high = next(
        (low << times for times in range(1, GROWTH) if not shortage(made, (low << times,) * made.dims, batch)), 0
    )
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if shortage(made, (middle,) * made.dims, batch) else (low, middle)
    return high


def other_norm(run: RunSpec, size: tuple[int, ...], batch: int) -> bool:
    """Whether the network can be trained where its spec says `norm: layer`, which looks at each sample alone."""
    document = run.spec.document
    if document is None:
        return False
    try:
        changed = override(document, ["norm=layer"])
        return not shortage(plan(spec_of(changed, run.spec.name)), size, batch)
    except UnetkitError:  # other settings of the spec contradict it
        return False
