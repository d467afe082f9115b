"""The quickest backend on this machine, by a short timing that is remembered."""

from __future__ import annotations

import json
import time
from contextlib import nullcontext, suppress
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from statistics import median
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

_EXACT = "fp32 torch"
"""What the others are compared with."""
_PAIRS, _SECONDS = 5, 1.5
"""Calls of a backend, each beside one of float32 by torch, and the time after which no further pair begins."""
_MARGIN = 0.05
"""The share of time that a backend must save at least: less is within what one timing tells."""
_CLOSE = 1e-3
"""Largest accepted difference of a float32 output, as a share of its range; what exceeds it is not the network."""


class Trial(NamedTuple):
    """What a backend did in a timing: its time, or why it was left out."""

    relative: float | None
    """The time of a call as a share of that of float32 by torch; None where it could not be used."""
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
    file, known = cache_file("backend-times"), {}
    with suppress(OSError, ValueError, TypeError, AttributeError):
        known = {key: _read(value) for key, value in json.loads(file.read_bytes()).items()}
    key = _key(request)
    made: dict[str, nn.Module] = {}
    if key not in known or known[key].keys() != _names(request):
        known[key] = _measure(request, made)
        write_cache(file, known)
    trials = known[key]
    quick = {
        name: trial.relative
        for name, trial in trials.items()
        if trial.relative is not None and trial.relative < 1.0 - _MARGIN
    }
    best = min(quick, key=quick.__getitem__, default=_EXACT)
    dtype, backend = best.split()
    network = made.get(best) or BACKENDS[backend].make(replace(request, dtype=dtype))
    return Choice(network, dtype, _reason(request.dtype, best, trials), trials[best].difference)


def _names(request: Request) -> set[str]:
    """The number types and backends that are compared."""
    return {_EXACT, *(f"{request.dtype} {name}" for name in BACKENDS)}


def _measure(request: Request, made: dict[str, nn.Module]) -> dict[str, Trial]:
    """A trial of each backend; `made` gets the quickest network of all."""
    inputs = request.example()
    first = BACKENDS["torch"].make(replace(request, dtype="fp32"))
    wanted = _outputs(first, inputs)
    trials = {_EXACT: Trial(1.0, 0.0, "")}
    least = 1.0 - _MARGIN
    made[_EXACT] = first
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
        relative = relative_time(network, first, inputs)
        trials[label] = Trial(relative, difference, "")
        if relative < least:
            least = relative
            made.clear()
            made[label] = network
    return trials


def _reason(dtype: str, best: str, trials: dict[str, Trial]) -> str:
    """What was chosen, and how all others compare."""
    words = []
    for name, trial in trials.items():
        number_type, backend = name.split()
        if name == _EXACT:
            continue
        took = trial.obstacle if trial.relative is None else f"{trial.relative:.2f} times as long"
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


def relative_time(network: nn.Module, exact: nn.Module, inputs: list[Tensor]) -> float:
    """The time of a network as a share of that of another, called in turn with the memory settings of `predict`.

    Both have been called before. It is the median of as many pairs as a few seconds allow, one at least.
    """
    cuda = inputs[0].is_cuda
    found: list[float] = []
    with nullcontext() if cuda else kept_memory(), torch.inference_mode():
        end = time.perf_counter() + _SECONDS
        while len(found) < _PAIRS and (not found or time.perf_counter() < end):
            order = (network, exact) if len(found) % 2 else (exact, network)
            seconds = {id(one): _seconds(one, inputs) for one in order}
            found.append(seconds[id(network)] / seconds[id(exact)])
    return median(found)


def _seconds(network: nn.Module, inputs: list[Tensor]) -> float:
    """The time of one call."""
    start = time.perf_counter()
    network(*inputs)
    if inputs[0].is_cuda:
        torch.cuda.synchronize(inputs[0].device)
    return time.perf_counter() - start


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
        name: Trial(None if relative is None else float(relative), float(difference), str(obstacle))
        for name, (relative, difference, obstacle) in values.items()
    }
