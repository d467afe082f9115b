"""A trial of a backend: it is made, its output is compared with that of float32 by torch, and both are timed."""

from __future__ import annotations

import time
from contextlib import nullcontext
from statistics import median
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from unetkit.backends.backend import Backend, Request
from unetkit.errors import UnetkitError
from unetkit.host.allocator import kept_memory

_PAIRS, _SECONDS = 5, 1.5
"""Calls of a backend, each beside one of float32 by torch, and the time after which no further pair begins."""
_CLOSE = 1e-3
"""Largest accepted difference of a float32 output, as a share of its range; what exceeds it is not the network."""


class Trial(NamedTuple):
    """What a backend did: its time, or why it was left out."""

    relative: float | None
    """The time of a call as a share of that of float32 by torch; None where it could not be used."""
    difference: float
    """The largest difference from float32 by torch, as a share of the range of the output."""
    obstacle: str

    @classmethod
    def read(cls, values: Any) -> Trial:
        """A trial that was written; raises ValueError or TypeError where it is damaged."""
        relative, difference, obstacle = values
        return cls(None if relative is None else float(relative), float(difference), str(obstacle))


def trial(backend: Backend, request: Request, exact: nn.Module) -> Trial:
    """The trial of a backend in this process; `exact` is the network in float32 by torch."""
    inputs = request.example()
    try:
        network = backend.make(request)
        difference = max(map(_difference, _outputs(network, inputs), _outputs(exact, inputs)))
    except UnetkitError as error:
        return Trial(None, 0.0, error.faults[0].message)
    if request.dtype == "fp32" and not difference <= _CLOSE:
        return Trial(None, difference, f"its output differs by {difference:.1e} of the range")
    return Trial(relative_time(network, exact, inputs), difference, "")


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
