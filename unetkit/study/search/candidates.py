"""The candidates of a search: combinations of values, planned one after another and filtered by limits.

A quantity is planned only where the cheaper ones are within their limits, and combinations that differ in the training
alone share a planned network. Nothing is estimated.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from unetkit.errors import Fault, SpecError, UnetkitError
from unetkit.language.separable import SeparableLoader, SeparateParts
from unetkit.planning import Plan, covering_size, plan
from unetkit.study.matrix.arm_planner import TYPOS
from unetkit.study.matrix.axis import Setting
from unetkit.study.matrix.dataset import check_fitting
from unetkit.study.matrix.network_facts import patch_of, training_memory
from unetkit.study.search.limits import CostLimits
from unetkit.study.search.partwise import BlocksTable, Choice, Counted, PartsTable, SizesOf, reach_of
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
        choice = space.choice(index)
        if choice is None:
            found.excluded += 1
            continue
        try:
            values = planner.counted(index, choice, names, found.outside)
        except UnetkitError as error:
            found.unbuilt += 1
            found.reason = found.reason or "; ".join(fault.message for fault in error.faults)
            continue
        if values is not None:
            found.indices.append(index)
            for name, value in zip(names, values, strict=True):
                found.quantities[name].append(value)
    planner.check(found)
    return found


class _Context(NamedTuple):
    """The training of combinations, and the size of the output for which their multiply-adds are counted."""

    training: Mapping[str, Any]
    size: tuple[int, ...]


_UNBUILT = SpecError(Fault("search-empty", "it cannot be built"))
"""Of a combination that is like an earlier one that cannot be built."""


@dataclass(eq=False)
class _Planner:
    """Plans the networks of combinations; keeps the last, which the next ones may share, and the parts of all."""

    space: SearchSpace
    limits: CostLimits
    built: set[int] = field(default_factory=set)
    typos: dict[int, tuple[Fault, ...]] = field(default_factory=dict)
    last: tuple[tuple[Setting, ...], Plan | UnetkitError] | None = None
    tables: dict[Choice, BlocksTable | None] = field(default_factory=dict)
    layouts: dict[Any, PartsTable] = field(default_factory=dict)
    contexts: dict[Choice, _Context] = field(default_factory=dict)
    explained: bool = False
    """Whether it is known why some combination cannot be built."""

    def __post_init__(self) -> None:
        self.reach = [reach_of(axis) for axis in self.space.axes]
        self.frame = [number for number, one in enumerate(self.reach) if one.frame]
        self.marks = [[id(value) for value in axis.values] for axis in self.space.axes]
        parts = [{one.part for value in axis.values for one in value.settings} for axis in self.space.axes]
        self.others = [number for number, own in enumerate(parts) if own != {"spec"}]

    def counted(self, index: int, choice: Choice, names: list[str], outside: Counter[str]) -> list[int] | None:
        """The quantities of a combination; None where one is outside its limits.

        Raises UnetkitError where it cannot be built.
        """
        marks = [own[place] for own, place in zip(self.marks, choice, strict=True) if place >= 0]
        blocks = self.blocks(index, choice)
        if self.explained and (blocks == "idle" or (blocks == "wrong" and self.built.issuperset(marks))):
            raise _UNBUILT.with_traceback(None)  # which would keep the frames of every time that it is raised
        try:
            if isinstance(blocks, tuple):
                values = self.summed(index, choice, *blocks, names, outside)
            else:
                values = self.values(self.settings(index), names, outside)
        except UnetkitError as error:
            self.explained = True
            self.failed(error, marks)
            raise
        self.built.update(marks)
        return values

    def settings(self, index: int) -> tuple[Setting, ...]:
        """The settings of a combination that is not excluded."""
        candidate = self.space.candidate(index)
        assert candidate is not None, "it was not excluded before"
        return tuple(candidate.settings)

    def blocks(self, index: int, choice: Choice) -> tuple[BlocksTable, Counted] | Literal["unknown", "idle", "wrong"]:
        """The blocks of a combination, where its parts can be told apart, or why it cannot be built.

        That is a value without effect, or something wrong, which may be a path that does not exist.
        """
        frame = tuple([choice[axis] for axis in self.frame])
        table = self.tables.get(frame)
        if table is None and frame in self.tables:
            return "unknown"
        parts = None if table is None else table.table.parts_of(choice)
        if parts is None:
            try:
                base = self.space.base
                read = SeparableLoader(base.document(self.settings(index))).separate(base.name)
            except UnetkitError:
                return "unknown"
            if table is None and (read is None or read.spec is not None):
                table = self.tables[frame] = read and BlocksTable(read, self.layout(read, choice))
            if table is None or read is None:
                return "unknown"
            table.table.keep(read, choice)
            parts = table.table.parts_of(choice)
        assert table is not None, "its parts are known"
        counted = table.counted(parts) if parts else None
        return (table, counted) if counted else "wrong" if parts else "idle"

    def layout(self, read: SeparateParts, choice: Choice) -> PartsTable:
        """The table of the parts of a network, which networks of other channels share."""
        own = tuple([choice[axis] for axis in self.frame if not self.reach[axis].channels])
        positions = tuple([(*one.position[:4], *one[1:]) for one in read.layout.placements])
        key = own, read.levels, read.layout.outputs, positions
        if key not in self.layouts:
            self.layouts[key] = PartsTable(read, self.reach)
        return self.layouts[key]

    def summed(
        self,
        index: int,
        choice: Choice,
        table: BlocksTable,
        counted: Counted,
        names: list[str],
        outside: Counter[str],
    ) -> list[int] | None:
        """The quantities of a network whose blocks are known; None where one is outside its limits."""
        context = self.context(index, choice, table)
        values: list[int] = []
        sizes: SizesOf | None = None
        for name in names:
            if name == "parameters":
                value = counted.parameters
            elif name == "memory":
                value = quantity(self.network(self.settings(index)), name, context.training, self.limits)
            else:
                sizes = sizes or table.sizes_of(counted.blocks, lambda: self.receptive_field(index))
                value = sizes.receptive_field
                if name == "macs":
                    value = table.macs(
                        counted.blocks, sizes.at(context.size, lambda: self.network(self.settings(index)))
                    )
            if not self.limits.within(name, value):
                outside[name] += 1
                return None
            values.append(value)
        return values

    def receptive_field(self, index: int) -> int:
        """The receptive field of a combination."""
        return quantity(self.network(self.settings(index)), "receptive_field", {}, self.limits)

    def context(self, index: int, choice: Choice, table: BlocksTable) -> _Context:
        """The training of a combination, and the size for which multiply-adds are counted; checks that the data fit."""
        key = tuple([choice[axis] for axis in (*self.frame, *self.others)])
        found = self.contexts.get(key)
        if found is None:
            settings = self.settings(index)
            training = self.space.base.part("training", settings)
            check_fitting(table.spec, self.space.base.part("data", settings), training.get("targets", {}), "")
            found = self.contexts[key] = _Context(training, limit_size(table.spec.dims, training, self.limits))
        return found

    def values(self, settings: tuple[Setting, ...], names: list[str], outside: Counter[str]) -> list[int] | None:
        """The quantities of a combination, planned as a whole; None where one is outside its limits."""
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
            raise made.with_traceback(None)
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
