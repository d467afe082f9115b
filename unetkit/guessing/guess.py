"""Which shipped specs, with which channels and levels, have the shapes of a checkpoint, and what shapes cannot show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from unetkit.checkpoint import ImportWeightsError, StateDict
from unetkit.checkpoint.faults import fault
from unetkit.checkpoint.layers import ForeignLayer
from unetkit.document.document import read
from unetkit.guessing.fitting import Fit, fit, overrides
from unetkit.guessing.layers import file_layers
from unetkit.language import Spec, find_spec, load, shipped
from unetkit.wording import listed

_MARKS = (
    (("decoder.seg_layers.", "decoder.transpconvs."), "nnunet"),
    (("segmentation_head.", "decoder.blocks."), "smp"),
    (("conv_0.conv_0.", "upcat_", "model.1.submodule."), "monai"),
)
"""Names of layers that tell which program a file is of, and the folder of the specs of its networks."""
_UNSEEN = frozenset({
    "act", "activation", "align", "align_corners", "dilation", "eps", "groups", "head_channels", "heads", "method",
    "momentum", "padding", "padding_mode", "slope", "stride",
})  # fmt: skip
"""Settings that no shape depends on."""
_SHOWN = 6


@dataclass(frozen=True)
class Match:
    """A shipped spec with the shapes of the file: its name, what is changed in it, and layers of the file left over."""

    spec: str
    changes: Mapping[str, Any]
    unused: tuple[str, ...]
    parameters: int

    @property
    def overrides(self) -> list[str]:
        """The changes as they are given to `--set`."""
        return overrides(self.changes)

    def load(self) -> Spec:
        """The spec with its changes."""
        return load(self.spec, self.overrides)

    def yaml(self) -> str:
        """A spec file that extends the shipped one."""
        lines = ["unetkit: 1", f"extends: {self.spec}"]
        for path, value in self.changes.items():
            first, *rest = path.split(".")
            if first != "inputs":
                lines.append(f"{first}: {''.join(f'{{{key}: ' for key in rest)}{value}{'}' * len(rest)}")
        if any(path.startswith("inputs.") for path in self.changes):  # a path into a list is no map of a file
            import yaml

            lines.append(yaml.safe_dump({"inputs": self.load().resolve()["inputs"]}, sort_keys=False).rstrip())
        return "\n".join(lines) + "\n"

    def json(self) -> dict[str, Any]:
        """The match as plain values."""
        return {
            "spec": self.spec,
            "set": self.overrides,
            "parameters": self.parameters,
            "unused": list(self.unused),
        }


@dataclass(frozen=True)
class Guess:
    """The matches for a file, the likeliest first, and the settings of the first that shapes cannot show."""

    file: str
    key: str
    layers: int
    elements: int
    matches: tuple[Match, ...]
    open: Mapping[str, str]

    def json(self) -> dict[str, Any]:
        """The guess as plain values."""
        return {
            "file": self.file,
            "key": self.key,
            "layers": self.layers,
            "elements": self.elements,
            "matches": [match.json() for match in self.matches],
            "open": dict(self.open),
        }


def guess(state: StateDict) -> Guess:
    """The shipped specs with the shapes of a state dict; raises ImportWeightsError if there are none."""
    found = file_layers(state)
    folder = _family(found)
    fits: list[tuple[tuple[Any, ...], str, Fit]] = []
    extended = _extended()
    for name, file in shipped().items():
        fitted = fit(name, found)
        if fitted is not None:
            likeness = -round(fitted.likeness, 2)
            order = (
                file.parent.name != folder,
                len(fitted.changes),
                _is_of_another_family(name, fitted),
                likeness,
                -extended[name],
                name,
            )
            fits.append((order, name, fitted))
    if not fits:
        raise _nothing(state, found)
    fits = _without_repetition(sorted(fits, key=lambda one: one[0]))
    matches = tuple(Match(name, one.changes, one.unused, one.plan.parameters) for _, name, one in fits)
    elements = sum(prod(record.shape) for record in state.tensors.values())
    unseen = dict(_unseen(fits[0][2].plan.spec.resolve()))
    return Guess(str(state.file), state.key, len(found), elements, matches, unseen)


def _extended() -> Counter[str]:
    """How many shipped specs build on another one, by the name of that: it is what they have in common."""
    read_files = ((file, read(file, find=find_spec).files()) for file in shipped().values())
    return Counter(one.stem for file, files in read_files for one in files if one != file)


def _is_of_another_family(name: str, fitted: Fit) -> bool:
    """Whether a fit has an encoder of another family than that of its spec, as DenseNet is to ResNet."""
    if "encoder" not in fitted.changes:
        return False
    return type(load(name).encoder).__module__ != type(fitted.plan.spec.encoder).__module__


def _without_repetition(fits: list[tuple[tuple[Any, ...], str, Fit]]) -> list[tuple[tuple[Any, ...], str, Fit]]:
    """The fits without those that are an earlier one's network by another encoder in place of their own."""
    kept: list[tuple[tuple[Any, ...], str, Fit]] = []
    for fitted in fits:
        other = "encoder" in fitted[2].changes
        if not (other and any(fitted[2].plan.digest == one[2].plan.digest for one in kept)):
            kept.append(fitted)
    return kept


def _family(found: list[ForeignLayer]) -> str:
    """The folder of the specs of the program that a file is of; empty where its names do not tell."""
    names = [layer.name for layer in found]
    for marks, folder in _MARKS:
        if any(name.removeprefix("module.").startswith(marks) for name in names):
            return folder
    return ""


def _nothing(state: StateDict, found: list[ForeignLayer]) -> ImportWeightsError:
    """The error for a file whose shapes no shipped spec has."""
    message = f"{state.file}: no shipped spec has the shapes of these {len(found)} layers, with any channels and levels"
    lines = [str(layer) for layer in found[:_SHOWN]]
    if len(found) > _SHOWN:
        lines.append(f"and {len(found) - _SHOWN} more")
    others = (
        f" The file has further weights: --key {listed(list(state.others), 3, last=' or ')}." if state.others else ""
    )
    return fault("weights-unknown-network", message, f"Write its spec: docs/language.md.{others}", lines)


def _unseen(values: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yields the settings of a resolved spec that shapes do not show, with their values as text."""
    if isinstance(values, list):
        for number, value in enumerate(values):
            yield from _unseen(value, f"{path}.{number}")
    if not isinstance(values, dict):
        return
    for name, value in values.items():
        inner = f"{path}.{name}" if path else str(name)
        if name in _UNSEEN and not (isinstance(value, dict) and value.get("type") in ("identity", "none")):
            yield inner, str(value.get("type", value) if isinstance(value, dict) else value)
        elif name == "down" and isinstance(value, dict) and str(value.get("type", "")).endswith("pool"):
            yield inner, str(value["type"])
        yield from _unseen(value, inner)
