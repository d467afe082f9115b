"""Loads a study file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import NoReturn

from unetkit.document.document import Document, as_map, inner, override, read
from unetkit.document.kinds import expect_kind
from unetkit.document.merge import TreeNode, merge, noded
from unetkit.document.reader import Reader
from unetkit.errors import Fault, FileError, did_you_mean
from unetkit.language import find_spec
from unetkit.study.find import find_run, find_study
from unetkit.study.matrix.arm_planner import QUICK_WORK, ArmPlanner
from unetkit.study.matrix.axis import Axis, axes_of, entries, settings_of
from unetkit.study.matrix.base_config import BaseConfig
from unetkit.study.matrix.condition import Condition, condition_of
from unetkit.study.matrix.design import BASE, Candidate
from unetkit.study.matrix.design_matrix import DesignMatrix
from unetkit.study.matrix.fraction import RESOLUTIONS
from unetkit.study.study import Study
from unetkit.study.study_keys import StudyKeys

_BUDGETS = ("steps", "epochs", "minutes")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def load_study(source: str | PathLike[str], overrides: Iterable[str] = (), *, quick: bool = False) -> Study:
    """Loads a study by path or shipped name; `overrides` are `path=VALUE`.

    Raises SpecError with all faults of the file; with `quick` also where planning takes more than about a second.
    An arm that cannot be built is not a fault: it is skipped.

    >>> load_study("alignment").base.names
    ('base', 'alignment=same')
    """
    path = find_study(str(source))
    return StudyLoader(path, tuple(overrides)).study(quick=quick)


class StudyLoader(Reader):
    """Reads a study file, or a document that would be at the path."""

    def __init__(self, path: Path, overrides: tuple[str, ...] = (), document: Document | None = None) -> None:
        document = document or read(path, find=find_study)
        expect_kind(document, "study")
        super().__init__(override(document, overrides))
        self.path = path
        self.overrides = overrides

    def study(self, *, quick: bool) -> Study:
        """Loads and plans the study."""
        keys = self.study_keys()
        name = self.name(keys)
        base_config, design_matrix = self.design_matrix(keys)
        planner = ArmPlanner(base_config)
        candidates = tuple(design_matrix.candidates())
        for index, candidate in enumerate(candidates):
            planner.add(candidate)
            if quick and planner.work > QUICK_WORK and index + 1 < len(candidates):
                self.stop_quick(index + 1, len(candidates))
        planner.stop()
        self.collect_at(design_matrix.idle({id(value) for candidate in candidates for _, value in candidate.choices}))
        self.raise_faults()
        arms, taken = tuple(planner.arms.values()), tuple(line for lines in base_config.taken for line in lines)
        return Study(
            name,
            keys,
            arms,
            design_matrix.excluded,
            self.path,
            self.document,
            taken,
            self.overrides,
            design_matrix.factors(),
        )

    def stop_quick(self, planned: int, arms: int) -> NoReturn:
        """Raises SpecError: planning all arms takes more than about a second."""
        message = f"this makes {arms:,} arms, and planning the first {planned:,} takes about a second"
        self.fault(Fault("too-many-arms", message, cure="Add --all to plan all of them."), "axes")
        self.stop()

    def design_matrix(self, keys: StudyKeys) -> tuple[BaseConfig, DesignMatrix]:
        """The base configuration and the design matrix."""
        axes = self.axes(keys)
        own = tuple(self.own_arms(axes))
        self.raise_faults()
        base_config = self.base_config(keys)
        when, exclude = self.conditions(axes)
        design_matrix = DesignMatrix(keys.design, axes, own, when, exclude, base_config.value_at, keys.follow_up)
        self.collect_at(design_matrix.faults())
        self.check_follow_up(keys, [axis.name for axis in axes])
        self.raise_faults()
        if keys.design in RESOLUTIONS and axes:
            design_matrix.choose_fraction(base_config.builds)
        return base_config, design_matrix

    def check_follow_up(self, keys: StudyKeys, axes: list[str]) -> None:
        """Collects axes of `follow_up` that do not exist, and one without effect."""
        if "follow_up" in keys.model_fields_set and keys.design != "screening":
            self.no_effect(" without design: screening", "follow_up")
        for number, name in enumerate(keys.follow_up):
            if name not in axes:
                fault = Fault("unknown-axis", f"there is no axis {name!r}", cure=did_you_mean(name, axes))
                self.fault(fault, "follow_up", number)

    def study_keys(self) -> StudyKeys:
        """The keys of the file; raises SpecError where some are wrong."""
        keys = self.read_keys(StudyKeys, self.document.values())
        if keys.group:
            from unetkit.data.splits.split import GroupSplit

            try:
                GroupSplit(by=keys.group).groups(())
            except FileError as error:
                self.fault(replace(error.faults[0], path="group"), "group")
        self.raise_faults()
        return keys

    def collect_at(self, found: Iterable[tuple[TreeNode, Fault]]) -> None:
        """Collects faults at nodes of the file."""
        self.faults += (fault.at(node.place()) for node, fault in found)

    def name(self, keys: StudyKeys) -> str:
        """The name of the study, by default that of its file; it also names a folder."""
        name = keys.name or self.path.stem
        if not NAME.fullmatch(name):
            message = f"{name!r} cannot name a folder"
            self.fault(Fault("wrong-value", message, cure="Use letters, digits, '-', '_' and '.'."), "name")
        return name

    def axes(self, keys: StudyKeys) -> tuple[Axis, ...]:
        """The axes; collects their faults."""
        axes, wrong = axes_of(self.document)
        self.collect_at(wrong)
        if not keys.axes:
            for key in ("design", "when", "exclude"):
                if key in keys.model_fields_set:
                    self.no_effect(" without axes", key)
        return axes

    def own_arms(self, axes: tuple[Axis, ...]) -> Iterator[Candidate]:
        """Yields the arms listed under `arms`; collects the faults of all settings."""
        settings = [one for axis in axes for value in axis.values for one in value.settings]
        for name, node in entries(self.document.root, "arms"):
            own, wrong = settings_of(node)
            self.collect_at(wrong)
            if name.value == BASE:
                self.collect_at(
                    [(name, Fault("wrong-value", "the base is an arm already", cure="Choose another name."))]
                )
            settings += own
            yield Candidate(str(name.value), own=own)
        fixed = self.fixed_by_study()
        self.collect_at((one.name, fixed[one.path]) for one in settings if one.path in fixed)

    def fixed_by_study(self) -> dict[str, Fault]:
        """The faults of setting a path that the study itself sets, by path."""
        root = self.document.root.value
        keys = {"training.seed": "seeds", "training.fraction": "fractions"}
        if "budget" in root:
            keys |= {f"training.{word}": "budget" for word in _BUDGETS}
        if "match" in root and root["match"][1].value != "none":
            keys |= dict.fromkeys(("channels", "channels.base", "channels.growth", "channels.max"), "match")
        return {
            path: Fault("taken", f"{path} is what {key} of the study says", path, f"Leave it, or {key}, out.")
            for path, key in keys.items()
        }

    def conditions(self, axes: tuple[Axis, ...]) -> tuple[dict[str, Condition], tuple[Condition, ...]]:
        """The conditions under `when`, by axis, and those under `exclude`."""
        when = {}
        names = {axis.name for axis in axes}
        for name, node in entries(self.document.root, "when"):
            if name.value not in names:
                fault = Fault("unknown-axis", f"there is no axis {name.value!r}", cure=did_you_mean(name.value, names))
                self.collect_at([(name, fault)])
            when[name.value] = condition_of(node)
        exclude = self.document.root.value.get("exclude")
        return when, tuple(map(condition_of, exclude[1].value)) if exclude else ()

    def base_config(self, keys: StudyKeys) -> BaseConfig:
        """The base configuration; raises SpecError where it is incomplete."""
        own, nothing = self.document.root.value, noded({}, self.document.root)
        run = self.run()
        node = own["base"][1] if "base" in own else run.get("spec")
        if node is None:
            cure = "Give base: the spec that arms are compared with."
            self.fault(Fault("missing-key", "the key 'base' is missing", cure=cure))
            self.stop()
        file = Path(node.source.name)  # which may be the run's
        if type(node.value) is str:
            path = find_spec(node.value, file)
            spec, name = read(path, find=find_spec), path.stem
        else:
            spec, name = inner(node, file, find=find_spec), "base"
        data = own["data"][1] if "data" in own else run.get("data", nothing)
        training = run.get("training", nothing)
        if "training" in own:
            training = merge(training, own["training"][1])
        return BaseConfig(spec, data, self.budgeted(training, keys), name, keys.match)

    def run(self) -> dict[str, TreeNode]:
        """The keys `spec`, `data` and `training` of the run file, or of the map in its place."""
        own = self.document.root.value
        if "run" not in own:
            return {}
        _, node = own["run"]
        if type(node.value) is str:
            node = read(find_run(node.value, self.path)).root
        node = as_map(node)
        known = ("unetkit", "spec", "data", "training")
        for key, (name, _) in node.value.items():
            if key not in known:
                fault = Fault("unknown-key", f"there is no key {key!r} in a run", cure=did_you_mean(key, known))
                self.collect_at([(name, fault)])
        return {key: value for key, (_, value) in node.value.items()}

    def budgeted(self, node: TreeNode, keys: StudyKeys) -> TreeNode:
        """The training settings, with the study's budget in place of their own."""
        if keys.budget is not None:
            budget = self.document.node("budget")
            if len(budget.value) != 1:
                fault = Fault("wrong-value", "a budget is steps, epochs or minutes", cure="Give one of them.")
                self.fault(fault, "budget")
            rest = {key: entry for key, entry in as_map(node).value.items() if key not in _BUDGETS}
            node = merge(TreeNode(rest, node.source, node.start, node.end), budget)
        return node
