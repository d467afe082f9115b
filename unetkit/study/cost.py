"""What a study costs before it runs: disk, and time where the budget, or timed steps, say how long a run takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any

from unetkit.errors import Fault, UnetkitError
from unetkit.study.matrix.arm import Arm
from unetkit.study.study import Study

BYTES_PER_PARAMETER = 4 * 5
"""The best and the last weights, and in the checkpoint the weights again with two moments of the optimiser."""
BYTES_BESIDE = 200_000
"""Logs, scores and settings of a run."""


@dataclass(frozen=True)
class Cost:
    """Bytes on disk, and seconds of training by arm for one run: None where nothing says how long it takes."""

    disk: Mapping[str, int]
    seconds: Mapping[str, float | None]
    runs: int
    runs_per_arm: int

    @property
    def total_disk(self) -> int:
        """Bytes of all runs."""
        return sum(self.disk.values()) * self.runs_per_arm

    @property
    def hours(self) -> float | None:
        """Hours of training, one run after another; None where it is not known for each arm."""
        known = [value for value in self.seconds.values() if value is not None]
        return sum(known) * self.runs_per_arm / 3600 if len(known) == len(self.seconds) else None

    def json(self) -> dict[str, Any]:
        """The cost as plain values."""
        return {
            "runs": self.runs,
            "disk": self.total_disk,
            "hours": self.hours,
            "seconds_per_run": {name: value for name, value in self.seconds.items() if value is not None},
        }


def check_hours(costs: Cost, most: float) -> None:
    """Raises UnetkitError where a study takes longer than so many hours, or nothing says how long."""
    hours = costs.hours
    if hours is None:
        message = "it is not known how long the study takes"
        raise UnetkitError(Fault("unknown-time", message, cure="Give a budget in steps or minutes."))
    if hours > most:
        message = f"{costs.runs:,} runs take about {hours:,.1f} hours one after another, allowed are {most:g}"
        cure = "Use fewer seeds or arms, or a smaller budget."
        raise UnetkitError(Fault("too-long", message, cure=cure))


def cost(study: Study, per_step: Mapping[str, float] | None = None) -> Cost:
    """Returns what a study costs; `per_step` are the seconds of a training step by the name of the arm."""
    arms = study.planned
    return Cost(
        disk={arm.name: disk(arm) for arm in arms},
        seconds={arm.name: seconds(arm, (per_step or {}).get(arm.name)) for arm in arms},
        runs=len(study.runs),
        runs_per_arm=len(study.seeds) * len(study.fractions),
    )


def disk(arm: Arm) -> int:
    """Returns the bytes of a run folder."""
    return BYTES_BESIDE + BYTES_PER_PARAMETER * (arm.facts.parameters if arm.facts else 0)


def seconds(arm: Arm, per_step: float | None) -> float | None:
    """Returns how long a run trains."""
    training = arm.training
    limits = []
    if (minutes := training.get("minutes")) is not None:
        limits.append(60.0 * minutes)
    if (steps := training.get("steps")) is not None and per_step is not None:
        limits.append(steps * per_step)
    return min(limits, default=None)


DEFAULT_STEPS = 3


def seconds_per_step(arm: Arm, steps: int) -> float:
    """Returns the median seconds of so many training steps of an arm, after one that warms up, on one thread."""
    import torch  # planning alone needs none

    from unetkit.model import build
    from unetkit.spec import load

    assert arm.facts is not None, "an arm that cannot be built has no steps"
    spec = load(arm.values()["spec"])
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as each run of a study has
    try:
        model = build(spec).train()
        optimizer = torch.optim.AdamW(model.parameters())
        batch = arm.training["batch"]
        image = torch.randn(batch, spec.in_channels, *arm.facts.input_size)
        labels = torch.zeros(batch, *arm.facts.output_size, dtype=torch.long)
        taken = []
        for _ in range(steps + 1):
            start = perf_counter()
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(image), labels)
            torch.autograd.backward(loss)
            optimizer.step()
            taken.append(perf_counter() - start)
    finally:
        torch.set_num_threads(threads)
    return median(taken[1:])
