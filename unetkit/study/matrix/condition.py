"""Conditions on the values of an arm. A condition is a map of paths and values, not an expression."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from unetkit.document.merge import TreeNode, plain
from unetkit.errors import Fault, SpecError
from unetkit.study.matrix.design import Candidate
from unetkit.wording import value_text

Lookup = Callable[[str], Any]
"""The base's value at a path; None where there is none."""


class PathTest(NamedTuple):
    """A path, or the name of an axis, and the accepted values."""

    name: TreeNode
    accepted: tuple[Any, ...]

    @property
    def path(self) -> str:
        """The path, or the name of the axis."""
        return str(self.name.value)


class Condition(NamedTuple):
    """Tests that must all be met, and their node in the file."""

    tests: tuple[PathTest, ...]
    node: TreeNode

    def holds(self, candidate: Candidate, base: Lookup) -> bool:
        """Whether an arm meets every test; a path that it does not set has the base's value."""
        return all(_is_met(test.accepted, _values_at(candidate, test.path, base)) for test in self.tests)


def condition_of(node: TreeNode) -> Condition:
    """The condition in a map; a list accepts each of its values. Raises SpecError where it is not a condition."""
    if type(node.value) is not dict or not node.value:
        cure = "Write {path: value}, or {path: [one value, another]}."
        fault = Fault("wrong-type", f"{value_text(plain(node))} is no condition", cure=cure, place=node.place())
        raise SpecError(fault)
    tests = []
    for name, leaf in node.value.values():
        value = plain(leaf)
        tests.append(PathTest(name, value if isinstance(value, tuple) else (value,)))
    return Condition(tuple(tests), node)


def _values_at(candidate: Candidate, path: str, base: Lookup) -> tuple[Any, ...]:
    """The values of an arm at a path, or on an axis of that name: the value, and its label where it has one."""
    found: tuple[Any, ...] = ()
    for axis, value in candidate.choices:
        if axis.name == path:
            found = value.label, *(one.value for one in value.settings if one.path == path)
    for one in candidate.settings:
        if one.path == path:
            found = (*found, one.value)
    return found or (base(path),)


def _is_met(accepted: tuple[Any, ...], found: tuple[Any, ...]) -> bool:
    """Whether one of the values found is accepted; a block may be named by its type alone.

    >>> _is_met(("concat",), ({"type": "concat", "align": "pad"},)), _is_met((8,), ("8", 8)), _is_met((8,), (16,))
    (True, True, False)
    """
    return any(
        one == value or (isinstance(one, str) and isinstance(value, dict) and value.get("type") == one)
        for one in accepted
        for value in found
    )


def in_words(condition: Condition) -> str:
    """A condition in words.

    >>> from unetkit.document.text import TextSource, compose_map
    >>> in_words(condition_of(compose_map(TextSource("s", "{skip: none, norm: [batch, group]}"))))
    'skip is none and norm is batch or group'
    """
    return " and ".join(f"{test.path} is {' or '.join(map(value_text, test.accepted))}" for test in condition.tests)
