"""The space of a search: a study file whose axes combine freely, however many combinations there are."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import prod
from os import PathLike
from pathlib import Path

from unetkit.errors import Fault, UnetkitError
from unetkit.planning import plan
from unetkit.study.find import find_study
from unetkit.study.loading import StudyLoader
from unetkit.study.matrix.axis import Axis
from unetkit.study.matrix.base_config import BaseConfig
from unetkit.study.matrix.design import Candidate, name_of
from unetkit.study.matrix.design_matrix import DesignMatrix
from unetkit.study.study_keys import StudyKeys

_REFUSED = {
    "design": "a search combines all values of all axes",
    "arms": "a search has axes and no single arms",
    "match": "a search is limited by --parameters or --macs",
    "fractions": "a search trains on all training images",
}
"""Keys of a study that a search does not read, and why."""


@dataclass(eq=False)
class SearchSpace:
    """The base, the axes and the conditions; `size` is the number of combinations of all values."""

    name: str
    keys: StudyKeys
    base: BaseConfig
    matrix: DesignMatrix
    path: Path
    files: tuple[Path, ...]

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The axes."""
        return self.matrix.axes

    @property
    def size(self) -> int:
        """The number of combinations, before conditions."""
        return prod(len(axis.values) for axis in self.axes)

    @cached_property
    def decoded(self) -> tuple[int, ...]:
        """The order in which axes are decoded: what changes sizes first, the training last.

        Neighbours then share a planned network, or its sizes and receptive field, which take longest to plan.
        """
        return tuple(sorted(range(len(self.axes)), key=lambda axis: self._reach(self.axes[axis])))

    def _reach(self, axis: Axis) -> int:
        """0 where an axis changes sizes, 1 where it changes only the network, 2 where it changes only the training."""
        if all(one.part == "training" for value in axis.values for one in value.settings):
            return 2
        try:
            made = [plan(self.base.loaded(value.settings)).spatial for value in axis.values]
        except UnetkitError:
            return 0
        return int(all(graph == self.base.base_plan.spatial for graph in made))

    def places(self, index: int) -> list[int]:
        """For each axis, which of its values the combination with a number has; the last decoded varies fastest."""
        places = [0] * len(self.axes)
        for axis in reversed(self.decoded):
            index, places[axis] = divmod(index, len(self.axes[axis].values))
        return places

    def indices(self, most: int, seed: int) -> Iterator[int]:
        """Yields all combinations as numbers below `size`; of more than `most`, as many drawn without repetition."""
        if self.size <= most:
            return iter(range(self.size))
        return iter(sorted(random.Random(seed).sample(range(self.size), most)))

    def choice(self, index: int) -> tuple[int, ...] | None:
        """For each axis which of its values a combination has, -1 where it does not apply; None where excluded."""
        if not (self.matrix.when or self.matrix.exclude):
            return tuple(self.places(index))
        candidate = self.candidate(index)
        if candidate is None:
            return None
        chosen = {axis.name: axis.values.index(value) for axis, value in candidate.choices}
        return tuple([chosen.get(axis.name, -1) for axis in self.axes])

    def candidate(self, index: int) -> Candidate | None:
        """The candidate of a combination; None where a condition excludes it."""
        choices = tuple((axis, axis.values[place]) for axis, place in zip(self.axes, self.places(index), strict=True))
        if self.matrix.when:
            choices = self.matrix.applied(choices)
        candidate = Candidate(name_of(choices), choices)
        return next(self.matrix.kept(candidate), None)


class SpaceLoader(StudyLoader):
    """Reads the file of a search."""

    def space(self) -> SearchSpace:
        """The space; raises SpecError with all faults of the file."""
        keys = self.study_keys()
        for key, reason in _REFUSED.items():
            if key in keys.model_fields_set:
                self.no_effect(f": {reason}", key)
        if not keys.axes:
            self.fault(Fault("missing-key", "the key 'axes' is missing", cure="Give axes: what may vary."))
        self.raise_faults()
        name = self.name(keys)
        base_config, matrix = self.design_matrix(keys.model_copy(update={"design": "one_at_a_time"}))
        base_config.base_plan  # noqa: B018 - its faults are those of the whole search
        return SearchSpace(name, keys, base_config, matrix, self.path, tuple(self.document.files()))


def load_space(source: str | PathLike[str], overrides: tuple[str, ...] = ()) -> SearchSpace:
    """The space in a file; raises SpecError with all its faults."""
    return SpaceLoader(find_study(str(source)), overrides).space()
