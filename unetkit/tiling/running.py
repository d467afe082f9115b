"""Prepares a network for inference: evaluation mode, weights on the device, in the fastest memory format."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call

from unetkit.errors import Fault, UnetkitError
from unetkit.host import available_memory
from unetkit.host.allocator import kept_memory
from unetkit.model import for_inference
from unetkit.model.interface import arranged, plan_of
from unetkit.planning import Plan
from unetkit.wording import plural

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


class InferenceError(UnetkitError):
    """A network cannot be run with these options."""


class Runner(Protocol):
    """A callable for one tile after another: it returns (channels, *spatial) for (in_channels, *spatial).

    These are the channels of all outputs, one after the other.

    `condition` sets the vectors that the network takes beside the image, by name.
    `plan` has the sizes it accepts; `device` is where it runs; `background` is the input value outside the image, for
    all channels or per channel; `seconds` is its total run time.
    """

    plan: Plan
    device: torch.device
    background: float | tuple[float, ...]
    seconds: float

    def condition(self, vectors: Mapping[str, Any]) -> None: ...

    def __call__(self, image: Tensor) -> Tensor: ...


class TorchRunner:
    """Calls a network on one tile after another. `seconds` is its total run time."""

    background: float | tuple[float, ...] = 0.0

    def __init__(self, model: nn.Module, plan: Plan, device: torch.device, dtype: torch.dtype) -> None:
        self.model = model
        self.vectors: list[Tensor] = []
        self.plan = plan
        self.device = device
        self.dtype = dtype
        self.weights = {name: arranged(weight.detach(), plan, device) for name, weight in _named_tensors(model)}
        self.seconds = 0.0

    def condition(self, vectors: Mapping[str, Any]) -> None:
        """Sets the vectors, by name; raises InferenceError unless they are those of the network."""
        self.vectors = [torch.from_numpy(one).to(self.device) for one in input_vectors(self.plan, vectors)]

    def __call__(self, image: Tensor) -> Tensor:
        """The output, float32, for (in_channels, *spatial): the channels of all outputs one after the other."""
        batch = arranged(image[None].float(), self.plan, self.device)
        start = time.perf_counter()
        mixed: Any = nullcontext()
        if self.dtype != torch.float32:
            mixed = torch.autocast(self.device.type, self.dtype)
        with torch.inference_mode(), mixed:
            found = functional_call(self.model, self.weights, (batch, *self.vectors))
            output: Tensor = found[0] if isinstance(found, Tensor) else torch.cat([one[0] for one in found])
            if self.device.type == "cuda":
                torch.cuda.synchronize(self.device)
        self.seconds += time.perf_counter() - start
        return output


def input_vectors(plan: Plan, given: Mapping[str, Any]) -> list[NDArray[np.float32]]:
    """The vectors that a network takes beside the image, each (1, values), in its order.

    Raises InferenceError for wrong names or numbers of values.
    """
    if sorted(plan.vectors) != sorted(given):
        names = f"the vector{'s' * (len(plan.vectors) > 1)} {', '.join(plan.vectors)}" if plan.vectors else "no vectors"
        message = f"{plan.spec.name} takes {names}, here are {', '.join(given) or 'none'}"
        raise InferenceError(Fault("vectors", message, cure="Give vectors={name: values} for each."))
    found = [np.asarray(given[name], np.float32).reshape(1, -1) for name in plan.vectors]
    for (name, count), values in zip(plan.vectors.items(), found, strict=True):
        if values.shape[1] != count:
            message = f"{name} has {plural(count, 'value')} for each image, not {values.shape[1]}"
            raise InferenceError(Fault("vectors", message, cure=f"Give {plural(count, 'value')}."))
    return found


def _named_tensors(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Yields all parameters and buffers with their names."""
    yield from model.named_parameters()
    yield from model.named_buffers()


@contextmanager
def ready(
    model: nn.Module,
    *,
    device: str | torch.device | None = None,
    dtype: str = "fp32",
) -> Iterator[TorchRunner]:
    """A runner of the network in evaluation mode; afterwards every module returns to its former mode.

    Raises UnetkitError if unetkit did not build the network, InferenceError for an unknown device or number type.
    """
    model = for_inference(model)
    plan = plan_of(model)
    if dtype not in DTYPES:
        raise InferenceError(Fault("dtype", f"there is no number type {dtype!r}", cure=f"Known: {', '.join(DTYPES)}."))
    own = next((tensor.device for _, tensor in _named_tensors(model)), torch.device("cpu"))
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    place = own if device is None else _known_device(device)
    try:
        with kept_memory() if place.type == "cpu" else nullcontext():
            yield TorchRunner(model, plan, place, DTYPES[dtype])
    finally:
        for module, training in modes:
            module.training = training


def _known_device(name: str | torch.device) -> torch.device:
    """The device of this name; raises InferenceError if this machine has none."""
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).partition("\n")[0]
        raise InferenceError(Fault("device", f"{name} cannot be used: {reason}", cure="Use cpu.")) from error
    return device


def free_memory(device: torch.device) -> int:
    """Free bytes on a device."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return available_memory()
