"""Arms, the variants that a study compares, and their runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from unetkit.document.merge import as_lists
from unetkit.language import Difference
from unetkit.study.matrix.network_facts import NetworkFacts
from unetkit.study.notebook import arm_html


@dataclass(frozen=True, slots=True)
class Arm:
    """One variant: its name, its settings, its differences from the base, and the facts of its network.

    Candidates with the same network, data and training are one arm: `also` has its other names. `facts` is None where
    the network cannot be built, and `skipped` has the reason.
    """

    name: str
    settings: tuple[tuple[str, Any], ...] = ()
    """Dotted paths and plain values, as `--set` takes them."""
    choices: tuple[tuple[str, str], ...] = ()
    """The axes on which it differs from the base, each with the label of its value."""
    differences: tuple[Difference, ...] = ()
    """The settings that differ from the base; `old` is None where the base has no value."""
    facts: NetworkFacts | None = None
    also: tuple[str, ...] = ()
    skipped: str = ""
    residual: float | None = None
    """Relative excess of its parameters, or MACs, over the base, where its width was matched."""
    network: str = ""
    """The name of its spec."""
    identity: str = ""
    """SHA-256 of the network, the data and the training, without seed and fraction."""
    training: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """Its training settings, with the seed and fraction of the base."""
    values: Callable[[], dict[str, Any]] = field(default=dict, repr=False, compare=False)
    """The plain values of its RUN.yaml, with the seed and fraction of the base."""
    memory: Callable[[], int] = field(default=int, repr=False, compare=False)
    """The peak memory of its training on a CPU in bytes: activations of a batch, weights, optimiser.

    It is computed on demand, because it takes some milliseconds.
    """

    def _repr_html_(self) -> str:
        return arm_html(self)

    def json(self, *, memory: bool) -> dict[str, Any]:
        """The arm as plain values; `memory` is None unless requested."""
        return {
            "name": self.name,
            "also": list(self.also),
            "choices": dict(self.choices),
            "settings": {path: as_lists(value) for path, value in self.settings},
            "differences": [
                {"path": one.path, "old": as_lists(one.old), "new": as_lists(one.new)} for one in self.differences
            ],
            **(self.facts.json() if self.facts else {}),
            "memory": self.memory() if memory and self.facts else None,
            "residual": self.residual,
            "identity": self.identity,
            "skipped": self.skipped,
        }

    @property
    def names(self) -> tuple[str, ...]:
        """All its names."""
        return (self.name, *self.also)


@dataclass(frozen=True, slots=True)
class StudyRun:
    """One arm with one seed on one fraction of the training data. `id` names its folder: equal runs have equal ids."""

    id: str
    arm: Arm
    seed: int
    fraction: float

    @property
    def title(self) -> str:
        """Arm, seed and fraction in words."""
        fraction = f" on {self.fraction:.0%} of the images" if self.fraction < 1 else ""
        return f"{self.arm.name}, seed {self.seed}{fraction}"

    @property
    def run_values(self) -> dict[str, Any]:
        """The plain values of its RUN.yaml, with every default filled in."""
        values = self.arm.values()
        return values | {"training": values["training"] | {"seed": self.seed, "fraction": self.fraction}}
