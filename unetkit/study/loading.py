"""From a study file to a study."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from os import PathLike
from pathlib import Path

from pydantic import ValidationError

from unetkit.errors import Fault, SpecError, UnetkitError
from unetkit.spec import Difference, find_spec
from unetkit.spec.faults import faults_of
from unetkit.study.arm import Arm
from unetkit.study.axis import Axis, Setting, axes_of, entries, settings_of
from unetkit.study.design import BASE, DESIGNS, Candidate, name_of
from unetkit.study.find import find_study
from unetkit.study.frame import StudyFrame
from unetkit.study.recipe import Recipe
from unetkit.study.study import Study
from unetkit.yamlfile import Document, inner, override, read
from unetkit.yamlmerge import Key, Node, plain


def load_study(source: str | PathLike[str], overrides: Iterable[str] = ()) -> Study:
    """Returns the study in a file, or of a shipped name; `overrides` are `path=VALUE`.

    Raises SpecError with everything that is wrong. Arms that cannot be built are no error.

    >>> load_study("alignment").base.name
    'base'
    """
    path = find_study(str(source))
    document = override(read(path, find=find_study), overrides)
    return StudyLoader(document, path).study()


class StudyLoader:
    """Turns a study file into a study; collects all faults on the way."""

    def __init__(self, document: Document, path: Path) -> None:
        self.document = document
        self.path = path
        self.faults: list[Fault] = []

    def study(self) -> Study:
        """Returns the study."""
        frame = self.frame()
        axes, wrong = axes_of(self.document)
        for node, fault in wrong:
            self.fault(fault, node)
        own = self.own_arms()
        self.stop()
        recipe = self.recipe(frame)
        arms = merged(self.arm(recipe, candidate) for candidate in self.candidates(frame, axes, own))
        return Study(frame.name or self.path.stem, frame, arms, 0, self.path, self.document)

    def frame(self) -> StudyFrame:
        """Returns the keys of the file; raises SpecError where some are wrong."""
        try:
            return StudyFrame.model_validate(self.document.values())
        except ValidationError as error:
            for path, fault in faults_of(error, StudyFrame):
                self.faults.append(self.placed(fault, path, key=fault.code == "unknown-key"))
            self.stop()
            raise AssertionError("a frame that is wrong has faults") from error

    def placed(self, fault: Fault, path: tuple[Key, ...], *, key: bool = False) -> Fault:
        """Returns a fault with the path and its place in the file."""
        where = ".".join(map(str, path))
        return Fault(fault.code, fault.message, where, fault.cure, self.document.place(path, key=key))

    def fault(self, fault: Fault, node: Node) -> None:
        """Collects a fault of what stands at a node."""
        self.faults.append(fault.at(node.place()))

    def stop(self) -> None:
        """Raises what was collected."""
        if self.faults:
            raise SpecError(*dict.fromkeys(self.faults))

    def own_arms(self) -> list[Candidate]:
        """Returns the arms that are given one by one."""
        found = []
        for name, node in entries(self.document.root, "arms"):
            settings, wrong = settings_of(node)
            for at, fault in wrong:
                self.fault(fault, at)
            found.append(Candidate(str(name.value), own=settings))
        return found

    def recipe(self, frame: StudyFrame) -> Recipe:
        """Returns the base."""
        root = self.document.root.value
        if frame.base is None:
            self.faults.append(Fault("missing-key", "the key 'base' is missing", cure="Give base: a spec."))
            self.stop()
        _, node = root["base"]
        if type(node.value) is str:
            path = find_spec(node.value, self.path)
            spec, name = read(path, find=find_spec), path.stem
        else:
            spec, name = inner(node, self.path, find=find_spec), "base"
        empty = Node({}, node.source, node.start, node.end)
        data = root["data"][1] if "data" in root else empty
        training = root["training"][1] if "training" in root else empty
        return Recipe(spec, data, training, name)

    def candidates(self, frame: StudyFrame, axes: tuple[Axis, ...], own: list[Candidate]) -> Iterator[Candidate]:
        """Yields the base, what the design makes of the axes, and the arms that are given one by one."""
        yield Candidate(BASE)
        for choices in DESIGNS[frame.design](axes):
            yield Candidate(name_of(choices), choices)
        yield from own

    def arm(self, recipe: Recipe, candidate: Candidate) -> Arm:
        """Returns an arm, planned; skipped where it cannot be built."""
        settings = tuple(candidate.settings)
        told = tuple((one.path, one.value) for one in settings)
        made = partial(recipe.values, settings)
        differences = tuple(self.differences(recipe, settings))
        try:
            facts, identity = recipe.planned(settings)
        except UnetkitError as error:
            if not settings:
                raise
            return Arm(candidate.name, told, differences, skipped=str(error), values=made)
        return Arm(candidate.name, told, differences, facts, identity=identity, values=made)

    def differences(self, recipe: Recipe, settings: tuple[Setting, ...]) -> Iterator[Difference]:
        """Yields in what an arm differs from the base, as it was written."""
        root = {"data": plain(recipe.data), "training": plain(recipe.training)} | recipe.spec.values()
        for one in settings:
            old = root
            for part in one.path.split("."):
                old = old.get(part) if isinstance(old, dict) else None
            if old != one.value:
                yield Difference(one.path, old, one.value)


def merged(arms: Iterable[Arm]) -> tuple[Arm, ...]:
    """Returns the arms, those that are the same network with the same training as one with several names."""
    found: dict[str, Arm] = {}
    for arm in arms:
        key = arm.identity or arm.name
        if key not in found:
            found[key] = arm
        elif arm.name not in found[key].names:
            first = found[key]
            found[key] = Arm(
                first.name,
                first.settings,
                first.differences,
                first.facts,
                (*first.also, arm.name),
                first.skipped,
                first.identity,
                first.values,
            )
    return tuple(found.values())
