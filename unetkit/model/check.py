"""The check at the door of a network: an image that does not fit is refused with the sizes that do."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor, nn

from unetkit.errors import AlignmentWarning, Fault, SizeError
from unetkit.planning import Plan


class SizeCheck:
    """A forward pre-hook that raises SizeError; sizes seen before pass at once."""

    def __init__(self, planned: Plan) -> None:
        self.plan = planned
        self.known: set[tuple[int, ...]] = set()

    def __call__(self, module: nn.Module, inputs: tuple[Any, ...]) -> None:
        if torch.compiler.is_compiling() or not inputs or not isinstance(inputs[0], Tensor):
            return
        shape = tuple(inputs[0].shape)
        if shape[1:] in self.known:
            return
        spec = self.plan.spec
        if len(shape) != spec.dims + 2 or shape[1] != spec.in_channels:
            axes = ", ".join(["N", str(spec.in_channels), *"DHW"[3 - spec.dims :]])
            raise SizeError(
                Fault("input-shape", f"{spec.name} takes a tensor ({axes}), not {shape}", cure="Reshape the input.")
            )
        size = tuple(int(n) for n in shape[2:])
        self.plan.output_size(size)
        warning = self.plan.shift_warning(size)
        if warning:
            warnings.warn(warning, AlignmentWarning, stacklevel=3)
        self.known.add(shape[1:])
