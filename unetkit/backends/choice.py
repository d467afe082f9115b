"""The quickest backend on this machine, by a short timing that is remembered."""

from __future__ import annotations

import json
import time
from contextlib import nullcontext, suppress
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from unetkit.backends.backend import Backend, Request
from unetkit.backends.exported import OnnxruntimeBackend, OpenvinoBackend
from unetkit.backends.native import CompileBackend, TorchBackend
from unetkit.errors import UnetkitError
from unetkit.fast.timing import cache_file, write_cache
from unetkit.host.allocator import kept_memory

BACKENDS: dict[str, Backend] = {
    one.name: one for one in (TorchBackend(), CompileBackend(), OnnxruntimeBackend(), OpenvinoBackend())
}
"""All backends by name."""

_ROUNDS = 2
_CLOSE = 1e-3
"""Largest accepted difference of a float32 output, as a share of its range; what exceeds it is not the network."""


class Trial(NamedTuple):
    """What a backend did in a timing: its seconds, or why it was left out."""

    seconds: float | None
    """For one image; None where it could not be used."""
    difference: float
    """The largest difference from float32 by torch, as a share of the range of the output."""
    obstacle: str


class Choice(NamedTuple):
    """The network that was chosen, and why."""

    network: nn.Module
    dtype: str
    reason: str
    difference: float


def quickest(request: Request) -> Choice:
    """The quickest backend for a request: float32 by torch where none is quicker than that."""
    file, known = cache_file("backends"), {}
    with suppress(OSError, ValueError, TypeError, AttributeError):
        known = {key: _read(value) for key, value in json.loads(file.read_bytes()).items()}
    key = _key(request)
    made: dict[str, nn.Module] = {}
    if key not in known or known[key].keys() != _names(request):
        known[key] = _measure(request, made)
        write_cache(file, known)
    trials = known[key]
    exact = trials["fp32 torch"].seconds
    assert exact is not None, "torch runs every network in float32"
    usable = {name: trial for name, trial in trials.items() if trial.seconds is not None}
    best = min(usable, key=lambda name: usable[name].seconds or 0.0)
    dtype, backend = best.split()
    network = made.get(best) or BACKENDS[backend].make(replace(request, dtype=dtype))
    return Choice(network, dtype, _reason(request.dtype, best, trials), trials[best].difference)


def _names(request: Request) -> set[str]:
    """The number types and backends that are compared."""
    return {"fp32 torch", *(f"{request.dtype} {name}" for name in BACKENDS)}


def _measure(request: Request, made: dict[str, nn.Module]) -> dict[str, Trial]:
    """A trial of each backend; `made` gets the quickest network of all."""
    inputs = request.example()
    exact = replace(request, dtype="fp32")
    first = BACKENDS["torch"].make(exact)
    wanted = _outputs(first, inputs)
    trials = {"fp32 torch": Trial(seconds_of(first, inputs), 0.0, "")}
    best, least = "fp32 torch", trials["fp32 torch"].seconds or 0.0
    made[best] = first
    for name, backend in BACKENDS.items():
        label = f"{request.dtype} {name}"
        if label in trials:
            continue
        obstacle = backend.obstacle(request)
        if not obstacle and backend.slow_to_make(request):
            obstacle = "it takes minutes to prepare, so it is used only where it is asked for"
        if obstacle:
            trials[label] = Trial(None, 0.0, obstacle)
            continue
        try:
            network = backend.make(request)
            difference = max(map(_difference, _outputs(network, inputs), wanted))
        except UnetkitError as error:
            trials[label] = Trial(None, 0.0, error.faults[0].message)
            continue
        if request.dtype == "fp32" and not difference <= _CLOSE:
            trials[label] = Trial(None, difference, f"its output differs by {difference:.1e} of the range")
            continue
        seconds = seconds_of(network, inputs)
        trials[label] = Trial(seconds, difference, "")
        if seconds < least:
            least = seconds
            made.clear()
            made[label] = network
    return trials


def _reason(dtype: str, best: str, trials: dict[str, Trial]) -> str:
    """What was chosen, and how all others compare."""
    exact = trials["fp32 torch"].seconds or 1.0
    words = []
    for name, trial in trials.items():
        number_type, backend = name.split()
        if name == "fp32 torch":
            continue
        took = trial.obstacle if trial.seconds is None else f"{trial.seconds / exact:.2f} times as long"
        words.append(f"{number_type} by {backend}: {took}")
    number_type, backend = best.split()
    refused = f"; {dtype} is not quicker here" if number_type != dtype else ""
    return f"{number_type} by {backend}{refused} (beside fp32 by torch, {'; '.join(words)})"


def _outputs(network: nn.Module, inputs: list[Tensor]) -> list[Tensor]:
    with torch.inference_mode():
        found: Any = network(*inputs)
    return [found] if isinstance(found, Tensor) else list(found)


def _difference(found: Tensor, wanted: Tensor) -> float:
    """The largest difference as a share of the range."""
    return float((found - wanted).abs().max()) / max(1e-12, float(wanted.max() - wanted.min()))


def seconds_of(network: nn.Module, inputs: list[Tensor]) -> float:
    """The least time of several calls, after one to warm up, with the memory settings of `predict`."""
    cuda = inputs[0].is_cuda
    marks = [0.0]
    with nullcontext() if cuda else kept_memory(), torch.inference_mode():
        for _ in range(_ROUNDS + 1):
            network(*inputs)
            if cuda:
                torch.cuda.synchronize(inputs[0].device)
            marks.append(time.perf_counter())
    return min(later - earlier for earlier, later in pairwise(marks[1:]))


def _key(request: Request) -> str:
    """What times depend on, besides the machine and the version of torch."""
    device = torch.cuda.get_device_name(request.device) if request.device.type == "cuda" else str(request.device)
    versions = [f"{name} {_version(name)}" for name in ("onnxruntime", "openvino")]
    size = "×".join(map(str, request.size))
    passes = "+".join(request.passes)
    threads = f"{torch.get_num_threads()} threads"
    return ", ".join([request.plan.digest, size, request.dtype, passes, device, threads, *versions])


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"


def _read(values: dict[str, Any]) -> dict[str, Trial]:
    """Trials that were written; raises ValueError or TypeError where they are damaged."""
    return {
        name: Trial(None if seconds is None else float(seconds), float(difference), str(obstacle))
        for name, (seconds, difference, obstacle) in values.items()
    }
