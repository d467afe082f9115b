"""The design matrix: expands axes into candidates and applies the conditions `when` and `exclude`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from unetkit.document.merge import TreeNode
from unetkit.errors import Fault, did_you_mean
from unetkit.study.matrix.axis import Axis, is_path
from unetkit.study.matrix.condition import Condition, Lookup, in_words
from unetkit.study.matrix.design import BASE, DESIGNS, MAX_ARMS, Candidate, Choices, count, name_of
from unetkit.study.matrix.fraction import MOST_FACTORS, RESOLUTIONS, TwoLevelFraction, variants


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
    follow_up: tuple[str, ...] = ()
    """The axes on which a fraction is folded over."""
    fraction: TwoLevelFraction | None = None
    """The chosen fraction of a two-level design."""
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
        if self.design in RESOLUTIONS:
            yield from self.fraction_faults()
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

    def fraction_faults(self) -> Iterator[tuple[TreeNode, Fault]]:
        """Yields the faults of a two-level design."""
        for axis in self.axes:
            if len(axis.values) > 2:
                message = f"{axis.name} has {len(axis.values)} values, design: {self.design} compares two"
                yield axis.node, Fault("wrong-length", message, cure="Give two values, or design: full.")
        if len(self.axes) > MOST_FACTORS:
            message = f"there are {len(self.axes)} axes, design: {self.design} has at most {MOST_FACTORS}"
            yield self.axes[0].node, Fault("too-many-arms", message, cure="Give fewer axes.")
        if self.when:
            message = f"when has no effect with design: {self.design}, in which each axis always applies"
            yield next(iter(self.when.values())).node, Fault("no-effect", message, cure="Use exclude, or design: full.")

    def fractioned(self, levels: tuple[int, ...]) -> Choices:
        """The values at the levels of a two-level design; an axis with one value has the base's as its first level."""
        found = []
        for axis, level in zip(self.axes, levels, strict=True):
            place = level + len(axis.values) - 2
            if place >= 0:
                found.append((axis, axis.values[place]))
        return tuple(found)

    def choose_fraction(self, builds: Callable[[Candidate], bool]) -> None:
        """Chooses the first fraction with no combination that cannot be built, or else that with the fewest."""
        known: dict[tuple[int, ...], bool] = {}

        def lost(fraction: TwoLevelFraction) -> int:
            for levels in fraction.points:
                if levels not in known:
                    candidate = Candidate("", self.fractioned(levels))
                    reasons = [id(one) for one in self.exclude if one.holds(candidate, self.base)]
                    self.effective.update(reasons)
                    known[levels] = not reasons and builds(candidate)
            return sum(not known[levels] for levels in fraction.points)

        names = [axis.name for axis in self.axes]
        folded = tuple(names.index(name) for name in self.follow_up)
        best: tuple[int, TwoLevelFraction] | None = None
        for fraction in variants(len(self.axes), RESOLUTIONS[self.design]):
            number = lost(fraction)
            if best is None or number < best[0]:
                best = number, fraction
            if number == 0:
                break
        assert best is not None, "there is a fraction for any number of axes"
        self.fraction = replace(best[1], folded=folded)

    def combinations(self) -> Iterator[Choices]:
        """Yields the combinations of the design."""
        if self.fraction is None:
            return DESIGNS[self.design](self.axes)
        return map(self.fractioned, self.fraction.points)

    def candidates(self) -> Iterator[Candidate]:
        """Yields the base, the combinations of the design, and the listed arms; each once."""
        yield Candidate(BASE)
        seen = {BASE}
        for choices in self.combinations():
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

    def factors(self) -> dict[str, Any] | None:
        """The factors of a full or two-level design as plain values: their levels, those of each arm, and aliases.

        None where axes do not combine. An arm has a level of every axis, or is not listed.
        """
        if self.design not in ("full", *RESOLUTIONS) or len(self.axes) < 2 or self.when:
            return None
        points = {}
        for choices in self.combinations():
            chosen = {axis.name: value.label for axis, value in choices}
            points[name_of(choices)] = [chosen.get(axis.name, BASE) for axis in self.axes]
        aliases = self.fraction.aliases() if self.fraction else []
        return {
            "axes": {
                axis.name: list(dict.fromkeys(each[k] for each in points.values())) for k, axis in enumerate(self.axes)
            },
            "data": [axis.name for axis in self.axes if _sets_data(axis)],
            "points": points,
            "resolution": self.fraction.resolution if self.fraction else None,
            "aliases": [[[self.axes[k].name for k in pair] for pair in group] for group in aliases],
        }

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


def _sets_data(axis: Axis) -> bool:
    """Whether an axis stands for data sets."""
    return all(one.part == "data" for value in axis.values for one in value.settings)
