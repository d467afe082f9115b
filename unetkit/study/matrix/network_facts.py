"""The planned size and cost of an arm's network, for one training patch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from unetkit.errors import Fault, SpecError
from unetkit.planning import Execution, Plan, Size, covering_size, needed_memory, training_fault


class NetworkFacts(NamedTuple):
    """The planned size and cost of an arm's network, for one training patch."""

    digest: str
    parameters: int
    macs: int
    receptive_field: tuple[int | None, ...]
    input_size: tuple[int, ...]
    output_size: tuple[int, ...]

    def json(self) -> dict[str, Any]:
        """The facts as plain values."""
        values = self._asdict()
        return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}


def network_facts(plan: Plan, training: Mapping[str, Any]) -> NetworkFacts:
    """The facts of a network; raises SpecError or SizeError where it cannot be trained with these settings."""
    size = covering_size(plan, patch_of(plan.dims, training))
    if training.get("batch") == 1 and (rule := training_fault(plan, size, 1)):
        cure = "Take a larger training.patch, or training.batch=2."
        raise SpecError(Fault("size-too-small", rule, "training.patch", cure))
    return NetworkFacts(
        plan.digest, plan.parameters, plan.macs(size), plan.receptive_field, size, plan.output_size(size)
    )


def training_memory(plan: Plan, training: Mapping[str, Any]) -> int:
    """The peak memory of training on one CPU thread in bytes: activations of a batch, weights, optimiser."""
    size = covering_size(plan, patch_of(plan.dims, training))
    needed = needed_memory(plan, size, Execution(training["batch"], threads=1, channels_last=plan.channels_last))
    return needed.training + needed.weights + needed.gradients + needed.optimizer


def planning_work(plan: Plan, *, matched: bool) -> int:
    """An estimate of the work of planning a network: 5 for five levels with strides of 2, about 10 ms at the most.

    The receptive field is computed for each remainder of a size, up to a bound; a matched width takes further plans.
    """
    phases = min(max(sizes.period for sizes in plan.preferred_sizes), 512) + 20
    return max(1, plan.spec.depth * phases // 36 + (2 * plan.spec.depth if matched else 0))


def patch_of(dims: int, training: Mapping[str, Any]) -> Size:
    """The smallest output size of a training patch."""
    from unetkit.train.run_keys import PATCH  # which needs no torch, unlike its neighbours

    patch = training.get("patch") or PATCH[dims]
    return (patch,) * dims if isinstance(patch, int) else tuple(patch)
