"""Which convolutions are quicker by Winograd's algorithm on this machine: measured once for each shape, and kept."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from unetkit.fast.convolution import FastConvolution
from unetkit.fast.passes import winograd_nodes
from unetkit.host.allocator import kept_memory
from unetkit.model.interface import CHANNELS_LAST
from unetkit.operations import Layer
from unetkit.operations.fast import is_late
from unetkit.planning import Plan
from unetkit.planning.spatial_graph import Size
from unetkit.writing import write_whole

_LARGEST = {2: 128, 3: 32}
"""Samples per axis of the largest map that is timed, by the number of axes: larger ones behave alike."""
_ROUNDS = 4


class _Shape(NamedTuple):
    """What the time of a convolution depends on."""

    layer: Layer
    channels: tuple[int, ...]
    """Of each part that it reads."""
    size: Size

    def __str__(self) -> str:
        return f"{self.layer} of {self.channels} at {self.size}, {torch.get_num_threads()} threads"


def faster_by_winograd(plan: Plan, size: Size) -> list[int]:
    """The nodes whose convolution is quicker by Winograd's algorithm here, for images of a size.

    Times are kept in the user's cache folder, by processor and version of torch.
    """
    sizes = plan.at(plan.padded_size(size)).sizes
    file = cache_file("winograd")
    known = _read(file)
    found, before = [], len(known)
    for index in winograd_nodes(plan):
        shape = _shape(plan, index, sizes)
        if str(shape) not in known:
            known[str(shape)] = _is_faster(shape)
        if known[str(shape)]:
            found.append(index)
    if len(known) > before:
        write_cache(file, known)
    return found


def write_cache(file: Path, known: Mapping[str, object]) -> None:
    """Keeps what was measured for later calls; what cannot be written is measured again."""
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, json.dumps(known, indent=1).encode())


def _shape(plan: Plan, index: int, sizes: tuple[Size, ...]) -> _Shape:
    node = plan.nodes[index]
    (source,) = node.inputs
    reads = plan.nodes[source]
    late = reads.operation is not None and is_late(reads.operation)
    parts = reads.inputs if late else (source,)
    size = tuple(min(n, _LARGEST[plan.dims]) for n in sizes[source])
    return _Shape(plan.layer(index), tuple(plan.nodes[part].channels for part in parts), size)


def _is_faster(shape: _Shape) -> bool:
    """Whether a convolution is quicker by Winograd's algorithm than torch's own: both called in turn, the least counts.

    With one thread the time of the processor is taken, to which other programs add little.
    """
    name = shape.layer.name.rpartition(".")[2].replace("winograd", "Conv")
    module = getattr(nn, name)(*shape.layer.args, **shape.layer.kwargs)
    fitting = CHANNELS_LAST[len(shape.size)]
    parts = tuple(torch.zeros(1, count, *shape.size).to(memory_format=fitting) for count in shape.channels)
    calls = [FastConvolution.of(module, by_winograd=choice) for choice in (False, True)]
    clock = time.thread_time if torch.get_num_threads() == 1 else time.perf_counter
    with kept_memory(), torch.inference_mode():
        rounds = [[_seconds(call, parts, clock) for call in calls] for _ in range(_ROUNDS)]
    direct, winograd = (min(seconds) for seconds in zip(*rounds, strict=True))
    return bool(winograd < direct)


def _seconds(call: FastConvolution, parts: tuple[Tensor, ...], clock: Callable[[], float]) -> float:
    start = clock()
    call(parts)
    return clock() - start


def cache_file(name: str) -> Path:
    """Where what was measured with this processor and version of torch is kept."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    machine = f"{platform.machine()}-{torch.backends.cpu.get_cpu_capability()}-{os.cpu_count()}"
    return folder / "unetkit" / f"{name}-{machine}-torch-{torch.__version__}.json"


def _read(file: Path) -> dict[str, bool]:
    """Times of earlier calls; none where the file is missing or damaged."""
    with suppress(OSError, ValueError):
        values = json.loads(file.read_bytes())
        if isinstance(values, dict):
            return {key: value for key, value in values.items() if isinstance(value, bool)}
    return {}
