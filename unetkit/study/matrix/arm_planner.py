"""Plans candidates as arms, and merges those that are equal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from unetkit.errors import Fault, SpecError, UnetkitError
from unetkit.language import Difference
from unetkit.study.matrix.arm import Arm
from unetkit.study.matrix.axis import Setting
from unetkit.study.matrix.base_config import BaseConfig, widened
from unetkit.study.matrix.design import Candidate

TYPOS = {"unknown-key", "override-path"}
"""Codes of faults that are errors of the study file, not reasons to skip an arm."""
QUICK_WORK = 800
"""The work (`planning_work`) that takes about a second: 160 networks of five levels, all of different geometry."""


class ArmPlanner:
    """Plans one candidate after another and keeps the arms."""

    def __init__(self, base_config: BaseConfig) -> None:
        self.base_config = base_config
        self.arms: dict[str, Arm] = {}
        self.built: set[int] = set()
        """Ids of the axis values and listed arms that could be built."""
        self.typos: dict[int, tuple[Fault, ...]] = {}
        self.work = 0
        """The work of planning so far, as `planning_work` estimates it."""

    def add(self, candidate: Candidate) -> None:
        """Plans a candidate and adds its arm; raises UnetkitError where the base cannot be built."""
        arm = self.arm(candidate)
        key = arm.identity or arm.name
        first = self.arms.setdefault(key, arm)
        if first is not arm and arm.name not in first.names:
            self.arms[key] = replace(first, also=(*first.also, arm.name))

    def arm(self, candidate: Candidate) -> Arm:
        """The arm of a candidate, marked as skipped where it cannot be built."""
        settings = tuple(candidate.settings)
        marks = [id(value) for _, value in candidate.choices] or [id(candidate)]
        differences = tuple(self.differences(settings))
        choices = tuple((axis.name, value.label) for axis, value in candidate.choices)
        try:
            facts, match, work = self.base_config.network(settings)
        except UnetkitError as error:
            if not settings:
                raise
            self.work += 1
            if all(fault.code in TYPOS for fault in error.faults):
                self.typos.update((mark, error.faults) for mark in marks)
            return Arm(candidate.name, _plain_settings(settings), choices, differences, skipped=reason(error))
        self.work += work
        self.built.update(marks)
        identity, training = (
            self.base_config.identity(facts.digest, settings),
            self.base_config.part("training", settings),
        )
        if match is not None:
            settings = (*settings, *widened(settings, match))
        return Arm(
            candidate.name,
            _plain_settings(settings),
            choices,
            differences,
            facts,
            residual=match and match.residual,
            network=self.base_config.base_plan.spec.name,
            identity=identity,
            training=training,
            values=partial(self.base_config.values, settings),
            memory=partial(self.base_config.memory, settings),
        )

    def differences(self, settings: tuple[Setting, ...]) -> Iterator[Difference]:
        """Yields the differences between an arm and the base, as written in the files."""
        for one in settings:
            old, new = self.base_config.value_at(one.path), one.value
            if isinstance(old, dict) and isinstance(new, str) and old.get("type") != new:
                old = old.get("type")  # another type by its name alone: what the old one's parameters were is no matter
            if old != new:
                yield Difference(one.path, old, new)

    def stop(self) -> None:
        """Raises SpecError where a value is in no arm because its path does not exist."""
        wrong = [fault for mark, faults in self.typos.items() if mark not in self.built for fault in faults]
        if wrong:
            raise SpecError(*dict.fromkeys(wrong))


def _plain_settings(settings: tuple[Setting, ...]) -> tuple[tuple[str, Any], ...]:
    """Settings as paths and plain values."""
    return tuple((one.path, one.value) for one in settings)


def reason(error: UnetkitError) -> str:
    """Why an arm cannot be built, in one line."""
    return "; ".join(f"{fault.path}: {fault.message}" if fault.path else fault.message for fault in error.faults)
