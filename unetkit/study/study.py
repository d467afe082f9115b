"""A study: its arms and its runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from unetkit.document.document import Document
from unetkit.study.matrix.arm import Arm, StudyRun
from unetkit.study.notebook import study_html
from unetkit.study.study_keys import SeedRange, StudyKeys

MANY = 1000
"""Largest number of arms whose memory is computed without being requested: it takes milliseconds for each."""


@dataclass(frozen=True)
class Study:
    """A loaded study. The first arm is the base; arms that cannot be built are included and marked as skipped."""

    name: str
    keys: StudyKeys
    arms: tuple[Arm, ...]
    excluded: int = 0
    """Number of combinations that the conditions exclude."""
    path: Path | None = None
    document: Document | None = field(default=None, repr=False, compare=False)
    taken: tuple[str, ...] = field(default=(), repr=False, compare=False)
    """Of data that are folders: what was taken from their files, as lines to be shown."""
    overrides: tuple[str, ...] = field(default=(), repr=False, compare=False)
    factors: dict[str, Any] | None = field(default=None, repr=False, compare=False)
    """Where axes combine: the levels of each, those of each arm, and the interactions that cannot be told apart."""

    @property
    def base(self) -> Arm:
        """The arm that the others are compared with."""
        return self.arms[0]

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of each arm; of a range all that there may be."""
        seeds = self.keys.seeds
        return tuple(range(seeds.at_most)) if isinstance(seeds, SeedRange) else seeds

    @property
    def looks(self) -> tuple[int, ...]:
        """The numbers of seeds at which comparisons are decided; empty with a fixed number of seeds."""
        return self.keys.seeds.looks if isinstance(self.keys.seeds, SeedRange) else ()

    @property
    def error(self) -> float:
        """The probability of calling an arm different where none is."""
        return self.keys.seeds.error if isinstance(self.keys.seeds, SeedRange) else 0.05

    @property
    def fractions(self) -> tuple[float, ...]:
        """The fractions of the training data, ascending."""
        return tuple(sorted(self.keys.fractions)) if self.keys.fractions else (1.0,)

    @property
    def group(self) -> str:
        """The pattern of the test images that belong together: the study's own, or that of the base's group split."""
        split = (self.base.values()["data"] or {}).get("split")
        by_split: str = split["by"] if isinstance(split, dict) and split.get("type") == "group" else ""
        return self.keys.group or by_split

    @property
    def planned(self) -> tuple[Arm, ...]:
        """The arms that can be built."""
        return tuple(arm for arm in self.arms if arm.facts is not None)

    @property
    def skipped(self) -> tuple[Arm, ...]:
        """The arms that cannot be built."""
        return tuple(arm for arm in self.arms if arm.facts is None)

    @cached_property
    def runs(self) -> tuple[StudyRun, ...]:
        """All runs, ordered by seed with the base first, so that an interrupted study is balanced."""
        return tuple(
            StudyRun(run_id(arm.identity, seed, fraction), arm, seed, fraction)
            for seed in self.seeds
            for fraction in self.fractions
            for arm in self.planned
        )

    def _repr_html_(self) -> str:
        return study_html(self)

    def json(self, *, every: bool = False) -> dict[str, Any]:
        """The study as plain values: its settings, every arm, and every run in order.

        With more than MANY arms, their memory is included only where `every` is true.
        """
        memory = every or len(self.planned) <= MANY
        keys = self.keys
        return {
            "unetkit": keys.unetkit,
            "name": self.name,
            "description": keys.description,
            "design": keys.design,
            "match": keys.match,
            "metric": keys.metric,
            "margin": keys.margin,
            "group": self.group,
            "seeds": list(self.seeds),
            "looks": list(self.looks),
            "error": self.error,
            "fractions": list(self.fractions),
            "excluded": self.excluded,
            **({"factors": self.factors} if self.factors else {}),
            "arms": [arm.json(memory=memory) for arm in self.arms],
            "runs": [
                {"id": run.id, "arm": run.arm.name, "seed": run.seed, "fraction": run.fraction} for run in self.runs
            ],
        }


def run_id(identity: str, seed: int, fraction: float) -> str:
    """The id of a run, equal in all studies for the same network, data, training, seed and fraction."""
    return sha256(f"{identity} {seed} {fraction!r}".encode()).hexdigest()[:16]
