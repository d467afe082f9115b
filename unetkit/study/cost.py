"""Estimates of disk space and training time, made before a study runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any

from unetkit.errors import Fault, UnetkitError
from unetkit.study.matrix.arm import Arm
from unetkit.study.study import Study

_BYTES_PER_PARAMETER = 4 * 5
"""The best and the last weights, and a checkpoint of the weights and two moments of the optimiser."""
_BYTES_BESIDE = 200_000
"""Size of the logs, scores and settings of a run."""


@dataclass(frozen=True)
class Cost:
    """Bytes on disk and seconds of training of one run, by arm; None where the time is unknown."""

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
        """Hours of training, one run after another; None unless the time of every arm is known."""
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


def estimate(study: Study, *, steps: int | None = None, max_hours: float | None = None) -> Cost:
    """The cost of a study. Times `steps` training steps of each arm, or a few if `max_hours` needs them.

    Raises UnetkitError if the study takes longer than `max_hours`, or if its time is unknown.
    """
    costs = cost(study)
    if steps is not None or (max_hours is not None and costs.hours is None):
        costs = cost(study, {arm.name: seconds_per_step(arm, steps or _DEFAULT_STEPS) for arm in study.planned})
    if max_hours is not None:
        _check_hours(costs, max_hours)
    return costs


def _check_hours(costs: Cost, most: float) -> None:
    hours = costs.hours
    if hours is None:
        message = "it is not known how long the study takes"
        raise UnetkitError(Fault("unknown-time", message, cure="Give a budget in steps or minutes."))
    if hours > most:
        message = f"{costs.runs:,} runs take about {hours:,.1f} hours one after another, allowed are {most:g}"
        cure = "Use fewer seeds or arms, or a smaller budget."
        raise UnetkitError(Fault("too-long", message, cure=cure))


def cost(study: Study, per_step: Mapping[str, float] | None = None) -> Cost:
    """The cost of a study; `per_step` has the seconds of a training step by arm."""
    arms = study.planned
    return Cost(
        disk={arm.name: disk(arm) for arm in arms},
        seconds={arm.name: seconds(arm, (per_step or {}).get(arm.name)) for arm in arms},
        runs=len(study.runs),
        runs_per_arm=len(study.seeds) * len(study.fractions),
    )


def disk(arm: Arm) -> int:
    """The bytes of a run folder."""
    return _BYTES_BESIDE + _BYTES_PER_PARAMETER * (arm.facts.parameters if arm.facts else 0)


def seconds(arm: Arm, per_step: float | None) -> float | None:
    """The training time of a run; None where it is unknown."""
    training = arm.training
    limits = []
    if (minutes := training.get("minutes")) is not None:
        limits.append(60.0 * minutes)
    if (steps := training.get("steps")) is not None and per_step is not None:
        limits.append(steps * per_step)
    return min(limits, default=None)


_DEFAULT_STEPS = 3


def seconds_per_step(arm: Arm, steps: int) -> float:
    """The median time of `steps` training steps of an arm on random input and one thread, after one warm-up step."""
    import torch  # planning alone needs none

    from unetkit.language import load
    from unetkit.model import build
    from unetkit.train.parts.task import trained_network

    assert arm.facts is not None, "an arm that cannot be built has no steps"
    spec = trained_network(load(arm.values()["spec"]), arm.training.get("deep_supervision", ()))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as each run of a study has
    try:
        model = build(spec, pretrained=False).train()
        optimizer = torch.optim.AdamW(model.parameters())
        batch = arm.training["batch"]
        image = torch.randn(batch, spec.in_channels, *arm.facts.input_size)
        vectors = [torch.zeros(batch, count) for count in spec.vectors.values()]
        taken = []
        for _ in range(steps + 1):
            start = perf_counter()
            optimizer.zero_grad()
            outputs = model(image, *vectors)
            outputs = [outputs] if isinstance(outputs, torch.Tensor) else outputs
            labels = [torch.zeros(batch, *one.shape[2:], dtype=torch.long) for one in outputs]
            torch.autograd.backward([*map(torch.nn.functional.cross_entropy, outputs, labels)])
            optimizer.step()
            taken.append(perf_counter() - start)
    finally:
        torch.set_num_threads(threads)
    return median(taken[1:])
