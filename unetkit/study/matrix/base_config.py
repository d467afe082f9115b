"""The base configuration, and the spec, plan, facts and RUN.yaml that follow from it with the settings of an arm."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, NamedTuple

from unetkit.document.document import Document
from unetkit.document.merge import TreeNode, assigned, noded, plain
from unetkit.errors import UnetkitError
from unetkit.language import Spec, spec_of, specs_folder
from unetkit.language.spec_keys import SpecKeys
from unetkit.planning import Plan, covering_size, plan
from unetkit.study.matrix.axis import Setting
from unetkit.study.matrix.dataset import check_fitting, data_values, identity
from unetkit.study.matrix.design import Candidate
from unetkit.study.matrix.matching import matched
from unetkit.study.matrix.network_facts import NetworkFacts, network_facts, patch_of, planning_work, training_memory

_Settings = tuple[Setting, ...]

_DEFAULTS = {
    slot: SpecKeys.model_fields[slot].get_default(call_default_factory=True)["type"]
    for slot in ("block", "down", "up", "skip", "norm", "act", "head", "init", "odd_sizes")
}
"""The default type of each slot, to which a parameter belongs that an arm sets where the base names no type."""


class MatchedWidth(NamedTuple):
    """The channels chosen for an arm, by path, and the relative excess of its cost over the base."""

    channels: dict[str, tuple[int, ...]]
    residual: float


class PlannedNetwork(NamedTuple):
    """The facts of an arm's network, and its width where that was matched."""

    facts: NetworkFacts
    match: MatchedWidth | None
    work: int
    """The work of planning it, as `planning_work` estimates it."""


@dataclass(frozen=True, eq=False)
class BaseConfig:
    """The base: its spec, data and training, and the cost to which arms are matched."""

    spec: Document
    data: TreeNode
    training: TreeNode
    name: str
    match: Literal["none", "parameters", "macs"] = "none"
    parts: dict[Any, dict[str, Any]] = field(default_factory=dict, repr=False)
    """Data and training by the settings of arms: data are opened once, not by each arm."""
    taken: dict[tuple[str, ...], None] = field(default_factory=dict, repr=False)
    """What was taken from the files of each folder of data, as lines to be shown."""

    def loaded(self, settings: _Settings) -> Spec:
        """The base's spec with some settings; raises SpecError where it is invalid."""
        return spec_of(self.document(settings), self.name)

    def document(self, settings: _Settings) -> Document:
        """What is written for the base's spec with some settings; raises SpecError where a path leads nowhere."""
        root = self.spec.root
        for one in settings:
            if one.part == "spec":
                first = one.keys[0]
                if len(one.keys) > 1 and first.value not in root.value and first.value in _DEFAULTS:
                    root = assigned(root, one.keys[:1], noded(_DEFAULTS[first.value], first))
                root = assigned(root, one.keys, one.leaf)
        return Document(self.spec.name, root)

    def part(self, key: Literal["data", "training"], settings: _Settings) -> dict[str, Any]:
        """The plain values of the data or the training with some settings. They are shared and must not be changed.

        Raises SpecError where they are invalid.
        """
        own = tuple(one for one in settings if one.part == key)
        if (key, own) not in self.parts:
            node: TreeNode = getattr(self, key)
            if key == "data":
                self.parts[key, own], taken = data_values(node, own, lambda: self.base_plan.dims)
                self.taken.setdefault(taken)
            else:
                for one in own:
                    node = assigned(node, one.keys[1:], one.leaf) if len(one.keys) > 1 else one.leaf
                from unetkit.train.runspec import training_values  # which needs no torch, unlike its neighbours

                self.parts[key, own] = training_values(node, self.base_plan.dims)
        return self.parts[key, own]

    def values(self, settings: _Settings) -> dict[str, Any]:
        """The plain values of an arm's RUN.yaml."""
        parts = {"data": self.part("data", settings), "training": self.part("training", settings)}
        return {"unetkit": 1, "spec": self.loaded(settings).resolve(), **parts}

    def network(self, settings: _Settings) -> PlannedNetwork:
        """The network of an arm; raises UnetkitError where it cannot be built."""
        training, chosen = self.part("training", settings), None
        made = plan(self.loaded(settings))
        check_fitting(made.spec, self.part("data", settings), training.get("targets", {}), self.shipped_name)
        if self.match != "none" and settings:
            chosen = self.chosen(settings, made, training)
            made = plan(self.loaded((*settings, *widened(settings, chosen))))
        return PlannedNetwork(network_facts(made, training), chosen, planning_work(made, matched=chosen is not None))

    def builds(self, candidate: Candidate) -> bool:
        """Whether the network of a candidate can be built."""
        try:
            self.network(tuple(candidate.settings))
        except UnetkitError:
            return False
        return True

    def identity(self, digest: str, settings: _Settings) -> str:
        """The SHA-256 of an arm's network, data and training."""
        values = {"data": identity(self.part("data", settings)), "training": self.part("training", settings)}
        return sha256(f"{digest} {_hashed(values)}".encode()).hexdigest()

    def memory(self, settings: _Settings) -> int:
        """The peak memory of an arm's training in bytes."""
        from unetkit.train.parts.task import trained_network  # which needs no torch, unlike its neighbours

        training = self.part("training", settings)
        network = trained_network(self.loaded(settings), training.get("deep_supervision", ()))
        return training_memory(plan(network), training)

    def chosen(self, settings: _Settings, made: Plan, training: dict[str, Any]) -> MatchedWidth:
        """The width at which the cost of an arm is nearest to that of the base."""
        spec = made.spec
        encoder = () if spec.encoder else spec.channels  # an encoder that is one component has its own
        own = spec.decoder_channels if spec.encoder or spec.decoder_channels != spec.default_decoder_channels else ()

        def by_path(channels: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
            whole = {"channels": channels[: len(encoder)], "decoder.channels": channels[len(encoder) :]}
            return {path: numbers for path, numbers in whole.items() if numbers}

        def cost(channels: tuple[int, ...]) -> int:
            wide = widened(settings, MatchedWidth(by_path(channels), 0))
            return self.cost(plan(self.loaded((*settings, *wide))), training)

        channels, residual = matched((*encoder, *own), self.cost(self.base_plan, training), cost)
        return MatchedWidth(by_path(channels), residual)

    def cost(self, made: Plan, training: dict[str, Any]) -> int:
        """The cost to be matched: the parameters of a network, or its MACs for one patch."""
        if self.match == "parameters":
            return made.parameters
        return made.macs(covering_size(made, patch_of(made.dims, training)))

    @cached_property
    def shipped_name(self) -> str:
        """The name of the base where it is a shipped spec, whose file nobody edits; else ""."""
        return self.name if Path(self.spec.name).resolve().is_relative_to(specs_folder().resolve()) else ""

    @cached_property
    def base_plan(self) -> Plan:
        """The plan of the base."""
        return plan(self.loaded(()))

    @cached_property
    def written(self) -> dict[str, Any]:
        """The base as written in its files."""
        return dict(self.spec.values()) | {"data": plain(self.data), "training": plain(self.training)}

    @cached_property
    def resolved(self) -> dict[str, Any]:
        """The base's spec with every default filled in."""
        return self.base_plan.spec.resolve()

    def value_at(self, path: str) -> Any:
        """The base's value at a dotted path, or the default; None where there is neither."""
        sources = self.written, self.resolved, _DEFAULTS
        return next((value for values in sources if (value := at(values, path)) is not None), None)


def widened(settings: _Settings, chosen: MatchedWidth) -> _Settings:
    """The settings of a matched width, located at the last setting of the arm."""
    like = settings[-1].name
    return tuple(Setting(noded(path, like), noded(value, like)) for path, value in chosen.channels.items())


def at(values: dict[str, Any], path: str) -> Any:
    """The value at a dotted path; None where there is none. A block given by its name alone has that name as its type.

    >>> at({"skip": {"align": "pad"}, "up": "interpolate"}, "up.type")
    'interpolate'
    """
    value: Any = values
    for part in path.split("."):
        if part == "type" and isinstance(value, str):
            return value
        value = value.get(part, value.get(int(part)) if part.isdigit() else None) if isinstance(value, dict) else None
    return value


def _hashed(values: Any) -> str:
    """The SHA-256 of plain values, whatever the order of their keys."""
    return sha256(json.dumps(values, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
