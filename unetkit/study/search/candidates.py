"""The candidates of a search: combinations of values, planned one after another and filtered by limits.

A quantity is planned only where the cheaper ones are within their limits, and combinations that differ in the training
alone share a planned network. Nothing is estimated.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from unetkit.errors import Fault, SpecError, UnetkitError
from unetkit.planning import Plan, covering_size, plan
from unetkit.study.matrix.arm_planner import TYPOS
from unetkit.study.matrix.axis import Setting
from unetkit.study.matrix.dataset import check_fitting
from unetkit.study.matrix.network_facts import patch_of, training_memory
from unetkit.study.search.limits import CostLimits
from unetkit.study.search.space import SearchSpace

GLOBAL = 10**9
"""Stands for the receptive field of a network whose outputs depend on the whole image."""
QUANTITIES = ("parameters", "receptive_field", "macs", "memory")
"""In the order in which they are planned."""


@dataclass(eq=False)
class Candidates:
    """The candidates within all limits: their combinations by number, and their quantities by name.

    Memory is planned for all of them only where it is limited.
    """

    indices: array[int] = field(default_factory=lambda: array("q"))
    quantities: dict[str, array[int]] = field(default_factory=dict)
    planned: int = 0
    """Number of combinations that were tried."""
    excluded: int = 0
    """Number of combinations that conditions exclude."""
    unbuilt: int = 0
    """Number of combinations that cannot be built."""
    outside: Counter[str] = field(default_factory=Counter)
    """Number of candidates outside a limit, by the first quantity that is."""
    reason: str = ""
    """Why the first combination that cannot be built cannot."""

    def json(self) -> dict[str, Any]:
        """The numbers of candidates as plain values."""
        return {
            "planned": self.planned,
            "excluded": self.excluded,
            "unbuilt": self.unbuilt,
            "outside": dict(self.outside),
            "within": len(self.indices),
        }


def plan_candidates(
    space: SearchSpace,
    limits: CostLimits,
    indices: Iterator[int],
    progress: Callable[[int], None] = lambda planned: None,
) -> Candidates:
    """Plans combinations and keeps those within the limits.

    Raises SpecError where a value is in no network because its path does not exist, and where nothing can be built.
    """
    names = [name for name in QUANTITIES if name != "memory" or name in limits.by_quantity]
    found = Candidates(quantities={name: array("q") for name in names})
    planner = _Planner(space, limits)
    for index in indices:
        found.planned += 1
        if found.planned % 1000 == 0:
            progress(found.planned)
        candidate = space.candidate(index)
        if candidate is None:
            found.excluded += 1
            continue
        settings, marks = tuple(candidate.settings), [id(value) for _, value in candidate.choices]
        try:
            values = planner.values(settings, names, found.outside)
        except UnetkitError as error:
            found.unbuilt += 1
            found.reason = found.reason or "; ".join(fault.message for fault in error.faults)
            planner.failed(error, marks)
            continue
        planner.built.update(marks)
        if values is not None:
            found.indices.append(index)
            for name, value in zip(names, values, strict=True):
                found.quantities[name].append(value)
    planner.check(found)
    return found


@dataclass(eq=False)
class _Planner:
    """Plans the networks of combinations; keeps the last, which the next ones may share."""

    space: SearchSpace
    limits: CostLimits
    built: set[int] = field(default_factory=set)
    typos: dict[int, tuple[Fault, ...]] = field(default_factory=dict)
    last: tuple[tuple[Setting, ...], Plan | UnetkitError] | None = None

    def values(self, settings: tuple[Setting, ...], names: list[str], outside: Counter[str]) -> list[int] | None:
        """The quantities of a combination; None where one is outside its limits."""
        made = self.network(settings)
        training = self.space.base.part("training", settings)
        check_fitting(made.spec, self.space.base.part("data", settings), training.get("targets", {}), "")
        values = []
        for name in names:
            value = quantity(made, name, training, self.limits)
            if not self.limits.within(name, value):
                outside[name] += 1
                return None
            values.append(value)
        return values

    def network(self, settings: tuple[Setting, ...]) -> Plan:
        """The planned network of a combination; raises UnetkitError where it cannot be built."""
        own = tuple([one for one in settings if one.part == "spec"])
        if self.last is None or self.last[0] != own:
            try:
                self.last = own, plan(self.space.base.loaded(own))
            except UnetkitError as error:
                self.last = own, error
        made = self.last[1]
        if isinstance(made, UnetkitError):
            raise made
        return made

    def failed(self, error: UnetkitError, marks: list[int]) -> None:
        """Notes the values of a combination that cannot be built because a path does not exist."""
        if all(fault.code in TYPOS for fault in error.faults):
            self.typos.update((mark, error.faults) for mark in marks if mark not in self.built)

    def check(self, found: Candidates) -> None:
        """Raises SpecError where a value is in no network because its path does not exist, or where none is built."""
        wrong = [fault for mark, faults in self.typos.items() if mark not in self.built for fault in faults]
        if wrong:
            raise SpecError(*dict.fromkeys(wrong))
        if found.unbuilt and not self.built:
            message = f"none of {found.unbuilt:,} combinations can be built; the first: {found.reason}"
            raise SpecError(Fault("search-empty", message, "axes", "Change the axes or the base."))


def quantity(made: Plan, name: str, training: Mapping[str, Any], limits: CostLimits) -> int:
    """One quantity of a network."""
    if name == "parameters":
        return made.parameters
    if name == "receptive_field":
        return min((GLOBAL if samples is None else samples for samples in made.receptive_field), default=GLOBAL)
    if name == "memory":
        return training_memory(made, training)
    return made.macs(covering_size(made, limit_size(made.dims, training, limits)))


def limit_size(dims: int, training: Mapping[str, Any], limits: CostLimits) -> tuple[int, ...]:
    """The size of the output for which multiply-adds are counted; raises SpecError where it has other axes."""
    if limits.size is None:
        return patch_of(dims, training)
    size = limits.size * dims if len(limits.size) == 1 else limits.size
    if len(size) != dims:
        message = f"the size {'x'.join(map(str, size))} has {len(size)} axes, the network {dims}"
        raise SpecError(Fault("search-limit", message, "--macs", "Give one number, or one for each axis."))
    return size
