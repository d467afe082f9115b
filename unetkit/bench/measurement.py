"""All ways to run a network, measured in turn: one call of each in a round, so that a busy machine slows all alike."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from statistics import median
from typing import Any, NamedTuple

import torch

from unetkit.bench.account import peak_memory
from unetkit.bench.peaks import Peaks, measured_peaks
from unetkit.bench.rivals import RIVALS, check_rival
from unetkit.bench.ways import SLOW, WAYS, Way, Ways
from unetkit.errors import Fault, UnetkitError
from unetkit.host import num_cores, processor_name
from unetkit.planning import Plan, Size
from unetkit.wording import magnitude, megabytes

COLUMNS = (
    *("way", "parameters", "MACs", "time", "relative", "GFLOP/s"),
    *("of direct", "of Winograd", "of bf16", "memory"),
)
"""Of a table of ways. `relative`: the time as a share of eager's, or of a training step's in fp32."""
_LONG = 10
"""Seconds from which times are told in seconds."""
_PACKAGES = ("torch", "onnxruntime", "openvino", "monai", "segmentation-models-pytorch")


@dataclass(frozen=True)
class BenchOptions:
    """What is measured, and how: `only` are the ways, all that are prepared quickly by default."""

    size: Size
    batch: int = 1
    rounds: int = 5
    threads: int = 1
    only: tuple[str, ...] = ()
    against: tuple[str, ...] = ()


class Row(NamedTuple):
    """What was measured of one way; seconds, ratio and memory are None where it is not possible; `note` says why."""

    name: str
    dtype: str
    parameters: int
    macs: int
    seconds: float | None
    """The median of all rounds: time of the processor with one thread, else time that passed."""
    ratio: float | None
    """Time as a share of that of eager, or of a training step in fp32: the median over the rounds."""
    rate: float | None
    """GFLOP/s: two operations for a multiply-add of the direct convolution."""
    intensity: float | None
    """Operations per byte that the network's operations read and write."""
    memory: int | None
    """The peak in bytes, without weights; None for runtimes that keep no account."""
    note: str
    """The reason, or into which tiles or strips the image is cut."""

    def shares(self, peaks: Peaks) -> dict[str, float]:
        """The rate as a share of the peaks of its number type."""
        if self.rate is None:
            return {}
        names = ("bf16",) if self.dtype == "bf16" else ("direct", "winograd", "matmul")
        return {name: self.rate / best for name in names if (best := getattr(peaks, name))}

    def cells(self, peaks: Peaks) -> tuple[str, ...]:
        """What a table says of it, by `COLUMNS`; where it was not possible, the reason stands in the last."""
        if self.seconds is None or self.rate is None:
            return (self.name, *[""] * (len(COLUMNS) - 2), self.note)
        shares = self.shares(peaks)
        return (
            f"{self.name}, {self.note}" if self.note else self.name,
            magnitude(self.parameters),
            magnitude(self.macs),
            f"{self.seconds * 1e3:.0f} ms" if self.seconds < _LONG else f"{self.seconds:.1f} s",
            f"{self.ratio:.2f}" if self.ratio else "-",
            f"{self.rate:.0f}",
            *(f"{shares[name]:.0%}" if name in shares else "-" for name in ("direct", "winograd", "bf16")),
            megabytes(self.memory) if self.memory is not None else "-",
        )


class Bench(NamedTuple):
    """A benchmark of one network on this machine."""

    name: str
    digest: str
    options: BenchOptions
    machine: dict[str, str]
    peaks: Peaks
    rows: tuple[Row, ...]

    def json(self) -> dict[str, Any]:
        """The benchmark as plain values."""
        options = self.options
        return {
            "name": self.name,
            "digest": self.digest,
            "input_size": list(options.size),
            "batch": options.batch,
            "rounds": options.rounds,
            "threads": options.threads,
            "machine": self.machine,
            "peaks": self.peaks._asdict(),
            "ways": [{**row._asdict(), "shares": row.shares(self.peaks)} for row in self.rows],
        }


def bench(plan: Plan, options: BenchOptions, progress: Callable[[str], None] = lambda text: None) -> Bench:
    """Measures a network in several ways, interleaved, with torch's number of threads changed meanwhile.

    Raises UnetkitError for unknown ways, and for networks of others that cannot be had.
    """
    unknown = [name for name in options.only if name not in WAYS]
    if unknown:
        raise UnetkitError(Fault("way", f"there is no way {unknown[0]!r}", cure=f"Known: {', '.join(WAYS)}."))
    for name in options.against:
        check_rival(name, plan.for_inference())
    names = [name for name in WAYS if (name in options.only if options.only else name not in SLOW)]
    before = torch.get_num_threads()
    torch.set_num_threads(options.threads)
    try:
        made, notes = _made(Ways(plan, options.size, options.batch), [*names, *options.against], progress)
        progress("peaks of this machine")
        peaks = measured_peaks(_clock(options))
        times = _interleaved(made, options, progress)
        memory = {name: peak_memory(way.call) if way.accounted else None for name, way in made.items()}
    finally:
        torch.set_num_threads(before)
    rows = []
    for name in [*names, *options.against]:
        if name in made:
            base = times.get("training" if name.startswith("training") else "eager")
            rows.append(_row(made[name], times[name], base, memory[name]))
        else:
            rows.append(Row(name, "fp32", plan.parameters, 0, None, None, None, None, None, notes[name]))
    return Bench(plan.spec.name, plan.digest, options, machine(options.threads), peaks, tuple(rows))


def _made(ways: Ways, names: Sequence[str], progress: Callable[[str], None]) -> tuple[dict[str, Way], dict[str, str]]:
    """The ways by name, and why others are not possible."""
    made: dict[str, Way] = {}
    notes: dict[str, str] = {}
    for name in names:
        progress(f"preparing {name}")
        try:
            made[name] = ways.make(name)
        except UnetkitError as error:
            if name in RIVALS:
                raise
            notes[name] = error.faults[0].message
    return made, notes


def _interleaved(
    made: dict[str, Way], options: BenchOptions, progress: Callable[[str], None]
) -> dict[str, list[float]]:
    """The seconds of each way in each round, after one call to warm up; every other round goes backwards."""
    clock = _clock(options)
    for name, way in made.items():
        progress(f"first call of {name}")
        way.call()
    found: dict[str, list[float]] = {name: [] for name in made}
    for number in range(options.rounds):
        progress(f"round {number + 1} of {options.rounds}")
        for name in list(made)[:: -1 if number % 2 else 1]:
            start = clock()
            made[name].call()
            found[name].append(clock() - start)
    return found


def _clock(options: BenchOptions) -> Callable[[], float]:
    """With one thread the time of the processor, to which other programs add little; else the time that passes."""
    return time.process_time if options.threads == 1 else time.perf_counter


def _row(way: Way, seconds: list[float], base: list[float] | None, memory: int | None) -> Row:
    taken = median(seconds)
    ratio = median(own / other for own, other in zip(seconds, base, strict=True)) if base else None
    intensity = 2 * way.macs / way.traffic if way.traffic else None
    rate, note = 2e-9 * way.macs / taken, way.note
    return Row(way.name, way.dtype, way.parameters, way.macs, taken, ratio, rate, intensity, memory, note)


def machine(threads: int) -> dict[str, str]:
    """The processor, and the versions of what computes."""
    found = {
        "processor": processor_name(),
        "threads": f"{threads} of {num_cores()}",
        "Python": platform.python_version(),
    }
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
