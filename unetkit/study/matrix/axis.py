"""Axes, their values, and the settings that a value stands for, each with its place in the study file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from unetkit.document.document import Document
from unetkit.document.merge import TreeNode, dotted, plain
from unetkit.errors import Fault, did_you_mean
from unetkit.language.spec_keys import SpecKeys
from unetkit.wording import value_text

_SPEC_KEYS = tuple(key for key in SpecKeys.model_fields if key not in ("unetkit", "name", "description", "paper"))
_RUN_KEYS = ("training", "data")


class Setting:
    """A value at a dotted path, as nodes of the study file.

    `keys` are the parts of the path; `part` is the part of the run that it belongs to: `spec`, `training` or `data`.
    """

    __slots__ = ("keys", "leaf", "name", "part", "path", "value")

    def __init__(self, name: TreeNode, leaf: TreeNode) -> None:
        self.name = name
        self.leaf = leaf
        self.path = str(name.value)
        self.value = plain(leaf)
        self.keys = dotted(name)
        first = str(self.keys[0].value)
        self.part = first if first in _RUN_KEYS else "spec"


class Value(NamedTuple):
    """One value of an axis: its label and its settings."""

    label: str
    settings: tuple[Setting, ...]
    name: TreeNode
    """Its node in the study file."""


@dataclass(frozen=True, eq=False)
class Axis:
    """A dotted path, or a name, and the values that it takes."""

    name: str
    values: tuple[Value, ...]
    node: TreeNode


def is_path(text: str) -> bool:
    """Whether a key is a path into a spec, the data or the training.

    >>> is_path("skip.align"), is_path("training.batch"), is_path("alignment")
    (True, True, False)
    """
    return text.partition(".")[0] in (*_SPEC_KEYS, *_RUN_KEYS)


def _unknown_path(text: str) -> Fault:
    """The fault of a key that is neither a path nor an axis with a name of its own."""
    first, dot, rest = text.partition(".")
    near = did_you_mean(first, [*_SPEC_KEYS, *_RUN_KEYS])
    cure = f"Did you mean: {near.removeprefix('Did you mean: ')[:-1]}{dot}{rest}?" if near.startswith("Did") else near
    return Fault("unknown-path", f"{text!r} leads neither into a spec nor into training or data", cure=cure)


def axes_of(document: Document) -> tuple[tuple[Axis, ...], list[tuple[TreeNode, Fault]]]:
    """The axes of a study file, and their faults."""
    found: list[Axis] = []
    faults: list[tuple[TreeNode, Fault]] = []
    for name, node in entries(document.root, "axes"):
        labelled = type(node.value) is dict
        if not node.value or not (labelled or type(node.value) is tuple):
            message = f"{value_text(plain(node))} gives no values"
            faults.append((node, Fault("wrong-value", message, cure="Give a list, or a map of labels and values.")))
            continue
        if is_path(name.value):
            pairs = node.value.values() if labelled else [(item, item) for item in node.value]
            values = [Value(value_text(plain(label)), (Setting(name, leaf),), label) for label, leaf in pairs]
        elif not labelled:
            cure = _unknown_path(name.value).cure
            message = f"{name.value!r} leads neither into a spec nor into training or data"
            faults.append((name, Fault("unknown-path", message, cure=f"{cure} {_OWN_NAME}".strip())))
            continue
        else:
            values = []
            for label, leaf in node.value.values():
                settings, wrong = settings_of(leaf)
                faults += wrong
                values.append(Value(str(label.value), settings, label))
        found.append(Axis(name.value, tuple(values), name))
    return tuple(found), faults


_OWN_NAME = "An axis with a name of its own has a map: by label, the paths that are set."


def settings_of(node: TreeNode) -> tuple[tuple[Setting, ...], list[tuple[TreeNode, Fault]]]:
    """The settings in a map of dotted paths, and their faults."""
    if type(node.value) is not dict:
        fault = Fault(
            "wrong-type",
            f"{value_text(plain(node))} is no map of paths and values",
            cure="Write {skip.align: pad}, for example.",
        )
        return (), [(node, fault)]
    settings = tuple(Setting(name, leaf) for name, leaf in node.value.values())
    return settings, [(one.name, _unknown_path(one.path)) for one in settings if not is_path(one.path)]


def entries(root: TreeNode, *path: str) -> list[tuple[TreeNode, TreeNode]]:
    """The keys and values of the map at a path; an empty list where there is no map."""
    node = root
    for key in path:
        if type(node.value) is not dict or key not in node.value:
            return []
        node = node.value[key][1]
    return list(node.value.values()) if type(node.value) is dict else []
