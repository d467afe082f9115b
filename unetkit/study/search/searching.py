"""A search without training: from a space and limits to a diverse set of networks on the front."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from unetkit.errors import Fault, UnetkitError
from unetkit.language import load, to_text
from unetkit.planning import plan
from unetkit.study.matrix.arm import Arm
from unetkit.study.matrix.arm_planner import ArmPlanner
from unetkit.study.search.candidates import QUANTITIES, Candidates, plan_candidates, quantity
from unetkit.study.search.front import diverse_front, front_of
from unetkit.study.search.limits import CostLimits
from unetkit.study.search.space import SearchSpace


@dataclass(frozen=True)
class SearchOptions:
    """How much is planned, and how much is kept."""

    candidates: int = 100_000
    """Largest number of combinations that are planned; of more, as many are drawn at random."""
    keep: int = 16
    """Largest number of networks that are kept of the front."""
    seed: int = 0
    """Of the random draw."""


@dataclass(frozen=True)
class FoundNetwork:
    """A network on the front: its arm, its quantities by name, and its spec as YAML."""

    arm: Arm
    quantities: dict[str, int]
    spec: str

    def json(self) -> dict[str, Any]:
        """The network as plain values."""
        settings = dict(self.arm.settings)
        return {"name": self.arm.name, "choices": dict(self.arm.choices), "settings": settings, **self.quantities}


@dataclass(frozen=True)
class FoundFront:
    """The result of a search without training."""

    space: SearchSpace
    limits: CostLimits
    candidates: Candidates
    front: int
    """Number of candidates on the front."""
    networks: tuple[FoundNetwork, ...]

    def json(self) -> dict[str, Any]:
        """The result as plain values."""
        return {
            "name": self.space.name,
            "combinations": self.space.size,
            "limits": self.limits.json(),
            "candidates": self.candidates.json(),
            "front": self.front,
            "networks": [one.json() for one in self.networks],
        }


def search_front(
    space: SearchSpace,
    limits: CostLimits,
    options: SearchOptions | None = None,
    progress: Callable[[int], None] = lambda planned: None,
) -> FoundFront:
    """Plans the combinations of a space, and keeps a diverse set of those on the front within the limits.

    Raises UnetkitError where no network is within the limits.
    """
    options = options or SearchOptions()
    found = plan_candidates(space, limits, space.indices(options.candidates, options.seed), progress)
    if not found.indices:
        told = "; ".join(f"{number:,} by {name.replace('_', ' ')}" for name, number in found.outside.most_common())
        message = f"none of {found.planned:,} combinations is within the limits: {told or 'conditions exclude all'}"
        raise UnetkitError(Fault("search-empty", message, cure="Widen the limits, or give the axes further values."))
    networks: dict[str, FoundNetwork] = {}
    planner = ArmPlanner(space.base)
    front = front_of(found)
    for position in diverse_front(space, found, front):
        candidate = space.candidate(found.indices[position])
        assert candidate is not None, "excluded combinations are no candidates"
        arm = planner.arm(candidate)
        if arm.identity not in networks:
            networks[arm.identity] = _network(space, limits, arm)
        if len(networks) == options.keep:
            break
    ordered = sorted(networks.values(), key=lambda one: one.quantities["macs"])
    return FoundFront(space, limits, found, len(front), tuple(ordered))


def _network(space: SearchSpace, limits: CostLimits, arm: Arm) -> FoundNetwork:
    """A network with all its quantities."""
    spec = arm.values()["spec"]
    made = plan(load(spec))
    return FoundNetwork(arm, {name: quantity(made, name, arm.training, limits) for name in QUANTITIES}, to_text(spec))
