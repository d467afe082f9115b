"""What the base says, and what becomes of it with the settings of an arm: spec, plan, facts, RUN.yaml."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any, Literal, NamedTuple

from unetkit.planning import Plan, plan
from unetkit.spec import Spec
from unetkit.spec.loading import Loader
from unetkit.study.arm import Facts
from unetkit.study.axis import RUN_KEYS, Setting
from unetkit.study.facts import covering_size, facts_of, patch_of
from unetkit.study.matching import matched
from unetkit.yamlfile import Document
from unetkit.yamlmerge import Node, assigned, dotted, noded, plain


class Matched(NamedTuple):
    """The width that was chosen for an arm, as settings, and by which share its cost is above the base's."""

    settings: tuple[Setting, ...]
    residual: float


class Planned(NamedTuple):
    """What is known about an arm that can be built."""

    facts: Facts
    training: dict[str, Any]
    identity: str
    match: Matched | None


@dataclass(frozen=True, eq=False)
class Recipe:
    """The base: its spec, its data and its training; and what the widths of arms are chosen for."""

    spec: Document
    data: Node
    training: Node
    name: str
    match: Literal["none", "parameters", "macs"] = "none"

    def loaded(self, settings: Iterable[Setting]) -> Spec:
        """Returns the base's spec with settings; raises SpecError where it is not valid."""
        root = self.spec.root
        for one in settings:
            path = dotted(one.name)
            if path[0].value not in RUN_KEYS:
                root = assigned(root, path, one.leaf)
        document = Document(self.spec.name, root)
        return Loader(document.values(), document).spec(self.name)

    def part(self, key: str, settings: Iterable[Setting]) -> Any:
        """Returns the plain values of the `data` or the `training` with settings."""
        node: Node = getattr(self, key)
        for one in settings:
            first, *rest = dotted(one.name)
            if first.value == key:
                node = assigned(node, tuple(rest), one.leaf) if rest else one.leaf
        return plain(node)

    def values(self, settings: tuple[Setting, ...]) -> dict[str, Any]:
        """Returns the plain values of an arm's RUN.yaml."""
        spec = self.loaded(settings).resolve()
        return {"unetkit": 1, "spec": spec, "data": self.part("data", settings), "training": self.training_of(settings)}

    def training_of(self, settings: tuple[Setting, ...]) -> dict[str, Any]:
        """Returns the settings of an arm's training."""
        return dict(self.part("training", settings))

    def planned(self, settings: tuple[Setting, ...]) -> Planned:
        """Returns what is known about an arm; raises UnetkitError where it cannot be built."""
        made, chosen = plan(self.loaded(settings)), None
        training = self.training_of(settings)
        if self.match != "none" and settings:
            chosen = self.chosen(settings, made, training)
            made = plan(self.loaded((*settings, *chosen.settings)))
        facts = facts_of(made, training)
        identity = {"network": facts.digest, "data": self.part("data", settings), "training": training}
        return Planned(facts, training, hashed(identity), chosen)

    def chosen(self, settings: tuple[Setting, ...], made: Plan, training: dict[str, Any]) -> Matched:
        """Returns the width at which an arm costs what the base does."""
        spec = made.spec
        own = spec.decoder_channels if spec.decoder_channels != spec.channels[:-1] else ()
        wanted = self.wanted(training)

        def widened(channels: tuple[int, ...]) -> tuple[Setting, ...]:
            at = settings[-1].name
            parts = {"channels": channels[: spec.depth], "decoder.channels": channels[spec.depth :]}
            return tuple(Setting(noded(path, at), noded(value, at)) for path, value in parts.items() if value)

        def cost(channels: tuple[int, ...]) -> int:
            return self.cost(plan(self.loaded((*settings, *widened(channels)))), training)

        channels, residual = matched((*spec.channels, *own), wanted, cost)
        return Matched(widened(channels), residual)

    def wanted(self, training: dict[str, Any]) -> int:
        """Returns what the base costs."""
        return self.cost(self.base_plan, training)

    def cost(self, made: Plan, training: dict[str, Any]) -> int:
        """Returns the parameters of a network, or its MACs for one patch: what the arms must agree in."""
        if self.match == "parameters":
            return made.parameters
        return made.at(covering_size(made, patch_of(made, training))).macs

    @cached_property
    def base_plan(self) -> Plan:
        """The plan of the base."""
        return plan(self.loaded(()))

    @cached_property
    def written(self) -> dict[str, Any]:
        """What the base says as it was written."""
        return dict(self.spec.values()) | {"data": plain(self.data), "training": plain(self.training)}

    @cached_property
    def resolved(self) -> dict[str, Any]:
        """What the base says with every default filled in."""
        return self.base_plan.spec.resolve()

    def said(self, path: str) -> Any:
        """Returns what the base says at a dotted path, or its default there; None where there is none."""
        value = at(self.written, path)
        return value if value is not None else at(self.resolved, path)


def at(values: dict[str, Any], path: str) -> Any:
    """Returns the value at a dotted path; None where there is none. A block given by its name has that as its type.

    >>> at({"skip": {"align": "pad"}, "up": "interpolate"}, "up.type")
    'interpolate'
    """
    value: Any = values
    for part in path.split("."):
        if part == "type" and isinstance(value, str):
            return value
        value = value.get(part, value.get(int(part)) if part.isdigit() else None) if isinstance(value, dict) else None
    return value


def hashed(values: Any) -> str:
    """Returns the SHA-256 of plain values, whatever the order of their keys."""
    return sha256(json.dumps(values, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
