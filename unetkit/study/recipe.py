"""What the base says, and what becomes of it with the settings of an arm: spec, plan, facts, RUN.yaml."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from unetkit.planning import Plan, plan
from unetkit.planning.memory import OPTIMIZER_COPIES, training_bytes
from unetkit.spec import Spec
from unetkit.spec.loading import Loader
from unetkit.study.arm import Facts
from unetkit.study.axis import RUN_KEYS, Setting
from unetkit.yamlfile import Document
from unetkit.yamlmerge import Node, assigned, dotted, plain

PATCH = {1: 2048, 2: 128, 3: 48}
"""Samples of the output per axis of a patch, by dims."""


@dataclass(frozen=True, eq=False)
class Recipe:
    """The base: its spec, its data and its training, as documents."""

    spec: Document
    data: Node
    training: Node
    name: str

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
        values: dict[str, Any] = self.part("training", settings)
        return values

    def planned(self, settings: tuple[Setting, ...]) -> tuple[Facts, str]:
        """Returns the facts of an arm and its identity; raises UnetkitError where it cannot be built."""
        made = plan(self.loaded(settings))
        training = self.training_of(settings)
        facts = facts_of(made, training)
        identity = {"network": facts.digest, "data": self.part("data", settings), "training": training}
        return facts, hashed(identity)


def facts_of(made: Plan, training: dict[str, Any]) -> Facts:
    """Returns the facts of a plan for one patch of the training."""
    patch = training.get("patch") or PATCH[made.dims]
    wanted = (patch,) * made.dims if isinstance(patch, int) else tuple(patch)
    size = covering_size(made, wanted)
    sized = made.at(size)
    weights = made.parameters * 4 * (2 + OPTIMIZER_COPIES["adam"])
    return Facts(
        digest=made.digest,
        parameters=made.parameters,
        macs=sized.macs,
        memory=training_bytes(made, size, batch=training.get("batch", 8)) + weights,
        receptive_field=made.receptive_field,
        input_size=size,
        output_size=sized.output_size,
    )


def covering_size(made: Plan, wanted: tuple[int, ...]) -> tuple[int, ...]:
    """Returns the least fitting input whose output has at least so many samples; raises SizeError where none has."""
    found = list(wanted)
    while True:
        for axis, sizes in enumerate(made.fitting):
            above = sizes.above(found[axis])
            if above is None:
                made.output_size(wanted)  # which says what does not fit
                raise AssertionError("a network that takes a size has one above it")
            found[axis] = above
        output = made.output_size(tuple(found))
        short = [axis for axis in range(made.dims) if output[axis] < wanted[axis]]
        if not short:
            return tuple(found)
        for axis in short:
            found[axis] += wanted[axis] - output[axis]


def hashed(values: Any) -> str:
    """Returns the SHA-256 of plain values, whatever the order of their keys."""
    return sha256(json.dumps(values, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
