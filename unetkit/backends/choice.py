"""The quickest backend on this machine, by a short timing that is remembered."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

import torch
from torch import nn

from unetkit.backends.apart import trial_apart
from unetkit.backends.available import BACKENDS
from unetkit.backends.backend import Request
from unetkit.backends.trial import Trial, trial
from unetkit.fast.timing import cache_file, write_cache

_EXACT = "fp32 torch"
"""What the others are compared with."""
_WORTHWHILE = 0.95
"""The share of that time below which a backend is quicker: a smaller saving is within what one timing tells."""


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
        known = {
            key: {name: Trial.read(one) for name, one in value.items()}
            for key, value in json.loads(file.read_bytes()).items()
        }
    key, exact = _key(request), None
    if key not in known or known[key].keys() != _names(request):
        exact = BACKENDS["torch"].make(replace(request, dtype="fp32"))
        known[key] = _trials(request, exact)
        write_cache(file, known)
    trials = known[key]
    times = {name: one.relative for name, one in trials.items() if one.relative is not None}
    least = min(times, key=times.__getitem__)
    best = least if times[least] < _WORTHWHILE else _EXACT
    dtype, backend = best.split()
    network = exact if exact is not None and best == _EXACT else BACKENDS[backend].make(replace(request, dtype=dtype))
    return Choice(network, dtype, _reason(request.dtype, best, trials), trials[best].difference)


def _names(request: Request) -> set[str]:
    """The number types and backends that are compared."""
    return {_EXACT, *(f"{request.dtype} {name}" for name in BACKENDS)}


def _trials(request: Request, exact: nn.Module) -> dict[str, Trial]:
    """A trial of each backend; `exact` is the network in float32 by torch."""
    found = {_EXACT: Trial(1.0, 0.0, "")}
    for name, backend in BACKENDS.items():
        label = f"{request.dtype} {name}"
        if label in found:
            continue
        obstacle = backend.obstacle(request)
        if not obstacle and backend.slow_to_make(request):
            obstacle = "it takes minutes to prepare, so it is used only where it is asked for"
        if obstacle:
            found[label] = Trial(None, 0.0, obstacle)
        elif name == "torch":
            found[label] = trial(backend, request, exact)
        else:
            found[label] = trial_apart(name, request)
    return found


def _reason(dtype: str, best: str, trials: dict[str, Trial]) -> str:
    """What was chosen, and how all others compare."""
    words = []
    for name, one in trials.items():
        number_type, backend = name.split()
        if name == _EXACT:
            continue
        took = one.obstacle if one.relative is None else f"{one.relative:.2f} times as long"
        words.append(f"{number_type} by {backend}: {took}")
    number_type, backend = best.split()
    refused = f"; {dtype} is not quicker here" if number_type != dtype else ""
    return f"{number_type} by {backend}{refused} (beside fp32 by torch, {'; '.join(words)})"


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
