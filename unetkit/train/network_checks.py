"""Checks before the first step that a network can be trained on its images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from unetkit.data import UNLABELLED, Pair, Pairs
from unetkit.document.document import override
from unetkit.errors import Fault, UnetkitError
from unetkit.language import spec_of
from unetkit.model.interface import last_activation
from unetkit.planning import Plan, covering_size, natural_size, plan, training_fault
from unetkit.train.machine import TrainError
from unetkit.train.parts.task import OutputTask
from unetkit.train.runspec import RunSpec
from unetkit.wording import plural

_MOST_DOUBLINGS = 7
"""How often a patch is doubled in search of one that suffices."""
_BATCHES = (2, 4)
"""Batch sizes that are tried."""


def check_pairs(plan: Plan, pairs: Pairs, tasks: Sequence[OutputTask]) -> None:
    """Raises TrainError where the network does not output logits, or an image or a label does not fit its channels.

    One output channel separates class 1 from class 0; otherwise there is one for each class.
    """
    spec = plan.spec
    for task in tasks:
        activation = last_activation(plan, task.name)
        if activation and task.target.kind != "values":
            output = "the output" if len(tasks) == 1 else f"the output {task.name}"
            message = f"{output} passes through {activation}, but the loss expects logits"
            raise TrainError(Fault("no-logits", message, "head", "Set head.activation=none."))
    _check_whole_images(plan, tasks)
    if not pairs:
        raise TrainError(Fault("no-images", "there are no training images"))
    channels = {output.name: output.channels for output in spec.outputs}
    predicted = [max(2, channels[task.name]) for task in tasks if task.target.kind == "classes"]
    classes = max(predicted, default=len(pairs.classes))
    if classes > len(pairs.classes):
        names = ", ".join(pairs.classes)
        message = f"{spec.name} predicts {classes} classes, the data define {len(pairs.classes)}: {names}"
        cure = f"Set out_channels={len(pairs.classes)}, or name all classes in the data file."
        raise TrainError(Fault("classes", message, "out_channels", cure))
    for task in tasks:
        for _, message, cure in task.target.faults_of_classes(len(pairs.classes)):
            raise TrainError(Fault("classes", message, f"training.targets.{task.name}", cure))
    classes = min(predicted, default=len(pairs.classes))
    for pair in pairs:
        if len(pair.image) != spec.in_channels:
            message = f"{pair.name} has {len(pair.image)} channels, the network takes {spec.in_channels}"
            raise TrainError(Fault("in-channels", message, "in_channels", f"Set in_channels={len(pair.image)}."))
        _check_vectors(plan, pair)
        wrong = pair.labels[(pair.labels != UNLABELLED) & ((pair.labels < 0) | (pair.labels >= classes))]
        if wrong.size:
            message = f"{pair.name} has class {wrong.max()}, the network predicts classes 0 to {classes - 1}"
            cure = f"Set out_channels={wrong.max() + 1}, or set `ignore` to the label of unlabelled pixels."
            raise TrainError(Fault("classes", message, "out_channels", cure))


def _check_whole_images(plan: Plan, tasks: Sequence[OutputTask]) -> None:
    """Raises TrainError where an output has one sample and its target is a map, or the other way round."""
    sizes = plan.output_sizes(natural_size(plan))
    for task in tasks:
        path = f"training.targets.{task.name}"
        if task.target.kind == "presence" and max(sizes[task.name]) > 1:
            message = f"{task.name} is a map, its target is one class for the whole image"
            raise TrainError(Fault("wrong-value", message, path, "End its head with global_pool."))
        if task.target.kind != "presence" and max(sizes[task.name]) == 1:
            message = f"{task.name} has one sample for the whole image, its target is a map"
            raise TrainError(Fault("wrong-value", message, path, f"Set training.targets.{task.name}=presence."))


def _check_vectors(plan: Plan, pair: Pair) -> None:
    """Raises TrainError where a pair lacks a vector of the network, or has another number of values."""
    for name, count in plan.vectors.items():
        if name not in pair.vectors or pair.vectors[name].shape != (count,):
            message = f"{pair.name} lacks the {plural(count, 'value')} of the vector {name}"
            raise TrainError(Fault("vectors", message, cure="Give vectors={name: values} to each pair."))


def check_samples(run: RunSpec, planned: Plan, size: tuple[int, ...], *, processes: int = 1) -> None:
    """Raises SpecError, or TrainError where no patch is given, if a normalization layer has too few samples.

    Batch norm needs several values per channel over the batch of a process, instance norm over each image. Settings
    that the error proposes are known to suffice.
    """
    batch = run.training.batch // processes
    message = _shortage(planned, size, batch)
    if message:
        remedies = list(_remedies(run, planned, size, processes))
        cure = f"Use {' or '.join(remedies)}." if remedies else "Use a network with fewer levels."
        fault = Fault("size-too-small", message, "training.patch", cure)
        raise TrainError(fault) if run.training.patch is None else run.blame(fault, "training", "patch")


def _shortage(planned: Plan, size: tuple[int, ...], batch: int) -> str:
    """The reason why a network cannot be trained on patches with outputs of at least `size`; empty if it can."""
    try:
        return training_fault(planned, covering_size(planned, size), batch)
    except UnetkitError as error:
        if any(fault.code != "size-too-small" for fault in error.faults):
            raise
        return error.faults[0].message


def _remedies(run: RunSpec, planned: Plan, size: tuple[int, ...], processes: int) -> Iterator[str]:
    """Yields settings each of which suffices alone: a larger patch, a larger batch, another normalization."""
    batch = run.training.batch // processes
    if patch := _larger_patch(planned, max(size), batch):
        yield f"training.patch={patch}"
    if larger := next((one for one in _BATCHES if one > batch and not _shortage(planned, size, one)), 0):
        yield f"training.batch={larger * processes}"
    if _layer_norm_suffices(run, size, batch):
        yield "norm: layer in the spec"


def _larger_patch(planned: Plan, low: int, batch: int) -> int:
    """The smallest patch with equal axes that suffices, larger than `low`, which does not; 0 where none is found."""

    def suffices(patch: int) -> bool:
        return not _shortage(planned, (patch,) * planned.dims, batch)

    high = next(filter(suffices, (low << times for times in range(1, _MOST_DOUBLINGS + 1))), 0)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if suffices(middle) else (middle, high)
    return high


def _layer_norm_suffices(run: RunSpec, size: tuple[int, ...], batch: int) -> bool:
    """Whether the network can be trained with `norm: layer`, which normalizes each sample by itself."""
    document = run.spec.document
    if document is None:
        return False
    try:
        changed = override(document, ["norm=layer"])
        return not _shortage(plan(spec_of(changed, run.spec.name)), size, batch)
    except UnetkitError:  # it contradicts other settings of the spec
        return False
