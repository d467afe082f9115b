"""What each output of a network is trained for: its target, its loss, and the weight of that."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from unetkit.data.targets import Classes, Target
from unetkit.document.document import from_values, override
from unetkit.errors import Fault
from unetkit.language import Spec, spec_of
from unetkit.topology import Output
from unetkit.train.parts.losses import Loss


class OutputTask(NamedTuple):
    """What one output is trained for; `weight` is that of its loss, relative to the others."""

    name: str
    target: Target
    loss: Loss
    weight: float


def supervised(spec: Spec, count: int) -> Spec:
    """The network with a head for training at each of the decoder's levels 1 to `count`, beside its own.

    >>> from unetkit.language import load
    >>> [output.name for output in supervised(load("unet-small"), 2).outputs]
    ['output', 'level_1', 'level_2']
    """
    first = spec.outputs[0]
    heads = [f"heads.{first.name}={{}}"] if spec.keys.heads is None else []
    heads += [
        f"heads.level_{level}={{channels: {first.channels}, at: {level}, when: training}}"
        for level in range(1, count + 1)
    ]
    document = spec.document or from_values(spec.resolve())
    return spec_of(override(document, heads), spec.name)


def trained_network(spec: Spec, supervision: Sequence[float]) -> Spec:
    """The network that is trained, with heads at coarser levels where `supervision` has weights and it has no own."""
    has_own = any(output.when == "training" for output in spec.outputs)
    return spec if has_own or not supervision else supervised(spec, len(supervision))


def tasks_of(
    spec: Spec,
    loss: Loss,
    losses: Mapping[str, Loss],
    targets: Mapping[str, Target],
    weights: Mapping[str, float],
    supervision: Sequence[float],
) -> tuple[OutputTask, ...]:
    """The task of each output.

    An output for training has the target and the loss of the first output with as many channels, unless it is given
    its own, and half the weight for each level unless `supervision` has a weight for each of them.
    """
    of_training = [output.name for output in spec.outputs if output.when == "training"]
    by_name = dict(zip(of_training, supervision, strict=False))
    tasks = []
    for output in spec.outputs:
        model = _supervised_output(spec, output).name
        target = targets.get(output.name) or targets.get(model) or Classes()
        weight = weights.get(output.name) or by_name.get(output.name) or _usual_weight(spec, output)
        tasks.append(OutputTask(output.name, target, losses.get(output.name) or losses.get(model) or loss, weight))
    return tuple(tasks)


def _supervised_output(spec: Spec, output: Output) -> Output:
    """The output whose target an output for training shares; itself where it is none."""
    if output.when == "always":
        return output
    others = [one for one in spec.outputs if one.when == "always"]
    return next((one for one in others if one.channels == output.channels), others[0])


def _usual_weight(spec: Spec, output: Output) -> float:
    """1, and half as much with each level for an output for training."""
    if output.when == "always":
        return 1.0
    return 0.5 ** next(position.level for position in spec.layout.positions if position.scope == output.scope)


def pixel_maps(tasks: Sequence[OutputTask]) -> tuple[Callable[[Any], Any], ...]:
    """The functions that give numbers for the pixels of a pair: the weights of pixels, if any, then each target."""
    weights = [found for task in tasks if (found := task.loss.weight_map()) is not None][:1]
    return (*weights, *(task.target.values for task in tasks if task.target.kind == "values"))


def task_faults(spec: Spec, tasks: Sequence[OutputTask], num_classes: int) -> Iterator[tuple[tuple[str, ...], Fault]]:
    """Yields the faults of tasks that do not fit the outputs or the classes, each with its path in the training."""
    channels = {output.name: output.channels for output in spec.outputs}
    for task in tasks:
        path = ("losses", task.name)
        if (task.target.kind == "values") != (task.loss.measures == "values"):
            known = "mse or l1" if task.target.kind == "values" else "a loss of classes, such as dice_ce"
            message = f"{task.name} predicts {task.target.kind}, which this loss does not compare"
            yield path, Fault("loss-target", message, cure=f"Give it {known}, or another target.")
        for field, message, cure in task.target.faults_of_classes(num_classes):
            yield ("targets", task.name, field), Fault("wrong-value", message, cure=cure)
        if task.target.kind != "classes" and channels[task.name] not in task.target.channels(num_classes):
            wanted = task.target.channels(num_classes)[0]
            message = f"{task.name} has {channels[task.name]} channels, its target {wanted}"
            yield ("targets", task.name), Fault("wrong-value", message, cure=f"Give the head channels: {wanted}.")
    maps = [(task, task.loss.weight_map()) for task in tasks if task.loss.weight_map() is not None]
    for task, weight in maps[1:]:
        if weight != maps[0][1]:
            message = f"the losses of {maps[0][0].name} and {task.name} weight pixels differently"
            yield ("losses", task.name), Fault("wrong-value", message, cure="Give both the same settings.")
    always = {output.name for output in spec.outputs if output.when == "always"}
    for task in tasks:
        if task.target.kind == "presence" and task.name in always:
            message = f"{task.name} predicts presence, and predictions are maps"
            yield ("targets", task.name), Fault("wrong-value", message, cure="Give the head when: training.")
    if tasks[0].target.kind in ("values", "presence"):
        message = (
            f"the first output, {tasks[0].name}, predicts {tasks[0].target.kind}, by which no best network is chosen"
        )
        yield ("targets", tasks[0].name), Fault("wrong-value", message, cure="Put an output of classes first.")
