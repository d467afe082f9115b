"""The design matrix: expands axes into candidates and applies the conditions `when` and `exclude`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from unetkit.document.merge import TreeNode
from unetkit.errors import Fault, did_you_mean
from unetkit.study.matrix.axis import Axis, is_path
from unetkit.study.matrix.condition import Condition, Lookup, in_words
from unetkit.study.matrix.design import BASE, DESIGNS, MAX_ARMS, Candidate, Choices, count, name_of


@dataclass(eq=False)
class DesignMatrix:
    """The candidates of a study, before any is planned."""

    design: str
    axes: tuple[Axis, ...]
    own: tuple[Candidate, ...]
    """The arms listed under `arms`."""
    when: dict[str, Condition]
    exclude: tuple[Condition, ...]
    base: Lookup
    excluded: int = 0
    """Number of excluded arms, counted while the candidates are iterated."""
    effective: set[int] = field(default_factory=set)
    """Ids of the conditions that excluded an axis or an arm."""

    def faults(self) -> Iterator[tuple[TreeNode, Fault]]:
        """Yields the faults of the design, before it is expanded."""
        lengths = {axis.name: len(axis.values) for axis in self.axes}
        if self.design == "paired" and len(set(lengths.values())) > 1:
            told = ", ".join(f"{name} has {count}" for name, count in lengths.items())
            cure = "Give each axis as many values."
            yield self.axes[0].node, Fault("wrong-length", f"paired axes differ in length: {told}", cure=cure)
        arms = count(self.design, self.axes) + len(self.own)
        if arms > MAX_ARMS and self.axes:
            message = f"this makes {arms:,} arms, a study has at most {MAX_ARMS:,}"
            cure = "Give fewer axes or values, or design: one_at_a_time."
            yield self.axes[0].node, Fault("too-many-arms", message, cure=cure)
        for condition in (*self.when.values(), *self.exclude):
            for test in condition.tests:
                if test.path not in lengths and not is_path(test.path):
                    cure = did_you_mean(test.path, lengths)
                    yield test.name, Fault("unknown-path", f"{test.path!r} is neither an axis nor a path", cure=cure)

    def candidates(self) -> Iterator[Candidate]:
        """Yields the base, the combinations of the design, and the listed arms; each once."""
        yield Candidate(BASE)
        seen = {BASE}
        for choices in DESIGNS[self.design](self.axes):
            applied = self.applied(choices) if self.when else choices
            name = name_of(applied)
            if name not in seen:
                seen.add(name)
                yield from self.kept(Candidate(name, applied))
        for candidate in self.own:
            yield from self.kept(candidate)

    def applied(self, choices: Choices) -> Choices:
        """The choices without the axes whose condition does not hold."""
        while True:
            candidate = Candidate("", choices)
            idle = [axis for axis, _ in choices if axis.name in self.when and not self.holds(axis, candidate)]
            if not idle:
                return choices
            self.effective.update(id(self.when[axis.name]) for axis in idle)
            choices = tuple(pair for pair in choices if pair[0] not in idle)

    def holds(self, axis: Axis, candidate: Candidate) -> bool:
        """Whether the condition of an axis holds."""
        return self.when[axis.name].holds(candidate, self.base)

    def kept(self, candidate: Candidate) -> Iterator[Candidate]:
        """Yields a candidate unless a condition excludes it."""
        reason = next((one for one in self.exclude if one.holds(candidate, self.base)), None)
        if reason is None:
            yield candidate
        else:
            self.excluded += 1
            self.effective.add(id(reason))

    def idle(self, used: set[int]) -> Iterator[tuple[TreeNode, Fault]]:
        """Yields the conditions and values that had no effect; `used` has the ids of the values in arms."""
        for condition in (*self.when.values(), *self.exclude):
            if id(condition) not in self.effective:
                message = f"this has no effect: {in_words(condition)} " + (
                    "in no arm" if condition in self.exclude else "wherever the axis could apply"
                )
                yield condition.node, Fault("no-effect", message, cure="Leave it out.")
        for axis in self.axes:
            for value in axis.values:
                if id(value) not in used:
                    message = f"{axis.name}={value.label} is in no arm: conditions leave out all that have it"
                    yield value.name, Fault("no-effect", message, cure="Change the conditions, or leave it out.")
