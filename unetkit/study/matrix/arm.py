"""What a study compares: arms, and the runs of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from unetkit.spec import Difference
from unetkit.spec.loading import listed


class NetworkFacts(NamedTuple):
    """What the plan knows about an arm before it runs, for one patch of its training."""

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


@dataclass(frozen=True, slots=True)
class Arm:
    """One variant: its name, what it sets, in what it differs from the base, and what the plan knows about it.

    Arms that are the same network, trained in the same way, are one: `also` are its other names. `facts` is None where
    it cannot be built, and `skipped` says why.
    """

    name: str
    settings: tuple[tuple[str, Any], ...] = ()
    """What it sets: dotted paths and plain values, as `--set` takes them."""
    choices: tuple[tuple[str, str], ...] = ()
    """The axes that it leaves the base on, and the label of its value on each."""
    differences: tuple[Difference, ...] = ()
    """The settings that differ from the base's; `old` is None where the base does not say."""
    facts: NetworkFacts | None = None
    also: tuple[str, ...] = ()
    skipped: str = ""
    residual: float | None = None
    """By which share its parameters, or MACs, are above the base's, where its width was chosen to match them."""
    network: str = ""
    """The name of its spec."""
    identity: str = ""
    """SHA-256 of the network, the data and the training, without seed and fraction."""
    training: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """The settings of its training, seed and fraction as the base has them."""
    values: Callable[[], dict[str, Any]] = field(default=dict, repr=False, compare=False)
    """Returns the plain values of its RUN.yaml, seed and fraction as the base has them."""
    memory: Callable[[], int] = field(default=int, repr=False, compare=False)
    """Returns the bytes that its training holds on the CPU at once: activations of a batch, weights, optimiser.

    It takes some milliseconds, which is why many arms are not asked unless somebody wants to know.
    """

    def json(self, *, memory: bool) -> dict[str, Any]:
        """The arm as plain values; with what its training needs of memory, or None."""
        return {
            "name": self.name,
            "also": list(self.also),
            "choices": dict(self.choices),
            "settings": {path: listed(value) for path, value in self.settings},
            "differences": [
                {"path": one.path, "old": listed(one.old), "new": listed(one.new)} for one in self.differences
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
    def run_values(self) -> dict[str, Any]:
        """The plain values of its RUN.yaml, every default filled in."""
        values = self.arm.values()
        return values | {"training": values["training"] | {"seed": self.seed, "fraction": self.fraction}}
