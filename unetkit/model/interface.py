"""What a network takes and gives: the sizes of images, their memory format, and the meaning of its output."""

from __future__ import annotations

import warnings
from collections import namedtuple
from collections.abc import Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from unetkit.errors import AlignmentWarning, Fault, SizeError, UnetkitError
from unetkit.planning import Plan

CHANNELS_LAST = {2: torch.channels_last, 3: torch.channels_last_3d}


def plan_of(model: nn.Module) -> Plan:
    """The plan that a network was built from; raises UnetkitError where unetkit did not build it."""
    plan = getattr(model, "plan", None)
    if not isinstance(plan, Plan):
        raise UnetkitError(
            Fault("model-foreign", "this module was not built by unetkit", cure="Give what build() returned.")
        )
    return plan


class InputCheck:
    """A forward pre-hook that raises SizeError for inputs that do not fit; a size is checked once.

    Images that the channels hold may also be given one by one, and vectors as numbers or without spatial axes.
    """

    def __init__(self, planned: Plan) -> None:
        self.plan = planned
        self.checked: set[tuple[int, ...]] = set()
        self.images = [one.channels for one in planned.spec.keys.inputs.values() if not one.is_beside]
        """Channels of each image that the channels hold."""

    def __call__(self, module: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...] | None:
        if torch.compiler.is_compiling() or not inputs or not isinstance(inputs[0], Tensor):
            return None
        given = self.stacked(inputs)
        self.check_size(tuple(given[0].shape))
        wanted = list(self.plan.vectors)
        if len(given) != 1 + len(wanted):
            names = " and ".join(["an image", *wanted])
            message = f"{self.plan.spec.name} takes {names}, here are {len(given)} inputs"
            raise SizeError(Fault("input-shape", message, cure="Give one tensor for each."))
        return (given[0], *(self.vector(name, one, len(given[0])) for name, one in zip(wanted, given[1:], strict=True)))

    def stacked(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """The inputs with images that are given one by one as one."""
        count = len(self.images)
        first = inputs[:count]
        if count > 1 and len(first) == count and [one.shape[1] for one in first if one.dim() > 1] == self.images:
            return (torch.cat(first, dim=1), *inputs[count:])
        return inputs

    def vector(self, name: str, given: Any, batch: int) -> Tensor:
        """A vector as (N, values, 1, …), for numbers, (values,) or (N, values)."""
        values = self.plan.vectors[name]
        tensor = torch.as_tensor(given)
        shape = (batch, values, *(1,) * self.plan.dims)
        flat = tensor.flatten(1) if tensor.dim() > 1 else tensor[:, None] if tensor.shape == (batch,) else tensor
        if flat.shape not in ((values,), (1, values), (batch, values)):
            message = f"{name} has {values} values for each image, not the shape {tuple(tensor.shape)}"
            raise SizeError(Fault("input-shape", message, cure=f"Give ({batch}, {values})."))
        return flat.expand(batch, values).reshape(shape)

    def check_size(self, shape: tuple[int, ...]) -> None:
        """Raises SizeError for a batch of images that does not fit."""
        if shape[1:] in self.checked:
            return
        spec = self.plan.spec
        if len(shape) != spec.dims + 2 or shape[1] != spec.in_channels:
            axes = ", ".join(["N", str(spec.in_channels), *"DHW"[3 - spec.dims :]])
            message = f"{spec.name} takes a tensor ({axes}), not {shape}"
            raise SizeError(Fault("input-shape", message, cure="Reshape the input."))
        size = tuple(int(n) for n in shape[2:])
        self.plan.output_size(size)
        warning = self.plan.shift_warning(size)
        if warning:
            warnings.warn(warning, AlignmentWarning, stacklevel=4)
        self.checked.add(shape[1:])


@cache
def _outputs(names: tuple[str, ...]) -> Any:
    """The class of named tuples with these fields."""
    make: Any = namedtuple  # whose fields a type checker would want to know
    made = make("Outputs", names, module=__name__)
    made.__reduce__ = lambda self: (named_outputs, (names, tuple(self)))
    return made


def named_outputs(names: tuple[str, ...], values: Sequence[Any]) -> Any:
    """The outputs of a network: the value of the only one, or a named tuple."""
    return values[0] if len(names) == 1 else _outputs(names)(*values)


def last_activation(plan: Plan, output: str | None = None) -> str:
    """The name of the activation that an output, by default the first, passes through; empty where it is logits."""
    last = plan.nodes[plan.outputs[output] if output else plan.output].operation
    return last.activation if last is not None else ""


def threshold(plan: Plan, output: str | None = None) -> float:
    """The value of a single channel of an output, by default the first, above which class 1 is the likelier."""
    return 0.5 if last_activation(plan, output) == "Sigmoid" else 0.0


def memory_format(plan: Plan) -> torch.memory_format:
    """Channels last, unless the network has one axis or an operation that is slower so.

    On two cores a training step of a U-Net with batch norm takes 1.2 (2D) to 1.5 (3D) times as long with channels
    first; with instance norm it takes 0.8 times as long.
    """
    return CHANNELS_LAST[plan.dims] if plan.channels_last else torch.contiguous_format


def arranged(tensor: Tensor, plan: Plan, device: torch.device | None = None) -> Tensor:
    """The tensor in the memory format of a network, where it has all axes of a batch of images."""
    fitting = memory_format(plan) if tensor.dim() == plan.dims + 2 else torch.preserve_format
    return tensor.to(device or tensor.device, memory_format=fitting)


def arrange(module: nn.Module, plan: Plan) -> None:
    """Puts the parameters of a network, or of a module that holds one, into its memory format."""
    for weight in module.parameters():
        weight.data = arranged(weight.data, plan)
